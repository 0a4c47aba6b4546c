/**
 * Keeps an index up to date with a folder. Durable: the walk and each batch are steps of one turn, so
 * that a crash costs at most the batch in hand, which is idempotent (D2).
 *
 * A turn's own words leave with its commit (D1). How far it is must be seen before, so it asks
 * another actor to say it: an ask is a step, and leaves at once.
 */

import { actor, type Context, needs } from 'troupe/contract'
import { Ingest, Progress, progressTopic, type Updated } from '../contracts.ts'
import type { Deps } from '../deps.ts'
import {
  addReports,
  contentOf,
  documentsOf,
  ingestBatch,
  removeMissing,
  takeInventory,
} from './ingest.ts'
import type { Folder } from './walk.ts'

const idempotent = { idempotent: true } as const

type Ctx = Pick<Context<never, unknown, Deps>, 'deps' | 'effect' | 'now' | 'ref'>

export const ingest = actor(Ingest, {
  durable: true,
  needs: needs<Deps>(),
  on: { update: (ctx, { folder, index }) => update(ctx, folder, index) },
})

async function update(ctx: Ctx, folder: Folder, path: string): Promise<Updated> {
  // Opened by the steps alone: a turn that is run again has their results and needs no index.
  const index = () => ctx.deps.indexes.writer(path, contentOf(folder))
  const progress = ctx.ref(Progress, path).ask
  const inventory = await ctx.effect('walk', folder, () => takeInventory(folder), idempotent)
  const { batches, files: total } = inventory
  const paths = batches.flat().map((file) => file.path)
  let report = await ctx.effect(
    'forget',
    paths,
    () => removeMissing(index(), inventory),
    idempotent,
  )
  let done = 0
  for (const batch of batches) {
    const now = ctx.now()
    const read = () => ingestBatch(index(), folder.base, batch, now)
    report = addReports(report, await ctx.effect('read', batch, read, idempotent))
    done += batch.length
    await progress.advance({ done, total })
  }
  const documents = await ctx.effect('name', path, () => documentsOf(index()), idempotent)
  return { report, documents }
}

/** Says how far an ingest is. Volatile: what it publishes leaves at once. */
export const progress = actor(Progress, {
  on: {
    advance: (ctx, advance) => ctx.publish(progressTopic, advance),
  },
})
