/** The port of refs that send from within a span: what a turn sends through it hangs below that span. */
import type { TellOutcome } from '../../mailbox/outcome.ts'
import type { AnyMessage } from '../message.ts'
import type { MessageOptions, ReplyStream, SendPort, Target } from '../ref.ts'
import type { Span } from '../span.ts'

type Sent = [to: Target, name: string, spec: AnyMessage, payload: unknown, options?: MessageOptions]

export class SpanPort implements SendPort {
  readonly #turn: SendPort
  readonly #trace: string

  constructor(turn: SendPort, within: Span) {
    this.#turn = turn
    this.#trace = within.traceparent
  }

  tell(...sent: Sent): TellOutcome {
    return this.#turn.tell(...this.#within(sent))
  }

  deliver(...sent: Sent): Promise<void> {
    return this.#turn.deliver(...this.#within(sent))
  }

  ask(...sent: Sent): Promise<unknown> {
    return this.#turn.ask(...this.#within(sent))
  }

  stream(...sent: Sent): ReplyStream<unknown, unknown> {
    return this.#turn.stream(...this.#within(sent))
  }

  #within([to, name, spec, payload, options]: Sent): Sent {
    return [to, name, spec, payload, { trace: this.#trace, ...options }]
  }
}
