/**
 * An app's gates by name, as a dependency: `at(name)` is the way in for whoever makes calls, on any
 * host; behind it stands the actor of `gate-actor.ts`.
 */
import { randomUUID } from 'node:crypto'
import { checkKey } from '../../../mailbox/address.ts'
import { type Clock, SystemClock } from '../../../mailbox/clock.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import { aDuration, aFunction, anObject, checkOptions, nearest } from '../../../mailbox/options.ts'
import type { HostInfo } from '../../app.ts'
import {
  checkGateRequest,
  checkSettlement,
  type Gate,
  type GateRequest,
  type Permit,
  type Settlement,
  waitingLane,
} from './gate.ts'
import { GateTurn } from './gate-actor.ts'
import { checkLimits, type GateLimits, LocalGate } from './local-gate.ts'

/** Options of {@link gates}. */
export interface GatesOptions {
  /**
   * Most ms a call holds its permit; then its host counts as dead. Longer than the longest call with
   * its timeout. Default 600,000.
   */
  readonly lease?: number
  /** Most ms a call waits for its turn; then it fails with ASK_TIMEOUT. Default 600,000. */
  readonly patience?: number
  /** For tests. Default: the system's clock. */
  readonly clock?: Clock
  /** Makes ids. Default: `randomUUID`. */
  readonly id?: () => string
}

/**
 * The gates of an app, one of each name for all its hosts. Put them into `deps` under the name `gates`
 * and list `gateTurn` among the app's actors.
 *
 * @param limits by a name of your own, for example the model's
 * @param host what `deps` is given
 * @throws OPTION_INVALID
 */
export function gates(
  limits: { readonly [name: string]: GateLimits },
  host: Pick<HostInfo, 'ref' | 'meter'>,
  options: GatesOptions = {},
): Gates {
  checkOptions('gates', options, {
    lease: aDuration,
    patience: aDuration,
    clock: anObject,
    id: aFunction,
  })
  for (const [name, each] of Object.entries(limits)) {
    checkKey(name)
    checkLimits(each)
  }
  return new Gates(limits, host, options)
}

/** Gates by name; made by {@link gates}. */
export class Gates {
  readonly #limits: ReadonlyMap<string, GateLimits>
  readonly #host: Pick<HostInfo, 'ref' | 'meter'>
  readonly #options: GatesOptions
  readonly #clock: Clock
  readonly #local = new Map<string, LocalGate>()

  /** @internal */
  constructor(
    limits: { readonly [name: string]: GateLimits },
    host: Pick<HostInfo, 'ref' | 'meter'>,
    options: GatesOptions,
  ) {
    this.#limits = new Map(Object.entries(limits))
    this.#host = host
    this.#options = options
    this.#clock = options.clock ?? new SystemClock()
  }

  /**
   * The gate of this name, from any host.
   * @throws OPTION_INVALID when there is none
   */
  at(name: string): Gate {
    this.#limitsOf(name)
    return { enter: (request, signal) => this.#enter(name, request, signal) }
  }

  /**
   * The gate of this name in this thread: where its actors are, and not for callers.
   * @throws OPTION_INVALID when there is none
   */
  local(name: string): LocalGate {
    const known = this.#local.get(name)
    if (known !== undefined) return known
    const gate = new LocalGate(this.#limitsOf(name), { clock: this.#clock })
    this.#local.set(name, gate)
    return gate
  }

  async #enter(name: string, request: GateRequest, signal?: AbortSignal): Promise<Permit> {
    const { lease = 600_000, patience = 600_000, id = randomUUID } = this.#options
    checkGateRequest(request)
    const { tokens = 0, tenant = '' } = request
    const lane = waitingLane(request.lane)
    const turn = this.#host.ref(GateTurn, `${name}/${id()}`)
    // In the caller's lane, so that nobody is held up on the way to the line.
    const settle = (settlement: Settlement): void => {
      // Waits for room on the way; what is lost with a host is freed by the lease.
      turn.deliver.settle(settlement, { lane }).catch(() => {})
    }
    const start = this.#clock.mono()
    const options = { lane, within: patience, ...(signal !== undefined && { signal }) }
    const entering = turn.ask.enter({ tokens, lane, tenant, lease }, options)
    const entered = await entering.catch((error: unknown) => {
      // It may have been let through while we gave up.
      settle({ tokens: 0 })
      throw error
    })
    if (!entered.through) {
      throw new TroupeError(entered.code, entered.message, { fields: entered.fields })
    }
    this.#host.meter?.observe(
      'troupe_gate_wait_seconds',
      (this.#clock.mono() - start) / 1_000,
      name,
    )
    return onlyOnce(settle)
  }

  #limitsOf(name: string): GateLimits {
    const limits = this.#limits.get(name)
    if (limits !== undefined) return limits
    const near = nearest(name, this.#limits.keys())
    const hint =
      near === undefined ? `there are ${[...this.#limits.keys()]}` : `did you mean "${near}"?`
    throw new TroupeError('OPTION_INVALID', `gates: there is no gate "${name}"; ${hint}`)
  }
}

function onlyOnce(settle: (settlement: Settlement) => void): Permit {
  let settled = false
  return {
    settle(settlement = {}) {
      if (settled) return
      checkSettlement(settlement)
      settled = true
      settle(settlement)
    },
  }
}
