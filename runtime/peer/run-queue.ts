/**
 * Which actor of this thread runs next: an actor stands in the lane of its best message (M2).
 *
 * An actor that is already queued and gets a more urgent message is queued again further up; its
 * older entry is then stale and skipped. So queueing is O(1) and nothing is searched.
 *
 * Invariant: an actor has at most one entry in each lane, stale or not. So however its messages
 * alternate, it takes no more of a lane's places than any other actor there.
 */
import type { Cell } from '../../actors/cell/cell.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import { WeightedLanes } from '../../mailbox/weighted-lanes.ts'

export class RunQueue {
  readonly #lanes = new WeightedLanes<Cell>()

  /** Entries, stale ones included. */
  get size(): number {
    return this.#lanes.size
  }

  enqueue(cell: Cell, lane: LaneNumber): void {
    if (cell.standing !== Lane.system && cell.standing <= lane) return
    cell.standing = lane
    const bit = 1 << lane
    if ((cell.queuedIn & bit) !== 0) return
    cell.queuedIn |= bit
    this.#lanes.offer(lane, cell)
  }

  /** The next actor with something to do, no longer queued. */
  take(): Cell | undefined {
    for (;;) {
      const cell = this.#lanes.take()
      if (cell === undefined) return undefined
      const lane = this.#lanes.lastLane
      cell.queuedIn &= ~(1 << lane)
      if (cell.standing !== lane) continue
      cell.standing = Lane.system
      return cell
    }
  }
}
