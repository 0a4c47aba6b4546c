/**
 * Which actor of this thread runs next: an actor stands in the lane of its best message (M2).
 *
 * An actor that is already queued and gets a more urgent message is queued again further up; its
 * older entry is then stale and skipped. So queueing is O(1) and nothing is searched.
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
    this.#lanes.offer(lane, cell)
  }

  /** The next actor with something to do, no longer queued. */
  take(): Cell | undefined {
    for (;;) {
      const cell = this.#lanes.take()
      if (cell === undefined) return undefined
      if (cell.standing === Lane.system) continue
      cell.standing = Lane.system
      return cell
    }
  }
}
