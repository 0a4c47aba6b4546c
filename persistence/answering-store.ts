/**
 * What an open store answers: each question finds its part of what is known, once it is sure that this
 * may be asked now. Writing, failing and reopening are `history-store.ts`.
 */
import type { Activations } from './activation.ts'
import { isDamage, missing } from './decode.ts'
import { HistoryReader } from './history-reader.ts'
import type { Ledger } from './ledger.ts'
import type { LedgerAnswers } from './ledger-answers.ts'
import type { Medium } from './medium.ts'
import { isKept } from './own-ids.ts'
import type { MessageRef } from './record.ts'
import type {
  DueSnapshot,
  NewestCheckpoint,
  Outcome,
  StoreStats,
  WakePage,
  Watch,
  WithheldTimer,
} from './store.ts'
import type { Damage, DueTimer, LoadedActor, PendingPage, StoredMessage } from './stored.ts'

/** What is known since the last recovery. */
export interface Known {
  readonly ledger: Ledger
  readonly activations: Activations
  readonly answers: LedgerAnswers
}

export abstract class AnsweringStore extends HistoryReader {
  protected readonly medium: Medium
  /** Wall time in ms. */
  protected readonly now: () => number

  constructor(medium: Medium, now: () => number) {
    super(medium)
    this.medium = medium
    this.now = now
  }

  protected abstract readonly known: Known
  /** The same. @throws STORE_STALLED, SYSTEM_CLOSED while it may not be asked */
  protected abstract live(): Known

  override get position(): number {
    return this.known.ledger.position
  }

  load(actor: string, limit: number): LoadedActor | Damage {
    return this.live().activations.load(actor, limit)
  }

  loadMany(actors: readonly string[], limit: number): (LoadedActor | Damage)[] {
    return this.live().activations.loadMany(actors, limit)
  }

  pending(actor: string, after: MessageRef, limit: number): PendingPage {
    return this.live().activations.pending(actor, after, limit)
  }

  outcome(actor: string, ownId: string): Outcome {
    this.live()
    const no = actor === '' ? 0 : this.medium.actorNo(actor)
    const row = no === undefined ? undefined : this.medium.ownId(no, ownId)
    if (row === undefined || !isKept(row, this.now())) return { kind: 'unknown' }
    const { position, index, by } = row
    if (by === 0) return { kind: 'pending', message: { position, index } }
    const record = this.record(by) ?? missing(by)
    return isDamage(record) ? record : { kind: 'done', record }
  }

  hasEnded(actor: string): boolean {
    return this.live().activations.hasEnded(actor)
  }

  watches(types: readonly string[]): readonly Watch[] {
    return this.live().answers.watches(types)
  }

  wakeList(after: number | undefined, limit: number): WakePage {
    return this.live().answers.wakeList(after, limit)
  }

  shiftClock(ms: number): void {
    this.known.ledger.timers.shift = ms
  }

  withholdTimers(timers: readonly WithheldTimer[]): void {
    const withheld = new Set(timers.map(({ actor, timer }) => `${actor}\n${timer}`))
    const { medium } = this
    this.known.ledger.timers.withhold(
      ({ actor, id }) =>
        withheld.size > 0 && withheld.has(`${medium.address(actor)}\n${medium.name(id)}`),
    )
  }

  dueTimers(now: number, limit: number): readonly DueTimer[] {
    return this.live().answers.dueTimers(now, limit)
  }

  nextDue(): number | undefined {
    return this.known.answers.nextDue()
  }

  unreleased(slot: number, epoch: number): readonly (StoredMessage | Damage)[] {
    return this.live().answers.unreleased(slot, epoch)
  }

  newestCheckpoint(): NewestCheckpoint {
    return this.live().answers.newestCheckpoint(this.now())
  }

  dueSnapshots(limit: number): readonly DueSnapshot[] {
    return this.known.answers.dueSnapshots(limit)
  }

  stats(): StoreStats {
    return this.known.answers.stats()
  }
}
