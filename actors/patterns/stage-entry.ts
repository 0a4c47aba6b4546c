/**
 * What one stage of a pipeline made of one input, as a durable actor: its address is the key, so that its
 * mailbox is the single flight, its state the cache and its steps what survives a crash.
 *
 * 1. `make` works for the first who asks; whoever waits behind it gets what was made.
 * 2. What throws leaves nothing: the turn is undone (T3).
 * 3. `look` is a read: it answers with a stale result while `renew` works on the next (T1).
 * 4. It forgets itself when its time is over, or when its shelf has no room (`stage-shelf.ts`).
 */
import type { Encodable } from '../../persistence/encodable-types.ts'
import { type ActorDefinition, actor, type Needs } from '../actor.ts'
import type { Context } from '../context.ts'
import { canonicalText } from './canonical.ts'
import type { AnyStage, StageContext } from './stage.ts'
import {
  type EntryContract,
  type EntryMessages,
  type Look,
  type ShelfContract,
  shelfKey,
} from './stage-contracts.ts'

interface Kept {
  readonly output: Encodable
  /** Wall time in ms, because it outlives the process. */
  readonly made: number
  readonly goodUntil: number
  readonly until: number
}

interface State {
  kept: Kept | null
  /** After a renewal that failed, no other one before. */
  renewFrom: number
}

type Ctx<Deps> = Context<EntryMessages, State, Deps>

/** @param stages by name: the first part of the key says which */
export function entryActor<Deps>(
  contract: EntryContract,
  shelf: ShelfContract,
  stages: Readonly<Record<string, AnyStage<Deps>>>,
  needs: Needs<Deps>,
): ActorDefinition<EntryMessages, Deps> {
  const stageOf = (key: string): AnyStage<Deps> =>
    stages[key.slice(0, key.indexOf('/'))] as AnyStage<Deps>

  async function make(ctx: Ctx<Deps>, input: Encodable): Promise<Encodable> {
    const stage = stageOf(ctx.self.key)
    const output = (await stage.run(ctx as StageContext<Deps>, input)) as Encodable
    keep(ctx, stage, output)
    return output
  }

  function keep(ctx: Ctx<Deps>, stage: AnyStage<Deps>, output: Encodable): void {
    const { ttl = 3_600_000, jitter = 0.1, stale = 0 } = stage
    const made = ctx.now()
    const goodUntil = made + ttl * (1 - jitter * ctx.random())
    const until = goodUntil + stale
    ctx.state.kept = { output, made, goodUntil, until }
    ctx.timer('expire', { after: until - made }, 'expire')
    const bytes = Buffer.byteLength(canonicalText(output, 'the output of a stage'))
    const { key } = ctx.self
    ctx.ref(shelf, shelfKey(key)).tell.kept({ entry: key, bytes, made, until })
  }

  return actor(contract, {
    durable: true,
    needs,
    state: (): State => ({ kept: null, renewFrom: 0 }),
    on: {
      async make(ctx, { input }) {
        const found = look(ctx.state.kept, ctx.now())
        return found.how === 'none' ? await make(ctx, input) : found.output
      },
      async renew(ctx, { input }) {
        const now = ctx.now()
        if (look(ctx.state.kept, now).how === 'fresh' || now < ctx.state.renewFrom) return
        try {
          await make(ctx, input)
        } catch (error) {
          if (ctx.signal.aborted) throw error
          const { ttl = 3_600_000 } = stageOf(ctx.self.key)
          ctx.state.renewFrom = ctx.now() + ttl / 10
          ctx.log.warn('an output could not be renewed; the stale one stays', {
            error: String(error),
          })
        }
      },
      drop(ctx, { made }) {
        if (ctx.state.kept?.made === made) ctx.destroy()
      },
      expire: (ctx) => ctx.destroy(),
    },
    reads: {
      look: (ctx) => look(ctx.state.kept, ctx.now()),
    },
  })
}

function look(kept: Kept | null, now: number): Look {
  if (kept === null || now >= kept.until) return { how: 'none' }
  return { how: now < kept.goodUntil ? 'fresh' : 'stale', output: kept.output }
}
