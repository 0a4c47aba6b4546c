/**
 * One of many orders in which the same things can happen: how many turns of the event loop each
 * hop takes, by a seed. The same seed gives the same order, as long as the code under test takes
 * time and randomness from `ctx`.
 */
import { Seeded } from '../../actors/cell/seeded.ts'

/** Most turns of the event loop that one hop takes. */
const longestHop = 4

export class Schedule {
  readonly seed: number
  readonly #random: Seeded

  constructor(seed: number) {
    this.seed = seed
    this.#random = new Seeded(`schedule ${seed}`)
  }

  /** Turns of the event loop until the next thing happens; at least 1. */
  hop(): number {
    return 1 + Math.floor(this.#random.random() * longestHop)
  }
}
