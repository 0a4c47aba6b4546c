/**
 * An app's rate limiters by name, as a dependency: `at(name)` is the way in from any host; behind it
 * stands the actor of `turn.ts`.
 */
import { randomUUID } from 'node:crypto'
import { checkKey } from '../../../mailbox/address.ts'
import type { Clock } from '../../../mailbox/clock.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import { aDuration, aFunction, anObject, checkOptions, nearest } from '../../../mailbox/options.ts'
import type { HostInfo } from '../../app.ts'
import { LocalLimiter, type RateLimiter, type Reservation, type WaitOptions } from './limiter.ts'
import { checkRequest, checkRules, checkUsed, type LimitRequest, type LimitRules } from './rules.ts'
import { LimitTurn } from './turn.ts'

/** Options of {@link limits}. */
export interface LimitsOptions {
  /** Most ms from being let through to `settle`; default 600,000. Then what was reserved counts as used. */
  readonly lease?: number
  /** For tests. Default: the system's clock. */
  readonly clock?: Clock
  /** Makes ids. Default: `randomUUID`. */
  readonly id?: () => string
}

/**
 * The limiters of an app, one of each name for all its hosts. Put them into `deps` under the name `limits`
 * and list `limitTurn` among the app's actors.
 *
 * @param rules by a name of your own
 * @param host what `deps` is given
 * @throws OPTION_INVALID
 */
export function limits(
  rules: { readonly [name: string]: LimitRules },
  host: Pick<HostInfo, 'ref'>,
  options: LimitsOptions = {},
): Limits {
  checkOptions('limits', options, { lease: aDuration, clock: anObject, id: aFunction })
  for (const [name, each] of Object.entries(rules)) {
    checkKey(name)
    checkRules(each)
  }
  return new Limits(rules, host, options)
}

/** Rate limiters by name; made by {@link limits}. */
export class Limits {
  readonly #rules: ReadonlyMap<string, LimitRules>
  readonly #host: Pick<HostInfo, 'ref'>
  readonly #options: LimitsOptions
  readonly #local = new Map<string, LocalLimiter>()

  /** @internal */
  constructor(
    rules: { readonly [name: string]: LimitRules },
    host: Pick<HostInfo, 'ref'>,
    options: LimitsOptions,
  ) {
    this.#rules = new Map(Object.entries(rules))
    this.#host = host
    this.#options = options
  }

  /**
   * The limiter of this name, from any host.
   * @throws OPTION_INVALID when there is none
   */
  at(name: string): RateLimiter {
    this.#rulesOf(name)
    return { take: (request, options) => this.#take(name, request, options) }
  }

  /**
   * The limiter of this name in this thread: where its actors are, and not for callers.
   * @throws OPTION_INVALID when there is none
   */
  local(name: string): LocalLimiter {
    const known = this.#local.get(name)
    if (known !== undefined) return known
    const { clock } = this.#options
    const limiter = new LocalLimiter(this.#rulesOf(name), clock === undefined ? {} : { clock })
    this.#local.set(name, limiter)
    return limiter
  }

  async #take(
    name: string,
    request: LimitRequest,
    options: WaitOptions = {},
  ): Promise<Reservation> {
    checkRequest(request)
    const { lease = 600_000, id = randomUUID } = this.#options
    const { within = 0, signal } = options
    const turn = this.#host.ref(LimitTurn, `${name}/${id()}`)
    // In the lane of control, both ways: whoever limits others must not be held up by them.
    const lane = 'control'
    const settle = (used: { readonly tokens?: number }): void => {
      // What is lost with a host counts as used when its lease has passed.
      turn.deliver.settle(used, { lane }).catch(() => {})
    }
    const onTheWay = 10_000
    const asked = { lane, within: within + onTheWay, ...(signal && { signal }) } as const
    const reply = await turn.ask.take({ ...request, within, lease }, asked).catch((error) => {
      // It may have been let through while we gave up.
      settle({ tokens: 0 })
      throw error
    })
    if (!reply.through) throw new TroupeError(reply.code, reply.message, { fields: reply.fields })
    let settled = false
    return {
      settle: (used) => {
        checkUsed(used)
        if (!settled) settle(used)
        settled = true
      },
    }
  }

  #rulesOf(name: string): LimitRules {
    const rules = this.#rules.get(name)
    if (rules !== undefined) return rules
    const near = nearest(name, this.#rules.keys())
    const hint =
      near === undefined ? `there are ${[...this.#rules.keys()]}` : `did you mean "${near}"?`
    throw new TroupeError('OPTION_INVALID', `limits: there is no limiter "${name}"; ${hint}`)
  }
}
