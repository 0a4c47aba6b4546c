/**
 * Queues for the four user lanes that share by weight (M2). Used twice: for the messages of one
 * actor and for the actors of one host.
 *
 * A round gives each lane as many takes as its weight, the most urgent first; when every waiting
 * lane has spent its takes, a new round begins. So a lane of weight w gets w of any 15 takes while
 * it has work, and an idle lane costs nothing. Strict mode serves the most urgent lane only.
 */
import { Lane, type LaneNumber, laneWeights } from './lane.ts'
import { Ring } from './ring.ts'

const first = Lane.control
const last = Lane.low

export class WeightedLanes<T> {
  private readonly rings: Ring<T>[]
  private readonly takes = laneWeights.slice()
  private readonly strict: boolean
  size = 0

  constructor(strict = false) {
    this.strict = strict
    this.rings = laneWeights.map(() => new Ring<T>(2))
  }

  offer(lane: LaneNumber, item: T): void {
    this.ring(lane).push(item)
    this.size += 1
  }

  /** Puts an item back at the front of its lane. */
  offerFirst(lane: LaneNumber, item: T): void {
    this.ring(lane).unshift(item)
    this.size += 1
  }

  /** The next item by weight, looking only at lanes up to `limit` (default: all). */
  take(limit: LaneNumber = last): T | undefined {
    if (this.size === 0) return undefined
    return this.takeWithin(limit) ?? this.takeInNewRound(limit)
  }

  /** The most urgent lane that has an item, or undefined. */
  best(): LaneNumber | undefined {
    if (this.size === 0) return undefined
    for (let lane = first as number; lane <= last; lane += 1) {
      if ((this.rings[lane] as Ring<T>).length > 0) return lane as LaneNumber
    }
    return undefined
  }

  depth(lane: LaneNumber): number {
    return this.ring(lane).length
  }

  /** Takes the oldest or newest item of one lane that `match` accepts; for shedding. */
  extract(lane: LaneNumber, end: 'oldest' | 'newest', match: (item: T) => boolean): T | undefined {
    const ring = this.ring(lane)
    for (let i = 0; i < ring.length; i += 1) {
      const index = end === 'oldest' ? i : ring.length - 1 - i
      if (!match(ring.at(index) as T)) continue
      this.size -= 1
      return ring.removeAt(index)
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

  private takeWithin(limit: LaneNumber): T | undefined {
    for (let lane = first as number; lane <= limit; lane += 1) {
      const ring = this.rings[lane] as Ring<T>
      if (ring.length === 0) continue
      if (!this.strict) {
        if (this.takes[lane] === 0) continue
        this.takes[lane] = (this.takes[lane] as number) - 1
      }
      this.size -= 1
      return ring.shift()
    }
    return undefined
  }

  private takeInNewRound(limit: LaneNumber): T | undefined {
    for (let lane = first as number; lane <= last; lane += 1) {
      this.takes[lane] = laneWeights[lane] as number
    }
    return this.takeWithin(limit)
  }
}
