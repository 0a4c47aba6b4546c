/**
 * Every message that reached an actor's thread in a test system, in order: what tests look for, and
 * what a failing schedule is drawn from.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import { type LaneName, laneNames } from '../../mailbox/lane.ts'
import { formatMessageId, type MessageId } from '../../mailbox/message-id.ts'

/** A message as a test sees it. */
export interface ObservedMessage {
  readonly id: MessageId
  /** Sender, `type/key`, or empty from outside. */
  readonly from: string
  /** Receiver, `type/key`; empty for a published message, whose subscribers get copies. */
  readonly to: string
  readonly name: string
  readonly payload: unknown
  readonly lane: LaneName
  /** The topic it was published to. */
  readonly topic: string | undefined
  /** The message whose turn sent it. */
  readonly cause: MessageId | undefined
}

/** What a message must look like; absent fields fit everything. */
export interface MessagePattern {
  readonly from?: string
  /** `type/key`, or an actor type alone. */
  readonly to?: string
  readonly name?: string
  readonly topic?: string
  /** Fields that the payload must have with equal values, or a function that decides. */
  readonly payload?: unknown
}

export class Observed {
  readonly messages: ObservedMessage[] = []
  /** Those that a test has expected already: the same one is not found twice. */
  readonly #taken = new Set<ObservedMessage>()
  readonly #seen = new Set<string>()
  /** Runtime identity by message, which an own id hides. */
  readonly #refs = new WeakMap<ObservedMessage, MessageId>()

  add(envelope: Envelope): void {
    const message = observedOf(envelope)
    this.#refs.set(message, formatMessageId(envelope.a, envelope.b))
    this.#seen.add(keyOf(envelope))
    this.messages.push(message)
  }

  /** A turn begins. What came out of the store, such as a durable timer's tick, is seen here first. */
  begun(envelope: Envelope): void {
    if (!this.#seen.has(keyOf(envelope))) this.add(envelope)
  }

  /** Takes the oldest message that fits and was not taken yet. */
  take(fits: (message: ObservedMessage) => boolean): ObservedMessage | undefined {
    const found = this.messages.find((message) => !this.#taken.has(message) && fits(message))
    if (found !== undefined) this.#taken.add(found)
    return found
  }

  /** What the turn of a message sent; what it published once, whoever subscribed. */
  sentBy(message: ObservedMessage): ObservedMessage[] {
    const ref = this.#refs.get(message)
    return this.messages.filter(
      ({ cause, from, to, topic }) =>
        cause === ref && from === message.to && (topic === undefined || to === ''),
    )
  }

  /** Its identity in records. */
  refOf(message: ObservedMessage): MessageId | undefined {
    return this.#refs.get(message)
  }
}

function keyOf({ a, b, to }: Envelope): string {
  return `${a} ${b} ${to}`
}

function observedOf(envelope: Envelope): ObservedMessage {
  const { id, from, to, name, payload, lane, causeA, causeB, header } = envelope
  return {
    id,
    from,
    to,
    name,
    payload,
    lane: laneNames[lane] ?? 'normal',
    topic: header.topic,
    cause: causeA === 0 ? undefined : formatMessageId(causeA, causeB),
  }
}
