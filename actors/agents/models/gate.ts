/**
 * The port to a gate: where calls of a model or a tool wait for their turn. Owns what is asked and
 * granted; how turns are given is the business of `LocalGate`, and where it stands of `Gates`.
 */
import type { UserLane } from '../../../mailbox/lane.ts'

/** What a call asks of its gate. */
export interface GateRequest {
  /**
   * Tokens the call may use at most: its input and the whole of its output limit, because services
   * reserve that when a call starts. Default 0, for a tool.
   */
  readonly tokens?: number
  /** Default `normal`. */
  readonly lane?: UserLane
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
