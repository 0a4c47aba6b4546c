/**
 * A gate in the memory of one thread. p-queue runs the calls and counts those that run; `Turns` is the
 * queue it takes them from, and says who is next (`Line`) and whether yet (`Minute`, `Retry-After`).
 *
 * 1. No limit is exceeded in any window of a minute, as far as reservations cover what calls use.
 * 2. Nobody waits for ever, whatever comes behind or in a more urgent lane.
 * 3. While nobody waits, nothing wakes (S4).
 */
import PQueue from 'p-queue'
import { type CancelAlarm, type Clock, SystemClock } from '../../../mailbox/clock.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import type { UserLane } from '../../../mailbox/lane.ts'
import { anInteger, checkOptions } from '../../../mailbox/options.ts'
import {
  checkGateRequest,
  checkSettlement,
  type Gate,
  type GateRequest,
  type Permit,
  type Settlement,
  waitingLane,
} from './gate.ts'
import { type InLine, Line } from './line.ts'
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

type Run = () => Promise<unknown>

class Turn implements InLine {
  readonly lane: UserLane
  readonly tenant: string
  readonly tokens: number
  run: Run | undefined
  id = ''
  start: Start | undefined

  constructor({ lane, tenant = '', tokens = 0 }: GateRequest) {
    this.lane = waitingLane(lane)
    this.tenant = tenant
    this.tokens = tokens
  }

  get cost(): number {
    return Math.max(1, this.tokens)
  }
}

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

interface TurnOptions {
  readonly id?: string
  readonly turn: Turn
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

/** The queue p-queue takes calls from; empty to it while nobody may go yet. */
class Turns {
  readonly #clock: Clock
  readonly #minute: Minute
  readonly #look: () => void
  readonly #line = new Line<Turn>()
  readonly #ids = new Map<string, Turn>()
  #closedUntil = 0
  #alarm: { readonly at: number; readonly cancel: CancelAlarm } | undefined

  constructor(clock: Clock, minute: Minute, look: () => void) {
    this.#clock = clock
    this.#minute = minute
    this.#look = look
  }

  get waiting(): number {
    return this.#line.size
  }

  get tokens(): number {
    return this.#minute.tokensAt(this.#clock.mono())
  }

  /** For p-queue: whether there is one to take. */
  get size(): number {
    const next = this.#line.peek()
    const now = this.#clock.mono()
    const at = next === undefined ? now : Math.max(this.#opens(now), this.#fits(now, next))
    this.#lookAt(at > now ? at : undefined)
    return next !== undefined && at <= now ? 1 : 0
  }

  enqueue(run: Run, options: Partial<TurnOptions> = {}): void {
    const { turn, id } = options as Required<TurnOptions>
    turn.run = run
    turn.id = id
    this.#ids.set(id, turn)
    this.#line.add(turn)
  }

  dequeue(): Run | undefined {
    const turn = this.#line.take()
    if (turn === undefined) return undefined
    this.#ids.delete(turn.id)
    turn.start = this.#minute.start(this.#clock.mono(), turn.tokens)
    return turn.run
  }

  remove(id: string): void {
    const turn = this.#ids.get(id)
    this.#ids.delete(id)
    if (turn !== undefined) this.#line.remove(turn)
  }

  /** p-queue asks for these two only where nobody here does. */
  filter(): Run[] {
    return []
  }

  setPriority(): void {}

  settled(start: Start, tokens: number | undefined, pause: number): void {
    if (tokens !== undefined) this.#minute.settle(start, tokens)
    this.#closedUntil = Math.max(this.#closedUntil, this.#clock.mono() + pause)
  }

  #opens(now: number): number {
    return Math.max(now, this.#closedUntil)
  }

  #fits(now: number, { tokens }: Turn): number {
    return this.#minute.fits(now, tokens)
  }

  #lookAt(at: number | undefined): void {
    if (this.#alarm?.at === at) return
    this.#alarm?.cancel()
    this.#alarm = undefined
    if (at === undefined) return
    const cancel = this.#clock.alarm(at, () => {
      this.#alarm = undefined
      this.#look()
    })
    this.#alarm = { at, cancel }
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
