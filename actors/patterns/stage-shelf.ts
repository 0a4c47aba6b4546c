/**
 * How much one stage of a pipeline keeps, as a durable actor: it counts the bytes of its entries and has
 * the oldest forgotten when there is no room. Those are also the next to be out of date, so that looking
 * at an entry need not be recorded.
 *
 * Invariant: `bytes` is the sum over `entries`, which stand in the order in which they were made.
 */
import { type ActorDefinition, actor } from '../actor.ts'
import type { EntryContract, KeptEntry, ShelfContract, ShelfMessages } from './stage-contracts.ts'

/** What an entry costs besides its output. */
const overhead = 512

interface State {
  entries: Map<string, KeptEntry>
  bytes: number
}

/** @param limits most bytes by stage */
export function shelfActor(
  contract: ShelfContract,
  entries: EntryContract,
  limits: ReadonlyMap<string, number>,
): ActorDefinition<ShelfMessages> {
  return actor(contract, {
    durable: true,
    state: (): State => ({ entries: new Map(), bytes: 0 }),
    on: {
      kept(ctx, kept) {
        const { state } = ctx
        const now = ctx.now()
        const limit = limits.get(ctx.self.key) ?? 0
        remove(state, kept.entry)
        state.entries.set(kept.entry, kept)
        state.bytes += kept.bytes + overhead
        for (const oldest of state.entries.values()) {
          const isOver = oldest.until <= now
          if (!isOver && state.bytes <= limit) break
          // One whose time is over has forgotten itself.
          if (!isOver) ctx.ref(entries, oldest.entry).tell.drop({ made: oldest.made })
          remove(state, oldest.entry)
        }
      },
    },
  })
}

function remove(state: State, entry: string): void {
  const kept = state.entries.get(entry)
  if (kept === undefined) return
  state.bytes -= kept.bytes + overhead
  state.entries.delete(entry)
}
