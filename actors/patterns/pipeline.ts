/**
 * A pipeline: stages whose outputs are kept in the store, each under a key over everything it depends on.
 * The order of the stages is ordinary code in a durable turn; each call of a stage there is a recorded
 * step, so that a turn cut short by a crash goes on at the stage where it was (D2).
 *
 * Owns keys and the way to an entry; an entry is `stage-entry.ts`, its room `stage-shelf.ts`.
 */
import { anObject, checkOptions, type OptionCheck } from '../../mailbox/options.ts'
import type { Encodable } from '../../persistence/encodable-types.ts'
import { type ActorDefinition, type Needs, needs as noNeeds } from '../actor.ts'
import { meterOf } from '../cell/meter-of.ts'
import type { Context } from '../context.ts'
import { canonicalHash } from './canonical.ts'
import { type AnyStage, checkStage } from './stage.ts'
import {
  type EntryContract,
  type EntryMessages,
  entryContract,
  entryKey,
  type ShelfMessages,
  shelfContract,
} from './stage-contracts.ts'
import { entryActor } from './stage-entry.ts'
import { shelfActor } from './stage-shelf.ts'
import { beginStage, endStage } from './stage-span.ts'

/** Whose run it is and of what: part of the keys of all stages but those that say otherwise. */
export interface Basis {
  /** No tenant is given what was made for another. */
  readonly tenant: string
  /** Names the data as it is now: another one whenever it changes. */
  readonly data: string
  /** Whatever else matters to this run. */
  readonly more?: Encodable
}

/** How a call of a stage was answered: `made` by work, or kept and `fresh` or `stale`. */
export interface StageTaken {
  readonly stage: string
  readonly how: 'made' | 'fresh' | 'stale'
}

/** What {@link pipeline} is told. */
export interface PipelineParts<Stages, Deps> {
  /** What stages find in `ctx.deps`. */
  readonly needs?: Needs<Deps>
  /** By names of letters, digits, `_` and `-`. */
  readonly stages: Stages
}

type Run = (ctx: never, input: never) => unknown
type RunOf<S> = S extends { readonly run: infer R extends Run } ? R : never

/** The stages of a run, as functions. */
export type StageCalls<Stages> = {
  readonly [K in keyof Stages]: (
    input: Parameters<RunOf<Stages[K]>>[1],
  ) => Promise<Awaited<ReturnType<RunOf<Stages[K]>>>>
}

/** Made by {@link pipeline}. */
export interface Pipeline<Stages, Deps> {
  /** To be listed among the app's actors. */
  readonly actors: readonly [
    entry: ActorDefinition<EntryMessages, Deps>,
    shelf: ActorDefinition<ShelfMessages>,
  ]
  /**
   * The stages, to be called within a durable turn.
   *
   * @param ctx the turn's
   * @param taken is told how each call was answered
   * @throws OPTION_INVALID
   */
  stages(
    ctx: Pick<Context, 'ref' | 'span'>,
    basis: Basis,
    taken?: (how: StageTaken) => void,
  ): StageCalls<Stages>
}

/**
 * Defines a pipeline: `const kb = pipeline('kb', { stages: { decompose: { version: 1, run } } })`. List
 * `...kb.actors` in the app, and call `kb.stages(ctx, { tenant, data })` within a durable turn.
 *
 * @param name of its actors: `NAME.stage` and `NAME.shelf`
 * @throws OPTION_INVALID, ADDRESS_INVALID
 */
export function pipeline<
  const Stages extends Readonly<Record<string, AnyStage<Deps>>>,
  Deps = unknown,
>(name: string, parts: PipelineParts<Stages, Deps>): Pipeline<Stages, Deps> {
  checkOptions(`pipeline "${name}"`, parts, { needs: anObject, stages: anObject })
  for (const [stage, each] of Object.entries(parts.stages)) checkStage(name, stage, each)
  const entries = entryContract(name)
  const shelves = shelfContract(name)
  const { stages, needs = noNeeds<Deps>() } = parts
  const limits = new Map(
    Object.entries(stages).map(([stage, { maxBytes = 64 * 1024 * 1024 }]) => [stage, maxBytes]),
  )
  return Object.freeze({
    actors: [
      entryActor(entries, shelves, stages, needs),
      shelfActor(shelves, entries, limits),
    ] as const,
    stages(
      ctx: Pick<Context, 'ref' | 'span'>,
      basis: Basis,
      taken: (how: StageTaken) => void = () => {},
    ) {
      checkBasis(basis)
      const calls = Object.entries(stages).map(([stage, spec]) => {
        const call = (input: Encodable): Promise<Encodable> =>
          callStage(
            ctx,
            entries,
            { of: name, name: stage, spec, key: keyOf(name, stage, spec, basis, input) },
            input,
            taken,
          )
        return [stage, call]
      })
      return Object.fromEntries(calls) as StageCalls<Stages>
    },
  })
}

function keyOf(
  pipeline: string,
  stage: string,
  spec: AnyStage<never>,
  basis: Basis,
  input: unknown,
): string {
  const { version, uses, independentOf = [] } = spec
  const { tenant, data, more } = basis
  const all = { pipeline, stage, version, uses, tenant, data, more, input }
  const omitted = Object.fromEntries(independentOf.map((field) => [field, undefined]))
  return canonicalHash({ ...all, ...omitted }, `the input of stage "${stage}"`)
}

interface Called {
  /** The pipeline. */
  readonly of: string
  readonly name: string
  readonly spec: AnyStage<never>
  readonly key: string
}

async function callStage(
  ctx: Pick<Context, 'ref' | 'span'>,
  entries: EntryContract,
  { of, name, spec, key }: Called,
  input: Encodable,
  taken: (how: StageTaken) => void,
): Promise<Encodable> {
  const span = beginStage(ctx.span, of, name)
  const entry = ctx.ref(entries, entryKey(name, key), span)
  const found = await entry.ask.look()
  if (found.how === 'stale') entry.tell.renew({ input })
  const counted = found.how === 'none' ? 'troupe_cache_misses_total' : 'agent_cache_hits_total'
  meterOf(ctx)?.add(counted, 1, `${of}.${name}`)
  taken({ stage: name, how: found.how === 'none' ? 'made' : found.how })
  const output =
    found.how === 'none'
      ? await entry.ask.make({ input }, { within: spec.within ?? 60_000 })
      : found.output
  if (span !== undefined) endStage(span, spec, found.how, output)
  return output
}

/** Both names must be there: a key without its tenant would be everyone's. @throws OPTION_INVALID */
function checkBasis(basis: Basis): void {
  const checks = { tenant: aName, data: aName, more: () => undefined }
  checkOptions('pipeline.stages', basis, checks)
  const { tenant = null, data = null } = basis
  checkOptions('pipeline.stages', { tenant, data }, checks)
}

const aName: OptionCheck = (value) => (typeof value === 'string' ? undefined : 'a text')
