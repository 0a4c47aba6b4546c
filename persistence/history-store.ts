/**
 * The store over any medium: commit, epochs, snapshots, checkpoints, and the questions of `Store`.
 * Both stores are this class; a medium only keeps rows and blobs.
 *
 * Invariant: after a failed commit the ledger is ahead of the medium by what was being written, so
 * nothing is answered from it until `reopen` has folded it anew (D5).
 */
import { TroupeError } from '../mailbox/errors.ts'
import type { Faults } from '../mailbox/fault-points.ts'
import { Activations } from './activation.ts'
import { Admission } from './admission.ts'
import { rowsIn } from './checkpoint.ts'
import { Clients } from './clients.ts'
import { isDamage, missing } from './decode.ts'
import { HistoryReader } from './history-reader.ts'
import type { Ledger } from './ledger.ts'
import type { Medium } from './medium.ts'
import { isKept } from './own-ids.ts'
import type { MessageRef } from './record.ts'
import { recover } from './recovery.ts'
import type { Frame } from './segment.ts'
import type {
  Ack,
  CheckpointChunk,
  DueSnapshot,
  NewestCheckpoint,
  Outcome,
  Store,
  StoreStats,
  Tail,
  WakeEntry,
  WakePage,
  WithheldTimer,
} from './store.ts'
import type {
  Damage,
  DueTimer,
  LoadedActor,
  PendingPage,
  Snapshot,
  StoredMessage,
} from './stored.ts'
import { timeOf } from './timer-heap.ts'

/** Options every store has. */
export interface StoreOptions {
  /** Wall time in ms; own ids expire by it. */
  readonly now?: () => number
  /** Opens although directories or acknowledged records are lost, and goes on without them. */
  readonly acceptLoss?: boolean
  readonly faults?: Faults | undefined
  /** Types of actors that have another name from now on, old to new (D9). */
  readonly renamed?: ReadonlyMap<string, string>
}

export class HistoryStore extends HistoryReader implements Store {
  readonly #medium: Medium
  readonly #options: StoreOptions
  readonly #now: () => number
  readonly #damages: Damage[] = []
  readonly #seen = new WeakSet<Uint8Array>()
  readonly #clients: Clients
  // Absent until the first recovery.
  #ledger!: Ledger
  #admission!: Admission
  #activations!: Activations
  #state: 'open' | 'failed' | 'closed' = 'open'

  constructor(medium: Medium, options: StoreOptions = {}) {
    super(medium)
    this.#medium = medium
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#rename(options.renamed ?? new Map())
    this.#recover()
    this.#clients = new Clients(this.position)
  }

  override get position(): number {
    return this.#ledger.position
  }

