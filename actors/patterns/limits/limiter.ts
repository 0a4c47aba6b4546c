/**
 * A rate limiter in the memory of one thread. Each request takes from all its buckets together or waits.
 *
 * 1. No bucket gives more than it has (`bucket.ts`), at any time.
 * 2. Requests of one user, tenant and model keep their order; those of different ones take turns.
 * 3. Nobody is starved: what the first in turn waits for is not taken by others, who may pass it only
 *    where that does not delay it (as backfilling does in a scheduler of batch jobs). So a user over the
 *    limit holds up nobody else, and a large request is not passed over for ever by small ones.
 * 4. While nobody waits, nothing wakes (S4); while somebody does, it wakes when there is room, no sooner.
 */
import { type CancelAlarm, type Clock, SystemClock } from '../../../mailbox/clock.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import { aDuration, anObject, aSignal, checkOptions } from '../../../mailbox/options.ts'
import { cancelled } from '../flight.ts'
import type { Taken } from './bucket.ts'
import {
  type Charge,
  checkUsed,
  type LimitRequest,
  type LimitRules,
  Rules,
  subjectOf,
} from './rules.ts'

/** How long a request may wait. */
export interface WaitOptions {
  /** Most ms; default 0: refused at once when there is no room. */
  readonly within?: number
  readonly signal?: AbortSignal
}

/** What a request has taken. */
export interface Reservation {
  /** It has ended, and used so many tokens: the rest is given back. The first time counts. */
  settle(used: { readonly tokens?: number }): void
}

/** The port to a limiter. */
export interface RateLimiter {
  /**
   * @throws RATE_LIMITED with `retryAfter` (ms) and `by`, the rule
   * @throws RATE_TOO_LARGE when it could never be let through
   * @throws CANCELLED when the signal aborts while it waits
   */
  take(request: LimitRequest, options?: WaitOptions): Promise<Reservation>
}

interface Waiter {
  readonly subject: string
  readonly charges: readonly Charge[]
  through?: readonly Taken[]
  readonly go: () => void
}

export class LocalLimiter implements RateLimiter {
  readonly #rules: Rules
  readonly #most: number
  readonly #clock: Clock
  /** By subject, in the order of their turns; each with its requests in order. */
  readonly #lines = new Map<string, Waiter[]>()
  #waiting = 0
  #alarm: CancelAlarm | undefined

  /** @throws OPTION_INVALID */
  constructor(rules: LimitRules, options: { readonly clock?: Clock } = {}) {
    checkOptions('rateLimiter', options, { clock: anObject })
    this.#rules = new Rules(rules)
    this.#most = rules.waiting ?? 1_000
    this.#clock = options.clock ?? new SystemClock()
  }

  /** Requests that wait, and buckets that are not full. */
  get stats(): { readonly waiting: number; readonly remembered: number } {
    return { waiting: this.#waiting, remembered: this.#rules.remembered }
  }

  async take(request: LimitRequest, options: WaitOptions = {}): Promise<Reservation> {
    checkOptions('limiter.take', options, { within: aDuration, signal: aSignal })
    const { within = 0, signal } = options
    if (signal?.aborted === true) throw cancelled(signal)
    const charges = this.#rules.charges(request)
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiter: Waiter = { subject: subjectOf(request), charges, go: resolve }
    this.#join(waiter)
    this.#serve()
    if (waiter.through === undefined) await this.#wait(waiter, promise, within, signal)
    return this.#reservation(waiter)
  }

  /** @throws RATE_LIMITED, CANCELLED */
  async #wait(
    waiter: Waiter,
    turn: Promise<void>,
    within: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const now = this.#clock.mono()
    const hopeless = this.#opens(waiter, now) - now > within
    if (within === 0 || hopeless || this.#waiting > this.#most) throw this.#refuse(waiter)
    const { promise: over, reject } = Promise.withResolvers<never>()
    const leave = (): void => {
      this.#leave(waiter)
      this.#serve()
      reject(cancelled(signal as AbortSignal))
    }
    signal?.addEventListener('abort', leave, { once: true })
    const cancel = this.#clock.alarm(now + within, () => {
      this.#serve()
      if (waiter.through === undefined) reject(this.#refuse(waiter))
    })
    try {
      await Promise.race([turn, over])
    } finally {
      cancel()
      signal?.removeEventListener('abort', leave)
    }
  }

