/**
 * How often and how soon to try again: the restart budget of an actor (F1) and growing pauses.
 */

/** Milliseconds before attempt `n` (from 1): doubling, capped, with half of it as jitter. */
export function pauseBefore(n: number, first: number, longest: number, jitter: number): number {
  const full = Math.min(longest, first * 2 ** Math.min(n - 1, 30))
  return full / 2 + (full / 2) * jitter
}

/** Counts restarts in a sliding window. */
export class RestartBudget {
  readonly #limit: number
  readonly #within: number
  #times: number[] = []

  /** @param within window in ms */
  constructor(limit: number, within: number) {
    this.#limit = limit
    this.#within = within
  }

  /** Restarts in the window that ends at `now`. */
  used(now: number): number {
    this.#times = this.#times.filter((time) => now - time < this.#within)
    return this.#times.length
  }

  /** Takes one restart; false when the budget is spent. */
  take(now: number): boolean {
    if (this.used(now) >= this.#limit) return false
    this.#times.push(now)
    return true
  }
}
