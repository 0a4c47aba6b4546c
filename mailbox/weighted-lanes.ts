/**
 * Queues for the four user lanes that share by weight (M2). Used twice: for the messages of one
 * actor and for the actors of one host.
 *
 * A round gives each lane as many takes as its weight, the most urgent first; when every waiting
 * lane has spent its takes, a new round begins. So while the same lanes have work, a lane of weight
 * w gets at least w of any 15 takes; an idle lane costs nothing and saves nothing up; and whatever
 * comes and goes, the wait is bounded (`starvationBound`). Strict mode serves the most urgent lane
 * only.
 *
 * Lanes are bits of a mask and takes are nibbles of one number: a take looks at two words instead
 * of four queues, which is a third of its cost.
 *
 * An item that waits alone is kept beside the queues, which are made with the first one that does not: most
 * actors have one message at a time, and a thread of many of them pays for each object it has to look at.
 * Taken, it is not charged to the round: nobody else waited for a share of it.
 */
import { Lane, type LaneNumber, laneWeights } from './lane.ts'
import { Ring } from './ring.ts'

const first = Lane.control
const last = Lane.low
const allLanes = (2 << last) - (1 << first)
const noRings: readonly undefined[] = laneWeights.map(() => undefined)
/** Every lane's weight in its nibble. */
const fullRound = laneWeights.reduce((round, weight, lane) => round | (weight << (lane * 4)), 0)

export class WeightedLanes<T> {
  // Plain fields, not #private: the hottest path after Ring.
  private readonly rings: (Ring<T> | undefined)[] = [...noRings]
  private readonly strict: boolean
  /** The one item that waits, unless there are more or there were before. */
  private alone: T | undefined
  /** Lanes that hold an item. */
  private waiting = 0
  /** Lanes with takes left in this round. */
  private unspent = allLanes
  /** How many takes each lane has left in this round, a nibble per lane. */
  private takes = fullRound
  size = 0
  /** Lane of the item that was taken last. */
  lastLane: LaneNumber = first

  constructor(strict = false) {
    this.strict = strict
  }

  offer(lane: LaneNumber, item: T): void {
    if (this.size === 0) this.alone = item
    else {
      if (this.alone !== undefined) this.queueUp(this.alone)
      this.ring(lane).push(item)
    }
    this.waiting |= 1 << lane
    this.size += 1
  }

  /** Puts an item back at the front of its lane. */
  offerFirst(lane: LaneNumber, item: T): void {
    if (this.alone !== undefined) this.queueUp(this.alone)
    this.ring(lane).unshift(item)
    this.waiting |= 1 << lane
    this.size += 1
  }

  /**
   * The next item by weight. With a `limit`: the most urgent in the lanes up to it, not charged to
   * the round, so that the lanes held back meanwhile lose none of their share.
   */
  take(limit: LaneNumber = last): T | undefined {
    const open = this.waiting & ((2 << limit) - 1)
    if (open === 0) return undefined
    if (this.alone !== undefined) return this.takeAlone(this.alone)
    const lane = this.strict || limit < last ? mostUrgent(open) : this.spend(open)
    const ring = this.ring(lane)
    const item = ring.shift()
    if (ring.length === 0) this.waiting &= ~(1 << lane)
    this.size -= 1
    this.lastLane = lane
    return item
  }

  private takeAlone(item: T): T {
    this.lastLane = mostUrgent(this.waiting)
    this.alone = undefined
    this.waiting = 0
    this.size = 0
    return item
  }

  /** There is more than it: it goes into its queue. */
  private queueUp(item: T): void {
    this.alone = undefined
    this.ring(mostUrgent(this.waiting)).push(item)
  }

  /** The most urgent lane that has an item, or undefined. */
  best(): LaneNumber | undefined {
    return this.waiting === 0 ? undefined : mostUrgent(this.waiting)
  }

  /** The item at the front of a lane, left in place. */
  front(lane: LaneNumber): T | undefined {
    return this.isAlone(lane) ? this.alone : this.rings[lane]?.at(0)
  }

  depth(lane: LaneNumber): number {
    return this.isAlone(lane) ? 1 : (this.rings[lane]?.length ?? 0)
  }

  private isAlone(lane: LaneNumber): boolean {
    return this.alone !== undefined && this.waiting === 1 << lane
  }

  /** Takes the oldest or newest item of one lane that `match` accepts. O(1) at that end. */
  extract(lane: LaneNumber, end: 'oldest' | 'newest', match: (item: T) => boolean): T | undefined {
    if ((this.waiting & (1 << lane)) === 0) return undefined
    if (this.alone !== undefined) this.queueUp(this.alone)
    const ring = this.ring(lane)
    for (let i = 0; i < ring.length; i += 1) {
      const index = end === 'oldest' ? i : ring.length - 1 - i
      if (!match(ring.at(index) as T)) continue
      const item = ring.removeAt(index)
      if (ring.length === 0) this.waiting &= ~(1 << lane)
      this.size -= 1
      return item
    }
    return undefined
  }

  /** All items, most urgent lane first, in order within a lane; leaves them in place. */
  *[Symbol.iterator](): IterableIterator<T> {
    if (this.alone !== undefined) yield this.alone
    for (const ring of this.rings) if (ring !== undefined) yield* ring
  }

  private ring(lane: LaneNumber): Ring<T> {
    this.rings[lane] ??= new Ring<T>()
    return this.rings[lane]
  }

  /** Picks a lane of `open` and charges the round for it. */
  private spend(open: number): LaneNumber {
    if ((open & this.unspent) === 0) this.newRound()
    const lane = mostUrgent(open & this.unspent)
    this.takes -= 1 << (lane * 4)
    if (((this.takes >> (lane * 4)) & 15) === 0) this.unspent &= ~(1 << lane)
    return lane
  }

  private newRound(): void {
    this.takes = fullRound
    this.unspent = allLanes
  }
}

/** The lowest bit set: lanes are numbered most urgent first. */
function mostUrgent(lanes: number): LaneNumber {
  return (31 - Math.clz32(lanes & -lanes)) as LaneNumber
}
