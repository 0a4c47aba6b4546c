/**
 * Where one actor's messages wait, by lane, bounded (M1, M2, M3). Offer and take are O(1); only an
 * offer that must look past messages that cannot be shed costs more. Bytes may exceed their bound by
 * the last message admitted.
 *
 * It owns order and room, nothing else: what happens to a message without room is the caller's
 * business, which is why `offer` hands it back. System signals have a queue of their own that is
 * always served first and never bounded: they are few, and losing one would lose a termination.
 */
import type { Envelope } from './envelope.ts'
import { Lane, type LaneNumber } from './lane.ts'
import { Ring } from './ring.ts'
import { WeightedLanes } from './weighted-lanes.ts'

/** What to drop when there is no room (M3). */
export type Overflow = 'reject' | 'drop-oldest' | 'drop-newest'

export interface MailboxOptions {
  /** Most waiting user messages; default 4,096. */
  readonly capacity?: number
  /** Most waiting encoded bytes; default 64 MiB. */
  readonly capacityBytes?: number
  /** Default `reject`. */
  readonly overflow?: Overflow
  /** Serve the most urgent lane only, starvation accepted (M2). */
  readonly strict?: boolean
}

/** Messages that take room, and their encoded bytes. */
export interface Load {
  readonly size: number
  readonly bytes: number
}

const nothing: Load = Object.freeze({ size: 0, bytes: 0 })

export const defaultCapacity = 4_096
export const defaultCapacityBytes = 64 * 1024 * 1024

export class Mailbox<Signal> {
  readonly capacity: number
  readonly capacityBytes: number
  readonly overflow: Overflow
  // Most actors never get one.
  private signals: Ring<Signal> | undefined
  private readonly lanes: WeightedLanes<Envelope>
  private readonly elsewhere: Load
  private bytes = 0

  /** @param elsewhere messages of the same actor that wait elsewhere and take of this room */
  constructor(options: MailboxOptions = {}, elsewhere: Load = nothing) {
    this.elsewhere = elsewhere
    this.capacity = options.capacity ?? defaultCapacity
    this.capacityBytes = options.capacityBytes ?? defaultCapacityBytes
    this.overflow = options.overflow ?? 'reject'
    this.lanes = new WeightedLanes(options.strict ?? false)
  }

  /** Waiting user messages. */
  get size(): number {
    return this.lanes.size
  }

  /** Waiting system signals. */
  get signalCount(): number {
    return this.signals?.length ?? 0
  }

  get hasRoom(): boolean {
    const { size, bytes } = this.elsewhere
    return this.lanes.size + size < this.capacity && this.bytes + bytes < this.capacityBytes
  }

  /**
   * Queues a message. Returns undefined, or the one message that lost its place: the offered one, or
   * one that made room for it.
   */
  offer(envelope: Envelope): Envelope | undefined {
    if (this.hasRoom || envelope.header.keep === true) {
      this.add(envelope)
      return undefined
    }
    const victim = this.victimFor(envelope)
    if (victim === undefined) return envelope
    this.add(envelope)
    return victim
  }

  /** Puts a message back at the front of its lane: for a retry, an unstash, a replaced host. */
  offerFirst(envelope: Envelope): void {
    this.bytes += sizeOf(envelope)
    this.lanes.offerFirst(envelope.lane, envelope)
  }

  /** Takes back, at the end of its lane, a message that had a place before: it always finds room. */
  readmit(envelope: Envelope): void {
    this.add(envelope)
  }

  /** The next message by weight; with `limit`, the most urgent up to it (F2 holds the others). */
  take(limit?: LaneNumber): Envelope | undefined {
    const envelope = this.lanes.take(limit)
    if (envelope !== undefined) this.bytes -= sizeOf(envelope)
    return envelope
  }

  signal(signal: Signal): void {
    this.signals ??= new Ring()
    this.signals.push(signal)
  }

  takeSignal(): Signal | undefined {
    return this.signals?.shift()
  }

  /** The most urgent lane with work: where the actor stands in the host's run queue (M2). */
  best(limit: LaneNumber = Lane.low): LaneNumber | undefined {
    if (this.signalCount > 0) return Lane.control
    const lane = this.lanes.best()
    return lane !== undefined && lane <= limit ? lane : undefined
  }

  depth(lane: LaneNumber): number {
    return lane === Lane.system ? this.signalCount : this.lanes.depth(lane)
  }

  /** How many waiting messages would be served before this one if nothing else arrived, roughly. */
  positionOf(match: (envelope: Envelope) => boolean): number | undefined {
    let position = 0
    for (const envelope of this.lanes) {
      if (match(envelope)) return position
      position += 1
    }
    return undefined
  }

  /** Takes one waiting message out, wherever it stands: an ask whose caller gave up. */
  remove(lane: LaneNumber, match: (envelope: Envelope) => boolean): Envelope | undefined {
    const envelope = this.lanes.extract(lane, 'oldest', match)
    if (envelope !== undefined) this.bytes -= sizeOf(envelope)
    return envelope
  }

  /** `since` of the message that waits longest; undefined when none does. */
  get waitingSince(): number | undefined {
    let oldest: number | undefined
    for (let lane = Lane.control as number; lane <= Lane.low; lane += 1) {
      const front = this.lanes.front(lane as LaneNumber)
      if (front !== undefined && !(front.since >= (oldest ?? Number.POSITIVE_INFINITY))) {
        oldest = front.since
      }
    }
    return oldest
  }

  /** Waiting messages, most urgent lane first. */
  [Symbol.iterator](): IterableIterator<Envelope> {
    return this.lanes[Symbol.iterator]()
  }

  private add(envelope: Envelope): void {
    this.bytes += sizeOf(envelope)
    this.lanes.offer(envelope.lane, envelope)
  }

  /**
   * The message to drop for `envelope`: in the least urgent lane that is not more urgent than it, and
   * heavy enough to make room, lest many small messages be swapped for large ones.
   */
  private victimFor(envelope: Envelope): Envelope | undefined {
    if (this.overflow === 'reject' || envelope.stored) return undefined
    const excess = this.bytes + this.elsewhere.bytes - this.capacityBytes
    const yields = (waiting: Envelope): boolean => waiting.sheddable && sizeOf(waiting) > excess
    const end = this.overflow === 'drop-oldest' ? 'oldest' : 'newest'
    for (let lane = Lane.low as number; lane >= envelope.lane; lane -= 1) {
      // The offered message is itself the newest of its lane.
      if (end === 'newest' && lane === envelope.lane) return undefined
      const victim = this.lanes.extract(lane as LaneNumber, end, yields)
      if (victim === undefined) continue
      this.bytes -= sizeOf(victim)
      return victim
    }
    return undefined
  }
}

const sizeOf = (envelope: Envelope): number => envelope.header.bytes?.byteLength ?? 0
