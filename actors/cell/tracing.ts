/**
 * The port through which cells tell of messages and turns, where somebody wants to see traces.
 * `runtime/telemetry` implements it.
 *
 * A trace begins outside, or with a timer's tick; whether it is recorded is decided there, once. Its
 * messages carry that: one from an actor without a trace is one that is not recorded.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import type { OpenSpan } from '../span.ts'

/** Who sends. */
export interface TracedSender {
  /** `type/key`, or empty from outside. */
  readonly from: string
  /** What it sends may be the start of a trace. */
  readonly beginsTraces?: boolean
}

export interface Tracing {
  /** The `traceparent` of whoever calls from outside a turn, if it has one. */
  readonly ambient: string | undefined
  /**
   * A message is about to leave.
   *
   * @param to `type/key`
   * @param trace of its sender
   * @param seed of its identity, when the same send may be made again after a crash
   */
  sending(
    sender: TracedSender,
    to: string,
    message: string,
    trace: string | undefined,
    seed: string | undefined,
  ): OpenSpan | undefined
  publishing(sender: TracedSender, topic: string, trace: string | undefined): OpenSpan | undefined
  /** A message is about to be handled. */
  processing(envelope: Envelope, attempt: number): OpenSpan | undefined
}

/** A send that ends later: an ask with its reply, a delivery with its acknowledgement. */
export interface Departing {
  span?: OpenSpan | undefined
  /** Own id of the message, when that is the same after a crash. */
  readonly ownId?: string | undefined
}
