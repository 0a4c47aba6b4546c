/**
 * A gate in the memory of one thread. p-queue runs the calls and counts those that run; the queue it
 * takes them from says who is next and whether yet (`gate-turns.ts`).
 *
 * 1. No limit is exceeded in any window of a minute, as far as reservations cover what calls use.
 * 2. Nobody waits for ever, whatever comes behind or in a more urgent lane.
 * 3. While nobody waits, nothing wakes (S4).
 */
import PQueue from 'p-queue'
import { type Clock, SystemClock } from '../../../mailbox/clock.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import { anInteger, checkOptions } from '../../../mailbox/options.ts'
import {
  checkGateRequest,
  checkSettlement,
  type Gate,
  type GateRequest,
  type Permit,
  type Settlement,
} from './gate.ts'
import { Turn, type TurnOptions, Turns } from './gate-turns.ts'
import { cancelled } from './metered.ts'
import { Minute, type Start } from './minute.ts'

/** What a gate lets through. What is not given is not limited. */
export interface GateLimits {
  /** Calls at the same time. */
  readonly concurrency?: number
  /** Calls started within any minute. */
  readonly requestsPerMinute?: number
  /** Tokens of calls started within any minute: reserved, and when they have ended used. */
  readonly tokensPerMinute?: number
  /** Calls that may wait; more get GATE_FULL. Default 10,000. */
  readonly waiting?: number
}

/** What a gate is at. */
export interface GateStats {
  readonly waiting: number
  readonly running: number
  /** Tokens that count against the limit now. */
  readonly tokens: number
}

/** Longest pause a service is granted. */
const longestPause = 600_000

/**
 * The caller's signal while it waits, and not longer: p-queue would free the place of a call that is
 * aborted while it runs, and the place is free when it settles.
 */
class Waiting {
  readonly #caller: AbortSignal
  readonly #controller = new AbortController()
  readonly #leave = (): void => this.#controller.abort()

  constructor(caller: AbortSignal) {
    this.#caller = caller
    caller.addEventListener('abort', this.#leave, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  over(): void {
    this.#caller.removeEventListener('abort', this.#leave)
  }
}

export class LocalGate implements Gate {
  readonly #limits: GateLimits
  readonly #turns: Turns
  readonly #queue: PQueue<Turns, TurnOptions>

  /**
   * @throws OPTION_INVALID
   */
  constructor(limits: GateLimits, { clock = new SystemClock() as Clock } = {}) {
    checkLimits(limits)
    const { requestsPerMinute = Infinity, tokensPerMinute = Infinity } = limits
    this.#limits = limits
    const turns = new Turns(clock, new Minute(requestsPerMinute, tokensPerMinute), () =>
      this.#look(),
    )
    this.#turns = turns
    this.#queue = new PQueue({
      concurrency: limits.concurrency ?? Infinity,
      // p-queue makes its queue itself; ours has to know what time it is.
      queueClass: function queue() {
        return turns
      } as unknown as new () => Turns,
    })
  }

  get stats(): GateStats {
    return {
      waiting: this.#turns.waiting,
      running: this.#queue.pending,
      tokens: this.#turns.tokens,
    }
  }

  async enter(request: GateRequest, signal?: AbortSignal): Promise<Permit> {
    if (signal?.aborted === true) throw cancelled(signal)
    this.#check(request)
    const turn = new Turn(request)
    const { promise, resolve, reject } = Promise.withResolvers<Permit>()
    const waiting = signal && new Waiting(signal)
    const run = (): Promise<void> =>
      new Promise((free) => {
        waiting?.over()
        resolve(this.#permit(turn, free))
      })
    this.#queue
      .add(run, { turn, ...(waiting && { signal: waiting.signal }) })
      .catch(() => reject(cancelled(signal as AbortSignal)))
    return await promise
  }

  #permit({ start }: Turn, free: () => void): Permit {
    let settled = false
    return {
      settle: (settlement: Settlement = {}) => {
        if (settled) return
        settled = true
        try {
          checkSettlement(settlement)
          const { tokens, retryAfter = 0 } = settlement
          this.#turns.settled(start as Start, tokens, Math.min(retryAfter, longestPause))
        } finally {
          free()
        }
      },
    }
  }

  #check(request: GateRequest): void {
    checkGateRequest(request)
    const { tokens = 0 } = request
    const { tokensPerMinute = Infinity, waiting = 10_000 } = this.#limits
    if (tokens > tokensPerMinute) {
      throw new TroupeError(
        'GATE_TOO_LARGE',
        `The call may use ${tokens} tokens, its gate lets ${tokensPerMinute} through in a minute: lower maxOutputTokens or shorten the input.`,
        { fields: { tokens, tokensPerMinute } },
      )
    }
    if (this.#turns.waiting >= waiting) {
      throw new TroupeError('GATE_FULL', `${waiting} calls wait at the gate already.`, {
        fields: { waiting },
      })
    }
  }

  /** Time has passed, or room was made: p-queue looks when its concurrency is set. */
  #look(): void {
    const { concurrency } = this.#queue
    this.#queue.concurrency = concurrency
  }
}

/** @throws OPTION_INVALID */
export function checkLimits(limits: GateLimits): void {
  const count = anInteger(1)
  checkOptions('gate', limits, {
    concurrency: count,
    requestsPerMinute: count,
    tokensPerMinute: count,
    waiting: anInteger(0),
  })
}