  /** Before the ledger is read, which knows who watches whom by text. @throws STORE_RENAME */
  #rename(types: ReadonlyMap<string, string>): void {
    if (types.size === 0) return
    this.#medium.transaction(() => {
      for (const [from, to] of types) refuseTwice(from, to, this.#medium.renameType(from, to))
    })
  }

  /** Directories given up at opening, because `acceptLoss` was set. */
  get damages(): readonly Damage[] {
    return this.#damages
  }

  commit(frames: readonly Frame[]): Ack[] {
    this.#live()
    this.#options.faults?.('commit:begin')
    const time = this.#now()
    const acks = this.#write(() => frames.map((frame) => this.#admit(frame, time)))
    this.#clients.confirm(this.position)
    return acks
  }

  reopen(): Tail {
    if (this.#state === 'closed') this.#live()
    this.#state = 'failed'
    this.#medium.reopen()
    this.#recover()
    this.#clients.recover(this.#medium)
    this.#state = 'open'
    // What an older generation got done is not where the present one goes on.
    const isNewest = (one: Tail['clients'][number]): boolean =>
      one.epoch === this.#medium.epoch(one.slot)
    return { position: this.position, clients: this.#clients.tails().filter(isNewest) }
  }

  beginEpoch(slot: number): number {
    this.#live()
    return this.#write(() => {
      const epoch = this.#medium.epoch(slot) + 1
      this.#medium.setEpoch(slot, epoch)
      return epoch
    })
  }

  reserveOrigins(count: number): number {
    this.#live()
    return this.#write(() => this.#medium.addOrigins(count) + 1)
  }

  load(actor: string, limit: number): LoadedActor | Damage {
    this.#live()
    return this.#activations.load(actor, limit)
  }

  loadMany(actors: readonly string[], limit: number): (LoadedActor | Damage)[] {
    this.#live()
    return this.#activations.loadMany(actors, limit)
  }

  pending(actor: string, after: MessageRef, limit: number): PendingPage {
    this.#live()
    return this.#activations.pending(actor, after, limit)
  }

  outcome(actor: string, ownId: string): Outcome {
    this.#live()
    const no = actor === '' ? 0 : this.#medium.actorNo(actor)
    const row = no === undefined ? undefined : this.#medium.ownId(no, ownId)
    if (row === undefined || !isKept(row, this.#now())) return { kind: 'unknown' }
    const { position, index, by } = row
    if (by === 0) return { kind: 'pending', message: { position, index } }
    const record = this.record(by) ?? missing(by)
    return isDamage(record) ? record : { kind: 'done', record }
  }

  hasEnded(actor: string): boolean {
    this.#live()
    return this.#activations.hasEnded(actor)
  }

  wakeList(after: number | undefined, limit: number): WakePage {
    this.#live()
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

  shiftClock(ms: number): void {
    this.#ledger.timers.shift = ms
  }

  withholdTimers(timers: readonly WithheldTimer[]): void {
    const withheld = new Set(timers.map(({ actor, timer }) => `${actor}\n${timer}`))
    const medium = this.#medium
    this.#ledger.timers.withhold(
      ({ actor, id }) =>
        withheld.size > 0 && withheld.has(`${medium.address(actor)}\n${medium.name(id)}`),
    )
  }

  dueTimers(now: number, limit: number): readonly DueTimer[] {
    this.#live()
    return this.#ledger.timers
      .due(now, limit)
      .map((timer) => ({ ...this.#activations.timer(timer), late: now - timeOf(timer) }))
  }

  nextDue(): number | undefined {
    const { next } = this.#ledger.timers
    return next && timeOf(next)
  }

  unreleased(slot: number, epoch: number): readonly (StoredMessage | Damage)[] {
    this.#live()
    const entries = this.#ledger.sources.committedBy(slot, epoch)
    return entries.map((entry) => this.#activations.waiting.message(entry))
  }

  newestCheckpoint(): NewestCheckpoint {
    this.#live()
    let position = 0
    for (const newest of this.#medium.checkpoints()) {
      position = newest.position
      break
    }
    const from = Math.max(1, position)
    for (const segment of this.#medium.directories(from, this.position)) {
      if (!isDamage(segment)) return { position, time: segment.time }
    }
    return { position, time: this.#now() }
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

  writeSnapshot(snapshot: Snapshot, bytes: number): void {
    this.#live()
    const no = this.#medium.actorNo(snapshot.actor)
    if (no === undefined) throw new Error(`a snapshot of ${snapshot.actor}, which has no records`)
    const { faults } = this.#options
    faults?.('snapshot:before-write')
    this.#attempt(() => this.#medium.derived(() => this.#medium.putSnapshot(no, snapshot)))
    faults?.('snapshot:written')
    const size = snapshot.state.length + (snapshot.meta?.length ?? 0)
    this.#ledger.snapshot(no, size, bytes)
  }

  writeCheckpoint(chunk: CheckpointChunk): void {
    this.#live()
    const rows = [...rowsIn(chunk.bytes)]
    const { faults } = this.#options
    faults?.('checkpoint:before-chunk')
    this.#attempt(() => this.#medium.derived(() => this.#medium.putCheckpoint(chunk, rows)))
    faults?.('checkpoint:chunk-written')
    for (const { no, head } of rows) this.#ledger.stored(no, head)
  }

  dropSegments(positions: readonly number[], floor: number): void {
    this.#live()
    const { faults } = this.#options
    faults?.('retention:before-drop')
    this.#attempt(() => this.#medium.derived(() => this.#medium.dropSegments(positions, floor)))
    faults?.('retention:dropped')
  }

  stats(): StoreStats {
    const { pending, timers, actors } = this.#ledger
    const oldest = this.#oldestPending()
    return {
      position: this.position,
      pending: pending.size,
      ...(oldest === undefined ? {} : { oldestPending: oldest }),
      timers: timers.size,
      resident: actors.size,
      bytes: this.#medium.bytes,
    }
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#medium.close()
  }

  #admit(frame: Frame, time: number): Ack {
    const status = this.#status(frame)
    if (status !== 'committed') return turnedAway(frame, status, this.position)
    const { directory, ack } = this.#admission.admit(frame, time)
    const { slot, epoch, seq, body } = frame
    this.#clients.note(frame)
    if (ack.count === 0) return ack
    const { base: position, count } = ack
    this.#medium.append({ position, count, slot, epoch, seq, time, directory, body })
    return ack
  }

  #status(frame: Frame): Ack['status'] {
    const isNewest = frame.epoch > 0 && frame.epoch === this.#medium.epoch(frame.slot)
    if (!isNewest) return 'fenced'
    return this.#clients.follows(frame) ? 'committed' : 'out-of-order'
  }

  #write<T>(work: () => T): T {
    return this.#attempt(() => this.#medium.transaction(work))
  }

  /** A transaction. If it fails its outcome is unknown, and so is the ledger's (D5). */
  #attempt<T>(transaction: () => T): T {
    try {
      return transaction()
    } catch (error) {
      this.#state = 'failed'
      throw error
    }
  }

  #recover(): void {
    const { acceptLoss } = this.#options
    this.#damages.length = 0
    const keep = (damage: Damage): void => {
      this.#damages.push(damage)
    }
    const before = this.#ledger?.timers
    this.#ledger = acceptLoss ? recover(this.#medium, keep) : recover(this.#medium)
    if (before !== undefined) this.#ledger.timers.takeOver(before)
    this.#admission = new Admission(this.#ledger, this.#medium, this.#seen)
    this.#activations = new Activations(this.#ledger, this.#medium, this)
  }

  #oldestPending(): number | undefined {
    const { pending } = this.#ledger
    let oldest = Number.POSITIVE_INFINITY
    for (const entry of pending.entries()) oldest = Math.min(oldest, pending.home(entry))
    if (oldest === Number.POSITIVE_INFINITY) return undefined
    const segment = this.#medium.segmentOf(oldest)
    return segment === undefined || isDamage(segment) ? undefined : segment.time
  }

  #live(): void {
    if (this.#state === 'open') return
    throw this.#state === 'failed'
      ? new TroupeError('STORE_STALLED', 'a commit failed and its outcome is unknown; call reopen')
      : new TroupeError('SYSTEM_CLOSED', 'the store is closed; open it again')
  }
}

function turnedAway(frame: Frame, status: Ack['status'], position: number): Ack {
  const { slot, epoch, seq } = frame
  const nothing = { refused: [], settled: [], published: [], dropped: [] }
  return { slot, epoch, seq, status, base: position + 1, count: 0, ...nothing }
}

function refuseTwice(from: string, to: string, both: readonly string[]): void {
  if (both.length === 0) return
  throw new TroupeError(
    'STORE_RENAME',
    `"${from}" cannot become "${to}": the store has actors of both types under the same key, ${both.join(', ')} for one. Nothing was changed; code without the renaming ran on this store. Decide which of them is right, from a backup or with other keys`,
    { fields: { from, to, actors: both } },
  )
}
