/**
 * The store over any medium: its life from opening to closing, and everything that is written to it.
 * Both stores are this class; a medium only keeps rows and blobs. What it answers is read elsewhere:
 * records and chains (`history-reader.ts`), the rest (`answering-store.ts`).
 *
 * Invariant: after a failed commit the ledger is ahead of the medium by what was being written, so
 * nothing is answered from it until `reopen` has folded it anew (D5).
 */
import { TroupeError } from '../mailbox/errors.ts'
import type { Faults } from '../mailbox/fault-points.ts'
import { Activations } from './activation.ts'
import { Admission } from './admission.ts'
import { AnsweringStore, type Known } from './answering-store.ts'
import { rowsIn } from './checkpoint.ts'
import { Clients } from './clients.ts'
import { LedgerAnswers } from './ledger-answers.ts'
import type { Medium } from './medium.ts'
import { recover } from './recovery.ts'
import { renameTypes } from './rename-types.ts'
import type { Frame } from './segment.ts'
import type { Ack, CheckpointChunk, Store, Tail, WrittenSnapshot } from './store.ts'
import type { Damage, Snapshot } from './stored.ts'

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

export class HistoryStore extends AnsweringStore implements Store {
  readonly #options: StoreOptions
  readonly #damages: Damage[] = []
  readonly #seen = new WeakSet<Uint8Array>()
  readonly #clients: Clients
  // Absent until the first recovery.
  protected known!: Known
  #admission!: Admission
  #state: 'open' | 'failed' | 'closed' = 'open'

  constructor(medium: Medium, options: StoreOptions = {}) {
    super(medium, options.now ?? Date.now)
    this.#options = options
    // Before the ledger is read, which knows who watches whom by text.
    renameTypes(medium, options.renamed ?? new Map())
    this.#recover()
    this.#clients = new Clients(this.position)
  }

  /** Directories given up at opening, because `acceptLoss` was set. */
  get damages(): readonly Damage[] {
    return this.#damages
  }

  // ── writing ───────────────────────────────────────────────────────────────────────────────────

  commit(frames: readonly Frame[]): Ack[] {
    this.live()
    this.#options.faults?.('commit:begin')
    const time = this.now()
    const acks = this.#write(() => frames.map((frame) => this.#admit(frame, time)))
    this.#clients.confirm(this.position)
    return acks
  }

  beginEpoch(slot: number): number {
    this.live()
    return this.#write(() => {
      const epoch = this.medium.epoch(slot) + 1
      this.medium.setEpoch(slot, epoch)
      return epoch
    })
  }

  reserveOrigins(count: number): number {
    this.live()
    return this.#write(() => this.medium.addOrigins(count) + 1)
  }

  writeSnapshot(snapshot: Snapshot, bytes: number): void {
    this.writeSnapshots([{ snapshot, bytes }])
  }

  writeSnapshots(all: readonly WrittenSnapshot[]): void {
    this.live()
    const numbered = all.map((one) => ({ ...one, no: this.#numberOf(one.snapshot.actor) }))
    const { faults } = this.#options
    faults?.('snapshot:before-write')
    this.#attempt(() =>
      this.medium.derived(() => {
        for (const { no, snapshot } of numbered) this.medium.putSnapshot(no, snapshot)
      }),
    )
    faults?.('snapshot:written')
    for (const { no, snapshot, bytes } of numbered) {
      const size = snapshot.state.length + (snapshot.meta?.length ?? 0)
      this.known.ledger.snapshot(no, size, bytes)
    }
  }

  #numberOf(actor: string): number {
    const no = this.medium.actorNo(actor)
    if (no === undefined) throw new Error(`a snapshot of ${actor}, which has no records`)
    return no
  }

  writeCheckpoint(chunk: CheckpointChunk): void {
    this.live()
    const rows = [...rowsIn(chunk.bytes)]
    const { faults } = this.#options
    faults?.('checkpoint:before-chunk')
    this.#attempt(() => this.medium.derived(() => this.medium.putCheckpoint(chunk, rows)))
    faults?.('checkpoint:chunk-written')
    for (const { no, head } of rows) this.known.ledger.stored(no, head)
  }

  dropSegments(positions: readonly number[], floor: number): void {
    this.live()
    const { faults } = this.#options
    faults?.('retention:before-drop')
    this.#attempt(() => this.medium.derived(() => this.medium.dropSegments(positions, floor)))
    faults?.('retention:dropped')
  }

  #admit(frame: Frame, time: number): Ack {
    const status = this.#status(frame)
    if (status !== 'committed') return turnedAway(frame, status, this.position)
    const { directory, ack } = this.#admission.admit(frame, time)
    const { slot, epoch, seq, body } = frame
    this.#clients.note(frame)
    if (ack.count === 0) return ack
    const { base: position, count } = ack
    this.medium.append({ position, count, slot, epoch, seq, time, directory, body })
    return ack
  }

  #status(frame: Frame): Ack['status'] {
    const isNewest = frame.epoch > 0 && frame.epoch === this.medium.epoch(frame.slot)
    if (!isNewest) return 'fenced'
    return this.#clients.follows(frame) ? 'committed' : 'out-of-order'
  }

  #write<T>(work: () => T): T {
    return this.#attempt(() => this.medium.transaction(work))
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

  // ── failing, and opening again (D5) ───────────────────────────────────────────────────────────

  reopen(): Tail {
    if (this.#state === 'closed') this.live()
    this.#state = 'failed'
    this.medium.reopen()
    this.#recover()
    this.#clients.recover(this.medium)
    this.#state = 'open'
    // What an older generation got done is not where the present one goes on.
    const isNewest = (one: Tail['clients'][number]): boolean =>
      one.epoch === this.medium.epoch(one.slot)
    return { position: this.position, clients: this.#clients.tails().filter(isNewest) }
  }

  #recover(): void {
    const { acceptLoss } = this.#options
    this.#damages.length = 0
    const keep = (damage: Damage): void => {
      this.#damages.push(damage)
    }
    const before = this.known?.ledger.timers
    const ledger = acceptLoss ? recover(this.medium, keep) : recover(this.medium)
    if (before !== undefined) ledger.timers.takeOver(before)
    this.#admission = new Admission(ledger, this.medium, this.#seen)
    const activations = new Activations(ledger, this.medium, this)
    const answers = new LedgerAnswers(ledger, this.medium, activations)
    this.known = { ledger, activations, answers }
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.medium.close()
  }

  protected live(): Known {
    if (this.#state === 'open') return this.known
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
