/**
 * The one retry layer of model calls: full jitter, bounded attempts, and a budget over all calls of a
 * model, so that an outage is not answered with a multiple of the load that caused it.
 *
 * Sources: "Exponential Backoff And Jitter" (AWS Architecture Blog) for the jitter, Finagle's
 * `RetryBudget` for the budget.
 */
import { isTerminal, TroupeError } from '../../../mailbox/errors.ts'
import { aDuration, anInteger, checkOptions } from '../../../mailbox/options.ts'

/** How failed attempts are repeated. */
export interface RetryOptions {
  /** Most attempts of one call, the first included. Default 4. */
  readonly attempts?: number
  /** The first pause is from 0 to this many ms, the next from 0 to twice as many. Default 500. */
  readonly backoff?: number
  /** Longest pause in ms; a service that asks for more gets no retry. Default 30,000. */
  readonly maxBackoff?: number
  /** Retries that may be used up before successful calls earn new ones, five for one. Default 20. */
  readonly budget?: number
}

const earned = 0.2

export class Retry {
  readonly #attempts: number
  readonly #backoff: number
  readonly #maxBackoff: number
  readonly #budget: number
  readonly #random: () => number
  #left: number

  constructor(options: RetryOptions, random: () => number) {
    checkOptions('model retry', options, retryChecks)
    this.#attempts = options.attempts ?? 4
    this.#backoff = options.backoff ?? 500
    this.#maxBackoff = options.maxBackoff ?? 30_000
    this.#budget = options.budget ?? 20
    this.#left = this.#budget
    this.#random = random
  }

  /** A call succeeded and earns a part of a retry. */
  succeeded(): void {
    this.#left = Math.min(this.#budget, this.#left + earned)
  }

  /**
   * Whether to try again, and paid for.
   * @param made attempts so far
   * @returns ms to wait first; undefined when the error stands
   */
  next(made: number, error: unknown): number | undefined {
    if (made >= this.#attempts || !(error instanceof TroupeError) || isTerminal(error)) return
    const asked = Number(error.fields['retryAfter'] ?? 0)
    if (asked > this.#maxBackoff || this.#left < 1) return
    this.#left -= 1
    const bound = Math.min(this.#maxBackoff, this.#backoff * 2 ** (made - 1))
    // Not less than asked for, and not all at the moment asked for.
    return asked + this.#random() * bound
  }
}

const retryChecks = {
  attempts: anInteger(1),
  backoff: aDuration,
  maxBackoff: aDuration,
  budget: anInteger(0),
}
