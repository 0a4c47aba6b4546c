/**
 * Which actor of this thread runs next: an actor stands in the lane of its best message (M2).
 *
 * An actor that is already queued and gets a more urgent message is queued again further up; its
 * older entry is then stale and skipped. So queueing is O(1) and nothing is searched.
 *
 * Invariant: an actor has at most one entry in each lane, stale or not. So however its messages
 * alternate, it takes no more of a lane's places than any other actor there.
 */
import type { Cell, Place } from '../../actors/cell/cell.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import { WeightedLanes } from '../../mailbox/weighted-lanes.ts'

export class RunQueue {
  readonly #lanes = new WeightedLanes<Place>()

  /** Places taken, stale ones included. */
  get size(): number {
    return this.#lanes.size
  }

  enqueue(cell: Cell, lane: LaneNumber): void {
    if (cell.standing !== Lane.system && cell.standing <= lane) return
    cell.standing = lane
    const place = placeOf(cell, lane)
    if (place.isQueued) return
    place.isQueued = true
    this.#lanes.offer(lane, place)
  }

  /** The next actor with something to do, no longer queued. */
  take(): Cell | undefined {
    for (;;) {
      const place = this.#lanes.take()
      if (place === undefined) return undefined
      place.isQueued = false
      const { cell, lane } = place
      if (cell.standing !== lane) continue
      cell.standing = Lane.system
      return cell
    }
  }
}

function placeOf(cell: Cell, lane: LaneNumber): Place {
  const known = cell.places[lane]
  if (known !== undefined) return known
  const place = { cell, lane, isQueued: false }
  cell.places[lane] = place
  return place
}
