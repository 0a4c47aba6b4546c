/**
 * What a turn may still spend: of its own, of its conversation, and of its tree, which is this turn with
 * everything that it asks other agents to do.
 *
 * Counts only what is recorded (results of steps, `ctx.now`), so that a turn that is run again comes to
 * the same answers (R2). A call is checked before it is made, by what it could cost at most.
 */
import { TroupeError } from '../../../mailbox/errors.ts'
import {
  aDuration,
  anInteger,
  anObject,
  checkOptions,
  type OptionCheck,
} from '../../../mailbox/options.ts'
import type { Lease, Spent, StopReason } from '../conversation.ts'
import type { Price } from '../models/usage.ts'
import { added, nothingSpent } from './state.ts'

/** Most of each; what is not named is not limited. */
export interface Limits {
  /** Model calls and tool calls. */
  readonly steps?: number
  readonly tokens?: number
  /** In the currency of the prices. */
  readonly money?: number
  /** Wall time. */
  readonly ms?: number
}

/** What an agent may spend. */
export interface Budget {
  /** On one message, by itself. Default: 50 steps. */
  readonly turn?: Limits
  /** On all messages together, by itself. */
  readonly conversation?: Limits
  /** On one message, with all the agents that are asked for it, and those that they ask. */
  readonly tree?: Limits
  /** Most agents above it. Default 5. */
  readonly depth?: number
  /** By id of a model; needed where money is limited. */
  readonly prices?: Readonly<Record<string, Price>>
}

type What = keyof Limits
type Scope = 'turn' | 'conversation' | 'tree'

const whats: readonly What[] = ['steps', 'tokens', 'money', 'ms']

/** One limit that was reached. */
export class Exceeded {
  readonly reason: StopReason

  constructor(scope: Scope, what: What | 'depth', limit: number, spent: number) {
    this.reason = {
      code: 'BUDGET_EXCEEDED',
      message: `The budget of the ${scope} is used up: ${what} ${round(spent)} of ${limit}.`,
      fields: { scope, what, limit, spent },
    }
  }
}

const round = (value: number): number => Math.round(value * 1e6) / 1e6

export class BudgetWatch {
  readonly #limits: Readonly<Record<Scope, Limits>>
  readonly #before: Spent
  readonly #startedAt: number
  readonly #depth: number
  /** By this turn itself. */
  #own: Spent = nothingSpent
  /** By agents that it asked. */
  #below: Spent = nothingSpent
  /** Handed down to agents that have not answered. */
  #leased: Spent = nothingSpent
  readonly #mostDepth: number

