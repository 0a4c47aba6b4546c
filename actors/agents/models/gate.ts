/**
 * The port to a gate: where calls of a model or a tool wait for their turn. Owns what is asked and
 * granted; how turns are given is the business of `LocalGate`, and where it stands of `Gates`.
 */
import { type LaneName, laneNames, type UserLane } from '../../../mailbox/lane.ts'
import { checkOptions, type OptionCheck, oneOf } from '../../../mailbox/options.ts'

/** What a call asks of its gate. */
export interface GateRequest {
  /**
   * Tokens the call may use at most: its input and the whole of its output limit, because services
   * reserve that when a call starts. Default 0, for a tool.
   */
  readonly tokens?: number
  /** The lane of the message in hand; default `normal`. The runtime's own counts as `control`. */
  readonly lane?: LaneName
  /** Turns within a lane are shared between tenants. Default: one for all. */
  readonly tenant?: string
}

/** What became of a call that was let through. */
export interface Settlement {
  /** Tokens it really used; default all that it asked for. */
  readonly tokens?: number
  /** The service asked for a pause of so many ms: nobody is let through before. */
  readonly retryAfter?: number
}

/** A call's right to run. */
export interface Permit {
  /** The call has ended. The first time counts. */
  settle(settlement?: Settlement): void
}

/** Where calls wait for their turn. */
export interface Gate {
  /**
   * @throws GATE_FULL when too many wait already
   * @throws GATE_TOO_LARGE when the call alone exceeds a limit
   * @throws CANCELLED when the signal is aborted while it waits
   */
  enter(request: GateRequest, signal?: AbortSignal): Promise<Permit>
}

/** The lane in which a call waits. */
export const waitingLane = (lane: LaneName = 'normal'): UserLane =>
  lane === 'system' ? 'control' : lane

const anAmount: OptionCheck = (value) =>
  typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY
    ? undefined
    : 'a finite number, 0 or more'

const aTenant: OptionCheck = (value) => (typeof value === 'string' ? undefined : 'a text')

/** @throws OPTION_INVALID: one NaN would open or close a gate for good */
export function checkGateRequest(request: GateRequest): void {
  checkOptions('gate.enter', request, {
    tokens: anAmount,
    lane: oneOf(...laneNames),
    tenant: aTenant,
  })
}

/** @throws OPTION_INVALID */
export function checkSettlement(settlement: Settlement): void {
  checkOptions('permit.settle', settlement, { tokens: anAmount, retryAfter: anAmount })
}
