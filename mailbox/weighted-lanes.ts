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
 */
import { Lane, type LaneNumber, laneWeights } from './lane.ts'
import { Ring } from './ring.ts'

const first = Lane.control
const last = Lane.low
const allLanes = (2 << last) - (1 << first)
/** Every lane's weight in its nibble. */
const fullRound = laneWeights.reduce((round, weight, lane) => round | (weight << (lane * 4)), 0)

export class WeightedLanes<T> {
  // Plain fields, not #private: the hottest path after Ring.
  private readonly rings: Ring<T>[]
  private readonly strict: boolean
  /** Lanes that hold an item. */
  private waiting = 0
  /** Lanes with takes left in this round. */
  private unspent = allLanes
  /** How many takes each lane has left in this round, a nibble per lane. */
  private takes = fullRound
  size = 0

  constructor(strict = false) {
    this.strict = strict
    this.rings = laneWeights.map(() => new Ring<T>())
  }

  offer(lane: LaneNumber, item: T): void {
    this.ring(lane).push(item)
    this.waiting |= 1 << lane
    this.size += 1
  }

  /** Puts an item back at the front of its lane. */
  offerFirst(lane: LaneNumber, item: T): void {
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
    const lane = this.strict || limit < last ? mostUrgent(open) : this.spend(open)
    const ring = this.ring(lane)
    const item = ring.shift()
    if (ring.length === 0) this.waiting &= ~(1 << lane)
    this.size -= 1
    return item
  }

  /** The most urgent lane that has an item, or undefined. */
  best(): LaneNumber | undefined {
    return this.waiting === 0 ? undefined : mostUrgent(this.waiting)
  }

  /** The item at the front of a lane, left in place. */
  front(lane: LaneNumber): T | undefined {
    return this.ring(lane).at(0)
  }

  depth(lane: LaneNumber): number {
    return this.ring(lane).length
  }

  /** Takes the oldest or newest item of one lane that `match` accepts. O(1) at that end. */
  extract(lane: LaneNumber, end: 'oldest' | 'newest', match: (item: T) => boolean): T | undefined {
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
    for (let lane = first as number; lane <= last; lane += 1) yield* this.rings[lane] as Ring<T>
  }

  private ring(lane: LaneNumber): Ring<T> {
    return this.rings[lane] as Ring<T>
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
