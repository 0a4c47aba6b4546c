/** How often the threads of each slot died of late: too often, and the slot is given up (F4). */
import type { Clock } from '../../mailbox/clock.ts'

/** Deaths of one slot within {@link deathWindow} that retire it. */
export const maxDeaths = 10
/** Milliseconds. */
const deathWindow = 60_000

export class SlotDeaths {
  readonly #clock: Clock
  /** Monotonic ms, by slot. */
  readonly #deaths = new Map<number, number[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** One more; how many there were of late, this one included. */
  count(slot: number): number {
    const now = this.#clock.mono()
    const recent = (this.#deaths.get(slot) ?? []).filter((at) => now - at < deathWindow)
    recent.push(now)
    this.#deaths.set(slot, recent)
    return recent.length
  }
}
