/**
 * A thread's records on their way to the store: collected into frames, sent at the end of a slice,
 * answered in order (D1). Owns the store credit (M5).
 *
 * Invariant: what this thread said to others before a record was appended has left when the record does.
 * So whoever finds the record in the store finds that in its ports, and takes it in first (T2).
 */
import type { Cell } from '../../actors/cell/cell.ts'
import type { Committing, Journal } from '../../actors/cell/ports.ts'
import type { Clock } from '../../mailbox/clock.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import type { MessageRef } from '../../persistence/record.ts'
import { SegmentBuilder } from '../../persistence/segment.ts'
import type { Ack, Refusal } from '../../persistence/store.ts'
import type { Damage, LoadedActor, PendingPage, StoredRecord } from '../../persistence/stored.ts'
import type { Beginning } from '../store/protocol.ts'
import { Gathering, type GatheringThread } from './gathering.ts'
import { Loads } from './loads.ts'
import type { StoreClient } from './store-client.ts'

/** Bytes of records on their way; above it no durable turn starts (M5). */
export const storeCredit = 8 * 1024 * 1024
/** Bytes after which a frame is sent before the slice ends. */
const frameBytes = 256 * 1024

interface SentFrame {
  readonly seq: number
  readonly entries: readonly Committing[]
  readonly bytes: number
  /** Monotonic ms; 0 where nothing is counted. */
  readonly since: number
}

/** Which client this is. */
export interface JournalIdentity {
  readonly slot: number
  readonly epoch: number
  /** Where the history ended when that epoch began. */
  readonly position: number
}

/** The thread whose records they are; `touched`: there is something to {@link JournalClient.flush} soon. */
export interface JournalThread extends GatheringThread {
  readonly faults?: Faults | undefined
  readonly clock: Pick<Clock, 'mono'>
  /** Told of each answered frame. */
  readonly meter?: { committed(bytes: number, ms: number): void } | undefined
  /** Sends what was said to other threads. */
  sendFrames(): void
}

export class JournalClient implements Journal {
  builder: SegmentBuilder
  readonly #client: StoreClient
  #identity: JournalIdentity
  readonly #thread: JournalThread
  #entries: Committing[] = []
  /** Of these entries somebody waits for one at least. */
  #isAwaited = false
  readonly #gathering: Gathering
  readonly #sent: SentFrame[] = []
  #bytesOut = 0
  readonly #credit: number
  readonly #loads: Loads
  #waiting = new Set<Cell>()
  /** Acceptances that wait for credit, in order. */
  readonly #queue: (() => void)[] = []
  #fenced = false
  /** Records that are being prepared. */
  #prepared = 0
  /** Up to which position it is known here what became of the thread's own records. */
  heard: number

  /** @param credit bytes of records that may be on their way */
  constructor(
    client: StoreClient,
    identity: JournalIdentity,
    thread: JournalThread,
    credit: number = storeCredit,
  ) {
    this.#credit = credit
    this.#client = client
    this.#loads = new Loads(client)
    this.#identity = identity
    this.#thread = thread
    this.#gathering = new Gathering(thread)
    this.heard = identity.position
    this.builder = new SegmentBuilder(identity.slot, identity.epoch)
  }

