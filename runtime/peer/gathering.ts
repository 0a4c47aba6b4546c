/**
 * When records that nobody waits for leave their thread: with the next one that somebody waits for, at once
 * after a while of silence, else {@link gatherTime} after the frame before. So a record is a few ms late at
 * most, and a flood of them costs fifty frames and commits a second instead of a thousand.
 */
import type { Alarms, Due } from '../../mailbox/alarms.ts'

/** Ms between two frames in which nobody waits for anything. */
export const gatherTime = 20

/** The thread whose records they are. */
export interface GatheringThread {
  readonly alarms: Pick<Alarms, 'add' | 'remove'>
  /** Monotonic ms. */
  readonly coarse: number
  /** Somebody waits until nothing is out: then nothing is held. */
  readonly isAwaited: boolean
  touched(): void
}

export class Gathering implements Due {
  at = Number.NEGATIVE_INFINITY
  slot = -1
  readonly #thread: GatheringThread

  constructor(thread: GatheringThread) {
    this.#thread = thread
  }

  /** Whether what was collected stays for now; then an alarm stands for when it leaves. */
  holds(): boolean {
    if (this.#thread.isAwaited || this.#thread.coarse >= this.at) return false
    if (this.slot < 0) this.#thread.alarms.add(this)
    return true
  }

  /** A frame leaves. */
  left(): void {
    if (this.slot >= 0) this.#thread.alarms.remove(this)
    this.at = this.#thread.coarse + gatherTime
  }

  due(): void {
    this.#thread.touched()
  }
}
