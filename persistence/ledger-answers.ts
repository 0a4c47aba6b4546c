/**
 * What a store answers from its ledger as it stands: who waits, what is due, how much there is. Reads
 * nothing of the history but a text or a time by number.
 */
import { typeOf } from '../mailbox/address.ts'
import type { Activations } from './activation.ts'
import { isDamage } from './decode.ts'
import type { Ledger } from './ledger.ts'
import type { ReadMedium } from './medium.ts'
import type {
  DueSnapshot,
  NewestCheckpoint,
  StoreStats,
  WakeEntry,
  WakePage,
  Watch,
} from './store.ts'
import type { Damage, DueTimer, StoredMessage } from './stored.ts'
import { timeOf } from './timer-heap.ts'
import { endOf } from './topic.ts'

export class LedgerAnswers {
  readonly #ledger: Ledger
  readonly #medium: ReadMedium & { readonly bytes: number }
  readonly #activations: Activations

  constructor(
    ledger: Ledger,
    medium: ReadMedium & { readonly bytes: number },
    activations: Activations,
  ) {
    this.#ledger = ledger
    this.#medium = medium
    this.#activations = activations
  }

  watches(types: readonly string[]): readonly Watch[] {
    const wanted = new Set(types)
    const found: Watch[] = []
    for (const { actor, pattern } of this.#ledger.subscriptions.all()) {
      const watched = endOf(this.#medium.name(pattern))
      if (watched === undefined || !wanted.has(typeOf(watched))) continue
      found.push({ watched, by: this.#medium.address(actor) })
    }
    return found
  }

  wakeList(after: number | undefined, limit: number): WakePage {
    const { actors, pending, timers } = this.#ledger
    const found: WakeEntry[] = []
    for (let row = (after ?? 0) + 1; row < actors.end; row += 1) {
      const no = actors.no(row)
      if (no === 0 || (pending.count(row) === 0 && timers.count(no) === 0)) continue
      const actor = this.#medium.address(no)
      found.push({ actor, pending: pending.count(row), timers: timers.count(no) })
      if (found.length === limit) return { actors: found, next: row }
    }
    return { actors: found }
  }

  dueTimers(now: number, limit: number): readonly DueTimer[] {
    return this.#ledger.timers
      .due(now, limit)
      .map((timer) => ({ ...this.#activations.timer(timer), late: now - timeOf(timer) }))
  }

  nextDue(): number | undefined {
    const { next } = this.#ledger.timers
    return next && timeOf(next)
  }

  unreleased(slot: number, epoch: number): readonly (StoredMessage | Damage)[] {
    const entries = this.#ledger.sources.committedBy(slot, epoch)
    return entries.map((entry) => this.#activations.waiting.message(entry))
  }

  /** @param now the time of a history that has no record yet */
  newestCheckpoint(now: number): NewestCheckpoint {
    const [newest] = this.#medium.checkpoints()
    const position = newest?.position ?? 0
    const from = Math.max(1, position)
    for (const segment of this.#medium.directories(from, this.#ledger.position)) {
      if (!isDamage(segment)) return { position, time: segment.time }
    }
    return { position, time: now }
  }

  dueSnapshots(limit: number): readonly DueSnapshot[] {
    const { actors, due } = this.#ledger
    const found: DueSnapshot[] = []
    for (const no of due) {
      if (found.length === limit) break
      const row = actors.open(no)
      const actor = this.#medium.address(no)
      found.push({ actor, position: actors.head(row), bytes: actors.bytes(row) })
    }
    return found
  }

  stats(): StoreStats {
    const { position, pending, timers, actors } = this.#ledger
    const oldest = this.#oldestPending()
    return {
      position,
      pending: pending.size,
      ...(oldest === undefined ? {} : { oldestPending: oldest }),
      timers: timers.size,
      resident: actors.size,
      bytes: this.#medium.bytes,
    }
  }

  #oldestPending(): number | undefined {
    const { pending } = this.#ledger
    let oldest = Number.POSITIVE_INFINITY
    for (const entry of pending.entries()) oldest = Math.min(oldest, pending.home(entry))
    if (oldest === Number.POSITIVE_INFINITY) return undefined
    const segment = this.#medium.segmentOf(oldest)
    return segment === undefined || isDamage(segment) ? undefined : segment.time
  }
}