  #reservation({ charges, through = [] }: Waiter): Reservation {
    let settled = false
    return {
      settle: (used) => {
        checkUsed(used)
        if (settled || used.tokens === undefined) return
        settled = true
        const now = this.#clock.mono()
        for (const [n, { unit, buckets }] of charges.entries()) {
          if (unit === 'tokens') buckets.settle(through[n] as Taken, used.tokens, now)
        }
        this.#serve()
      },
    }
  }

  #join(waiter: Waiter): void {
    const line = this.#lines.get(waiter.subject) ?? []
    line.push(waiter)
    this.#lines.set(waiter.subject, line)
    this.#waiting += 1
  }

  #leave(waiter: Waiter): void {
    const line = this.#lines.get(waiter.subject) ?? []
    const at = line.indexOf(waiter)
    if (at < 0) return
    line.splice(at, 1)
    this.#waiting -= 1
    if (line.length === 0) this.#lines.delete(waiter.subject)
  }

  /** Lets through whoever may go. A line that was served comes last, and its next one is looked at there. */
  #serve(): void {
    const now = this.#clock.mono()
    let first: Waiter | undefined
    let next = Number.POSITIVE_INFINITY
    for (const line of this.#lines.values()) {
      const waiter = line[0] as Waiter
      const at = this.#opens(waiter, now)
      if (at <= now && (first === undefined || !this.#delays(waiter, first, now))) {
        this.#let(waiter, line, now)
        continue
      }
      first ??= waiter
      if (at > now) next = Math.min(next, at)
    }
    this.#wakeAt(next)
  }

  #let(waiter: Waiter, line: Waiter[], now: number): void {
    this.#leave(waiter)
    this.#lines.delete(waiter.subject)
    if (line.length > 0) this.#lines.set(waiter.subject, line)
    waiter.through = waiter.charges.map(({ buckets, name, amount }) =>
      buckets.take(name, amount, now),
    )
    waiter.go()
  }

  #opens({ charges }: Waiter, now: number): number {
    return Math.max(now, ...charges.map((charge) => opensAt(charge, now)))
  }

  /** Whether the first in turn would have to wait longer if `waiter` went now. */
  #delays(waiter: Waiter, first: Waiter, now: number): boolean {
    const ready = this.#opens(first, now)
    return first.charges.some((charge) => {
      const other = waiter.charges.find(
        ({ buckets, name }) => buckets === charge.buckets && name === charge.name,
      )
      return other !== undefined && opensAt(charge, now, other.amount) > ready
    })
  }

  #wakeAt(at: number): void {
    this.#alarm?.()
    this.#alarm = undefined
    if (at < Number.POSITIVE_INFINITY) this.#alarm = this.#clock.alarm(at, () => this.#serve())
  }

  /** Takes it out of its line. */
  #refuse(waiter: Waiter): TroupeError {
    const now = this.#clock.mono()
    const [slowest] = waiter.charges.toSorted((a, b) => opensAt(b, now) - opensAt(a, now))
    // Where there is room, it is kept for whoever is first in turn.
    const at = Math.max(this.#opens(waiter, now), this.#firstReady(now))
    this.#leave(waiter)
    this.#serve()
    const { by = 'requests' } = slowest ?? {}
    const retryAfter = Math.max(1, Math.ceil(at - now))
    return new TroupeError(
      'RATE_LIMITED',
      `No room for more ${by}; try again in ${retryAfter} ms.`,
      {
        fields: { retryAfter, by },
      },
    )
  }

  #firstReady(now: number): number {
    const [line] = this.#lines.values()
    return line === undefined ? now : this.#opens(line[0] as Waiter, now)
  }
}

const opensAt = ({ buckets, name, amount }: Charge, now: number, more = 0): number =>
  buckets.opens(name, amount + more, now)

/**
 * A rate limiter for one thread; for all hosts see `limits`.
 * @throws OPTION_INVALID
 */
export function rateLimiter(
  rules: LimitRules,
  options: { readonly clock?: Clock } = {},
): LocalLimiter {
  return new LocalLimiter(rules, options)
}
