/**
 * Every actor of a store, with its newest state and what waits for it, as an activation would find
 * it: for whoever looks at all of them. Read-only, beside a writer if there is one; in batches, with a
 * pause after each, so that a million actors are neither in memory together nor hold up a thread.
 */
import { setImmediate } from 'node:timers/promises'
import { Activations } from '../activation.ts'
import type { ActorRow } from '../actor-table.ts'
import type { Chain } from '../chain-walk.ts'
import { noChanges } from '../changes.ts'
import { isDamage } from '../decode.ts'
import { foldState, versionOf } from '../fold.ts'
import type { HistoryReader } from '../history-reader.ts'
import type { Ledger } from '../ledger.ts'
import type { ReadMedium } from '../medium.ts'
import { recover } from '../recovery.ts'
import type { Damage, StoredMessage, StoredSubscription, StoredTimer } from '../stored.ts'
import { firstPage } from '../waiting-messages.ts'

/** An actor as the store has it. */
export interface StoredActor {
  /** `type/key`. */
  readonly actor: string
  /** Absent when nothing was written since its beginning. */
  readonly state?: { readonly value: unknown; readonly version: number }
  /** What its state hangs on and cannot be read. */
  readonly damage?: Damage
  /** All that waits, stashed or not, a page at a time. */
  readonly messages: Iterable<StoredMessage | Damage>
  readonly timers: readonly StoredTimer[]
  readonly subscriptions: readonly StoredSubscription[]
}

export interface StoredActorsOptions {
  readonly signal?: AbortSignal | undefined
  /** Called after each batch. */
  readonly progress?: ((done: number, total: number) => void) | undefined
}

const atOnce = 256

/** @throws STORE_CORRUPT when nobody can tell what waits; the signal's reason when it aborts */
export async function* storedActors(
  history: HistoryReader,
  medium: ReadMedium,
  { signal, progress }: StoredActorsOptions = {},
): AsyncGenerator<StoredActor, void, void> {
  const ledger = recover(medium)
  const activations = new Activations(ledger, medium, history)
  const total = medium.actors(0, Number.MAX_SAFE_INTEGER).length
  let done = 0
  for (let after = 0; ; ) {
    const batch = medium.actors(after, atOnce)
    const last = batch.at(-1)
    if (last === undefined) return
    const ends = batch.map(({ no }) => endOf(ledger, medium, no))
    const chains = history.chains(ends)
    for (const { no, actor } of batch) {
      yield {
        actor,
        ...folded(actor, chains.get(no) ?? { changes: noChanges }),
        messages: waiting(activations, no),
        timers: [...ledger.timers.of(no)].map((timer) => activations.timer(timer)),
        subscriptions: [...ledger.subscriptions.of(no)].map(({ pattern, name, lane }) => ({
          pattern: medium.name(pattern),
          name: medium.name(name),
          lane,
        })),
      }
    }
    after = last.no
    done += batch.length
    signal?.throwIfAborted()
    progress?.(done, total)
    await setImmediate()
  }
}

function endOf(ledger: Ledger, medium: ReadMedium, no: number): Pick<ActorRow, 'no' | 'head'> {
  const row = ledger.actors.find(no)
  return row === 0 ? (medium.row(no) ?? { no, head: 0 }) : ledger.actors.get(row)
}

/** The runtime's book is not wanted here. */
function folded(actor: string, chain: Chain | Damage): Pick<StoredActor, 'state' | 'damage'> {
  if (isDamage(chain)) return { damage: chain }
  try {
    const state = foldState(chain)
    if (state === undefined) return {}
    return { state: { value: state.value, version: Math.max(1, versionOf(chain)) } }
  } catch (error) {
    const detail = `its records do not fold: ${error instanceof Error ? error.message : error}`
    return { damage: { kind: 'damaged', detail, positions: [], actor } }
  }
}

function* waiting({ waiting: of }: Activations, no: number): Generator<StoredMessage | Damage> {
  const stash = of.stash(no)
  yield* stash.messages
  yield* stash.damaged
  for (let after = firstPage; ; ) {
    const page = of.page(no, after, atOnce)
    yield* page.messages
    yield* page.damaged
    if (page.next === undefined) return
    after = page.next
  }
}