  /** Takes the epoch that the store gave this client; nothing was sent before. */
  begin({ epoch, position }: Beginning): void {
    this.#identity = { ...this.#identity, epoch, position }
    this.heard = position
    this.builder = new SegmentBuilder(this.#identity.slot, epoch)
  }

  get identity(): JournalIdentity {
    return this.#identity
  }

  get hasCredit(): boolean {
    return this.#bytesOut + this.builder.bytes < this.#credit && !this.#fenced
  }

  /** True when nothing waits for an answer. */
  get isIdle(): boolean {
    const isEmpty = this.#sent.length === 0 && this.#entries.length === 0
    return isEmpty && this.#queue.length === 0 && this.#prepared === 0
  }

  whenCredit(cell: Cell): void {
    this.#waiting.add(cell)
  }

  admit(append: () => void): void {
    if (this.hasCredit && this.#queue.length === 0) append()
    else this.#queue.push(append)
  }

  /** The thread is not quiet before this is done: it will append a record. */
  prepare(work: Promise<void>): void {
    this.#prepared += 1
    void work.finally(() => {
      this.#prepared -= 1
      this.#thread.touched()
    })
  }

  append(entry: Committing): void {
    this.#isAwaited = true
    this.gather(entry)
  }

  gather(entry: Committing): void {
    this.#entries.push(entry)
    if (this.builder.bytes >= frameBytes) this.send()
    else if (this.#isAwaited || this.#entries.length === 1) this.#thread.touched()
  }

  /** Sends what was collected, unless it may wait for more. */
  flush(): void {
    if (this.#entries.length === 0) return
    if (this.#isAwaited || !this.#gathering.holds()) this.send()
  }

  /** Sends what was collected. */
  send(): void {
    if (this.#entries.length === 0) return
    this.#gathering.left()
    this.#isAwaited = false
    this.#thread.sendFrames()
    this.#thread.faults?.('journal:before-frame')
    const bytes = this.builder.bytes
    const frame = this.builder.take()
    const since = this.#thread.meter === undefined ? 0 : this.#thread.clock.mono()
    this.#sent.push({ seq: frame.seq, entries: this.#entries, bytes, since })
    this.#entries = []
    this.#bytesOut += bytes
    this.#client.commit(frame)
    this.#thread.faults?.('journal:frame-sent')
  }

  load(actor: string, limit: number): Promise<LoadedActor | Damage> {
    return this.#loads.load(actor, limit)
  }

  pending(actor: string, after: MessageRef, limit: number): Promise<PendingPage> {
    return this.#client.ask('pending', { actor, after, limit })
  }

  outcome(actor: string, ownId: string, stays: boolean): Promise<StoredRecord> {
    return this.#client.ask('outcome', { actor, ownId, stays })
  }

  /** Has the actor ended for good, and nothing come after (F6)? */
  hasEnded(actor: string): Promise<boolean> {
    return this.#client.ask('hasEnded', { actor })
  }

  acked(ack: Ack): void {
    // A late answer to the dead thread that had this slot before.
    if (ack.epoch !== this.#identity.epoch) return
    if (ack.status === 'fenced') {
      this.#fenced = true
      return
    }
    if (ack.status !== 'committed') return
    this.#passedOver(ack.seq)
    const frame = this.#sent[0]
    if (frame === undefined || frame.seq !== ack.seq) return
    this.#sent.shift()
    this.#bytesOut -= frame.bytes
    const { meter, clock } = this.#thread
    meter?.committed(frame.bytes, clock.mono() - frame.since)
    this.#thread.faults?.('outbox:before-release')
    this.#answer(frame.entries, ack)
    this.#thread.faults?.('outbox:released')
    this.#creditReturned()
    // Whoever waits for quiet may have waited for this answer alone.
    if (this.isIdle) this.#thread.touched()
  }

  /**
   * A frame that is refused whole leaves nothing in the store. When its answer is lost the store cannot tell
   * of it: the answer to a later one does, and without this that later one would count as lost (D5).
   */
  #passedOver(seq: number): void {
    while (this.#sent[0] !== undefined && this.#sent[0].seq < seq) {
      const { entries, bytes } = this.#sent.shift() as SentFrame
      this.#bytesOut -= bytes
      for (const [record, entry] of entries.entries()) entry.undone(refusedWhole(record))
    }
  }

  /** Tells each record of a frame what became of it. */
  #answer(entries: readonly Committing[], ack: Ack): void {
    const refused = refusalsOf(ack)
    let position = ack.base
    for (let record = 0; record < entries.length; record += 1) {
      const entry = entries[record] as Committing
      const refusal = refused?.get(record)
      if (refusal === undefined) {
        this.heard = position
        entry.committed(position++, ack)
      } else entry.undone(refusal)
    }
  }

  /** Frames after `seq` never happened: everything not acknowledged is undone, in order (D5). */
  lost(seq: number): void {
    this.#client.resumed()
    this.#undo(seq + 1)
  }

  /** The store's thread was replaced, and all that the old one committed is answered (D5). */
  rejoined(epoch: number): void {
    this.#identity = { ...this.#identity, epoch }
    this.#fenced = false
    this.#undo(1)
  }

  /** @param next sequence number of the next frame */
  #undo(next: number): void {
    const lost = [...this.#sent.splice(0).flatMap(({ entries }) => entries), ...this.#entries]
    this.#entries = []
    this.#isAwaited = false
    this.#bytesOut = 0
    this.builder = new SegmentBuilder(this.#identity.slot, this.#identity.epoch, next)
    for (const entry of lost) entry.undone(undefined)
    this.#creditReturned()
  }

  #creditReturned(): void {
    while (this.#queue.length > 0 && this.hasCredit) this.#queue.shift()?.()
    if (this.#waiting.size === 0 || !this.hasCredit) return
    const cells = this.#waiting
    this.#waiting = new Set()
    for (const cell of cells) cell.stand()
  }
}

/** By record; undefined when there are none. */
function refusalsOf({ refused }: Ack): ReadonlyMap<number, Refusal> | undefined {
  if (refused.length === 0) return undefined
  return new Map(refused.map((refusal) => [refusal.record, refusal]))
}

/** The true reason was in the lost answer; a writer that tries again is told it. */
function refusedWhole(record: number): Refusal {
  const detail = 'refused in a commit whose answer was lost'
  return { record, reason: 'after-refused', detail }
}
