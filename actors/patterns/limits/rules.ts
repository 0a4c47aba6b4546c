/**
 * What is limited and for whom. Owns the shape of rules and requests and which buckets a request takes
 * from; when it may is the business of `limiter.ts`.
 */
import { TroupeError } from '../../../mailbox/errors.ts'
import { anInteger, anObject, checkOptions, type OptionCheck } from '../../../mailbox/options.ts'
import { type BucketRule, Buckets } from './bucket.ts'

/** The rates of each user, tenant or model. */
export interface Rates {
  readonly requests?: BucketRule
  /** Tokens, or any other measure of cost. */
  readonly tokens?: BucketRule
}

/** What a limiter lets through. What is not given is not limited. */
export interface LimitRules {
  /** Of each user; users of different tenants are different users. */
  readonly user?: Rates
  readonly tenant?: Rates
  readonly model?: Rates
  /** Most users, tenants and models that are remembered, of each; default 10,000. */
  readonly remembered?: number
  /** Most requests that may wait; default 1,000. */
  readonly waiting?: number
}

/** Who asks, and for how much. */
export interface LimitRequest {
  readonly user?: string
  readonly tenant?: string
  readonly model?: string
  /** Tokens that it may use at most: they are reserved. Default 0. */
  readonly tokens?: number
}

const dimensions = ['user', 'tenant', 'model'] as const
const units = ['requests', 'tokens'] as const

/** One bucket that a request takes from. */
export interface Charge {
  /** Names it in an error: `tokens of the user`. */
  readonly by: string
  readonly unit: (typeof units)[number]
  readonly buckets: Buckets
  readonly name: string
  readonly amount: number
}

interface Rule {
  readonly dimension: (typeof dimensions)[number]
  readonly unit: (typeof units)[number]
  readonly buckets: Buckets
}

export class Rules {
  readonly #rules: readonly Rule[]

  /** @throws OPTION_INVALID */
  constructor(rules: LimitRules) {
    checkRules(rules)
    this.#rules = dimensions.flatMap((dimension) =>
      units.flatMap((unit) => {
        const bucket = rules[dimension]?.[unit]
        if (bucket === undefined) return []
        return { dimension, unit, buckets: new Buckets(bucket, rules.remembered ?? 10_000) }
      }),
    )
  }

  /** Buckets that are remembered now. */
  get remembered(): number {
    return this.#rules.reduce((sum, { buckets }) => sum + buckets.size, 0)
  }

  /**
   * @throws OPTION_INVALID when a name that a rule needs is missing
   * @throws RATE_TOO_LARGE when it could never be let through
   */
  charges(request: LimitRequest): Charge[] {
    checkRequest(request)
    const { tokens = 0 } = request
    return this.#rules.map(({ dimension, unit, buckets }) => {
      const by = `${unit} of the ${dimension}`
      const amount = unit === 'requests' ? 1 : tokens
      if (amount > buckets.burst) throw tooLarge(by, amount, buckets.burst)
      return { by, unit, buckets, name: nameOf(dimension, request), amount }
    })
  }
}

/** Whom requests of a line of their own belong to. */
export const subjectOf = ({ user, tenant, model }: LimitRequest): string =>
  JSON.stringify([tenant, user, model])

function nameOf(dimension: Rule['dimension'], request: LimitRequest): string {
  const name = request[dimension]
  if (name === undefined) {
    throw new TroupeError(
      'OPTION_INVALID',
      `limiter.take: there is a rule for each ${dimension}, so the request must name its ${dimension}`,
      { fields: { option: dimension } },
    )
  }
  return dimension === 'user' ? JSON.stringify([request.tenant, name]) : name
}

function tooLarge(by: string, amount: number, burst: number): TroupeError {
  return new TroupeError(
    'RATE_TOO_LARGE',
    `The request is for ${amount} ${by}, and at most ${burst} are let through at once: ask for less or raise "burst".`,
    { fields: { by, amount, burst } },
  )
}

const aName: OptionCheck = (value) =>
  typeof value === 'string' && value.length <= 512 ? undefined : 'a text of at most 512 characters'
const anAmount: OptionCheck = (value) =>
  Number.isFinite(value) && (value as number) >= 0 ? undefined : 'a finite number, 0 or more'
const aRate: OptionCheck = (value) =>
  Number.isFinite(value) && (value as number) > 0 ? undefined : 'a finite number above 0'

/** @throws OPTION_INVALID */
export function checkRules(rules: LimitRules): void {
  const { remembered, waiting } = { remembered: anInteger(1), waiting: anInteger(0) }
  checkOptions('rateLimiter', rules, {
    ...{ user: anObject, tenant: anObject, model: anObject },
    ...{ remembered, waiting },
  })
  for (const dimension of dimensions) {
    const rates = rules[dimension]
    if (rates === undefined) continue
    checkOptions(`rateLimiter ${dimension}`, rates, { requests: anObject, tokens: anObject })
    for (const unit of units) {
      const bucket = rates[unit]
      if (bucket === undefined) continue
      checkOptions(`rateLimiter ${dimension} ${unit}`, bucket, { perMinute: aRate, burst: aRate })
    }
  }
}

/** @throws OPTION_INVALID */
export function checkRequest(request: LimitRequest): void {
  checkOptions('limiter.take', request, {
    ...{ user: aName, tenant: aName, model: aName },
    tokens: anAmount,
  })
}

/** @throws OPTION_INVALID */
export function checkUsed(used: { readonly tokens?: number }): void {
  checkOptions('reservation.settle', used, { tokens: anAmount })
}