  constructor(budget: Budget, before: Spent, lease: Lease | undefined, now: number) {
    this.#limits = {
      turn: { steps: 50, ...budget.turn },
      conversation: budget.conversation ?? {},
      tree: withLease(budget.tree ?? {}, lease, now),
    }
    this.#before = before
    this.#startedAt = now
    this.#depth = lease?.depth ?? 0
    this.#mostDepth = budget.depth ?? 5
  }

  /** What this turn itself used up by then. */
  own(now: number): Spent {
    return { ...this.#own, ms: now - this.#startedAt }
  }

  /** With all that was asked for it. */
  total(now: number): Spent {
    return { ...added(this.#own, this.#below), ms: now - this.#startedAt }
  }

  add(spent: Partial<Spent>): void {
    this.#own = added(this.#own, spent)
  }

  /** Whether calls that cost at most this may be made. */
  check(most: Partial<Spent>, now: number): Exceeded | undefined {
    if (this.#depth > this.#mostDepth) {
      return new Exceeded('tree', 'depth', this.#mostDepth, this.#depth)
    }
    for (const scope of ['turn', 'conversation', 'tree'] as const) {
      for (const what of whats) {
        const limit = this.#limits[scope][what]
        const spent = this.#spent(scope, now)[what]
        const wanted = what === 'ms' ? 1 : (most[what] ?? 0)
        if (limit !== undefined && spent + wanted > limit) {
          return new Exceeded(scope, what, limit, spent)
        }
      }
    }
    return undefined
  }

  /** The least that is left of one thing; Infinity without a limit. */
  left(what: What, now: number): number {
    let least = Number.POSITIVE_INFINITY
    for (const scope of ['turn', 'conversation', 'tree'] as const) {
      const limit = this.#limits[scope][what]
      if (limit !== undefined) least = Math.min(least, limit - this.#spent(scope, now)[what])
    }
    return Math.max(0, least)
  }

  /** The scope that a time limit, which rang by itself, belongs to. */
  timeIsUp(now: number): Exceeded {
    const left = (scope: Scope): number =>
      (this.#limits[scope].ms ?? Number.POSITIVE_INFINITY) - this.#spent(scope, now).ms
    const scope = (['turn', 'conversation', 'tree'] as const).reduce((a, b) =>
      left(b) < left(a) ? b : a,
    )
    return new Exceeded(scope, 'ms', this.#limits[scope].ms ?? 0, this.#spent(scope, now).ms)
  }

  #spent(scope: Scope, now: number): Spent {
    const own = this.own(now)
    if (scope === 'turn') return own
    return scope === 'tree'
      ? added(added(own, this.#below), this.#leased)
      : added(this.#before, own)
  }

  /**
   * Hands a part of what is left of the tree down to an agent that is asked.
   * @param parts how many share what is left, this one included
   */
  lease(parts: number, now: number): OpenLease {
    const { tree } = this.#limits
    const spent = this.#spent('tree', now)
    const share = (what: 'steps' | 'tokens' | 'money'): number | undefined => {
      const limit = tree[what]
      if (limit === undefined) return undefined
      const part = Math.max(0, limit - spent[what]) / parts
      return what === 'money' ? part : Math.floor(part)
    }
    const [steps, tokens, money] = [share('steps'), share('tokens'), share('money')]
    const lease: Lease = {
      depth: this.#depth + 1,
      ...(steps !== undefined && { steps }),
      ...(tokens !== undefined && { tokens }),
      ...(money !== undefined && { money }),
      ...(tree.ms !== undefined && { until: this.#startedAt + tree.ms }),
    }
    const held = { steps: steps ?? 0, tokens: tokens ?? 0, money: money ?? 0, ms: 0 }
    this.#leased = added(this.#leased, held)
    let isOpen = true
    return {
      lease,
      // One that did not say what it spent may have spent all that it had.
      settle: (used) => {
        if (!isOpen) return
        isOpen = false
        this.#leased = added(this.#leased, negative(held))
        this.#below = added(this.#below, { ...(used ?? held), ms: 0 })
      },
    }
  }
}

/** What an agent that is asked may spend, until it has answered. */
export interface OpenLease {
  readonly lease: Lease
  /** Only the first time counts. @param used what it said it spent; undefined when it did not answer */
  settle(used: Spent | undefined): void
}

const negative = ({ steps, tokens, money, ms }: Spent): Spent => ({
  steps: -steps,
  tokens: -tokens,
  money: -money,
  ms: -ms,
})

/** Its own limits of a tree, and what it was handed: the lower of each. */
function withLease(own: Limits, lease: Lease | undefined, now: number): Limits {
  if (lease === undefined) return own
  const handed: Limits = {
    ...(lease.steps !== undefined && { steps: lease.steps }),
    ...(lease.tokens !== undefined && { tokens: lease.tokens }),
    ...(lease.money !== undefined && { money: lease.money }),
    ...(lease.until !== undefined && { ms: Math.max(0, lease.until - now) }),
  }
  const lowest = Object.fromEntries(
    whats.flatMap((what) => {
      const both = [own[what], handed[what]].filter((limit) => limit !== undefined)
      return both.length === 0 ? [] : [[what, Math.min(...both)]]
    }),
  )
  return lowest as Limits
}

/** @throws OPTION_INVALID */
export function checkBudget(what: string, budget: Budget): void {
  checkOptions(`${what} budget`, budget, {
    turn: anObject,
    conversation: anObject,
    tree: anObject,
    depth: anInteger(0),
    prices: anObject,
  })
  for (const scope of ['turn', 'conversation', 'tree'] as const) {
    const limits = budget[scope]
    if (limits !== undefined) checkOptions(`${what} budget ${scope}`, limits, limitChecks)
  }
  if (limitsMoney(budget) && Object.keys(budget.prices ?? {}).length === 0) {
    throw new TroupeError('OPTION_INVALID', `${what}: a budget of money needs "prices"`)
  }
}

const anAmount: OptionCheck = (value) =>
  typeof value === 'number' && value >= 0 && Number.isFinite(value)
    ? undefined
    : 'a number, 0 or more'

const limitChecks = {
  steps: anInteger(0),
  tokens: anInteger(0),
  money: anAmount,
  ms: aDuration,
}

/**
 * What a model costs.
 * @throws OPTION_INVALID when money is limited and the model is not among the prices
 */
export function priceOf(budget: Budget, model: string): Price | undefined {
  const price = budget.prices?.[model]
  if (price !== undefined || !limitsMoney(budget)) return price
  throw new TroupeError(
    'OPTION_INVALID',
    `budget: money is limited, and model "${model}" has no price: add it to "prices"`,
  )
}

/** What a call is checked by, before it is known which model makes it: the dearest. */
export function dearest({ prices = {} }: Budget): Price {
  const all = Object.values(prices)
  return {
    input: Math.max(0, ...all.map(({ input }) => input)),
    output: Math.max(0, ...all.map(({ output }) => output)),
  }
}

const limitsMoney = ({ turn, conversation, tree }: Budget): boolean =>
  [turn, conversation, tree].some((limits) => limits?.money !== undefined)
