/**
 * What a vendor's adapter is to the rest: one attempt at one service, translated. An adapter maps a
 * request to the wire and events back, and names errors. It retries nothing, times nothing, joins
 * nothing and counts nothing: `service-model.ts` does, once for all of them.
 */
import type { ErrorCode } from '../../../mailbox/errors.ts'
import type { FinishReason, ModelRequest, Usage } from '../model.ts'
import type { Citation } from '../parts.ts'

/**
 * A piece of a reply in the making. `block` numbers the part it belongs to; a block is text or
 * thinking or one tool call.
 */
export type ServiceEvent =
  | { readonly type: 'text'; readonly block: number; readonly text: string }
  | { readonly type: 'citation'; readonly block: number; readonly citation: Citation }
  | {
      readonly type: 'reasoning'
      readonly block: number
      readonly text?: string
      readonly seal?: string
      readonly hidden?: string
    }
  | { readonly type: 'tool'; readonly block: number; readonly id: string; readonly name: string }
  /** A fragment of the JSON text of a tool's input. */
  | { readonly type: 'input'; readonly block: number; readonly text: string }
  | { readonly type: 'block-end'; readonly block: number }
  /** The model is done. Without it the stream was cut, however politely it ended. */
  | { readonly type: 'stop'; readonly reason: FinishReason; readonly serviceReason: string }
  | { readonly type: 'usage'; readonly usage: Usage }
  /** A sign of life that says nothing. */
  | { readonly type: 'alive' }

/** A service's error, named. */
export interface Trouble {
  readonly code: ErrorCode
  /** For a person: what the service said. */
  readonly message: string
  /** The service turned the request away: nothing was generated, nothing is to be paid. */
  readonly turnedAway: boolean
  /** Milliseconds the service asks to wait. */
  readonly retryAfter?: number
  /** Facts for the error's fields: the service's own name of it, status, request id. */
  readonly facts: Readonly<Record<string, string | number>>
}

/** One service, as an adapter offers it. */
export interface ModelService {
  readonly id: string
  /** Its name in telemetry. */
  readonly provider?: string
  /**
   * One attempt.
   * @param pieces whether pieces are wanted as they come, or one answer at the end
   * @param signal aborted when the answer is no longer wanted, whether it has ended or not
   */
  open(request: ModelRequest, pieces: boolean, signal: AbortSignal): AsyncIterable<ServiceEvent>
  /**
   * Names what `open` threw.
   * @param begun whether an event had come before
   */
  trouble(error: unknown, begun: boolean): Trouble
  /** Closes connections. */
  close?(): void
}
