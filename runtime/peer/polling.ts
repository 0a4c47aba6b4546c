/**
 * A thread that has just worked stays awake for a while: waking it up costs 40 to 400 µs, a turn of an
 * event loop that did not sleep 1 to 5. While awake it does nothing but let its event loop turn, which
 * takes in whatever has come: frames, answers of the store, sockets, timers.
 *
 *   asleep ◄── budget spent ── awake ◄── nothing left ── working
 *      └────────── something came ┴─────────────────────────▲
 *
 * Invariants
 * 1. It is awake for no longer than the budget after work (S4).
 * 2. It stays awake only when the last wait was shorter than the budget: whoever gets a message now and
 *    then pays nothing for it.
 * 3. Each time that it was awake in vain makes it sleep through eight times as many short waits before it
 *    tries again, up to {@link mostDoubt}; each time that it was not halves that. On a machine without a
 *    core to spare, who stays awake keeps off the one it waits for.
 */
import type { Clock } from '../../mailbox/clock.ts'

/** Most short waits through which it sleeps after it was awake in vain. */
const mostDoubt = 1_024

/** What a thread's polling needs of it. */
export interface PollingSide {
  readonly clock: Clock
  /** Runs a function at the next turn of the event loop. */
  turn(run: () => void): void
  /** Something may come for which it is worth to stay awake. */
  expects(): boolean
  /** From now on it sleeps. */
  asleep(): void
}

export class Polling {
  readonly #side: PollingSide
  readonly #budget: number
  #awake = false
  #turning = false
  /** The last wait was short. */
  #short = false
  /** Short waits through which it still sleeps. */
  #doubts = 0
  /** How many the next one in vain begins with. */
  #doubt = 0
  /** Monotonic ms of the end of the last work. */
  #since = Number.NEGATIVE_INFINITY

  /** @param budget ms; 0 for a thread that sleeps at once */
  constructor(budget: number, side: PollingSide) {
    this.#budget = budget
    this.#side = side
  }

  /** There is work. */
  work(): void {
    if (this.#budget === 0) return
    this.#short = this.#side.clock.mono() - this.#since <= this.#budget
    if (this.#awake) this.#doubt >>= 1
    else if (this.#short && this.#doubts > 0) this.#doubts -= 1
    this.#awake = false
  }

  /** None is left. */
  rest(): void {
    if (this.#budget === 0) return this.#side.asleep()
    this.#since = this.#side.clock.mono()
    if (!this.#short || this.#doubts > 0 || !this.#side.expects()) return this.#side.asleep()
    this.#awake = true
    if (!this.#turning) this.#turnAgain()
  }

  readonly #turn = (): void => {
    this.#turning = false
    if (!this.#awake) return
    if (this.#side.clock.mono() - this.#since <= this.#budget) return this.#turnAgain()
    this.#awake = false
    this.#doubt = Math.min(mostDoubt, Math.max(1, this.#doubt) * 8)
    this.#doubts = this.#doubt
    this.#side.asleep()
  }

  #turnAgain(): void {
    this.#turning = true
    this.#side.turn(this.#turn)
  }
}
