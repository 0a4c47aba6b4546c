/**
 * The way of a published message: with a store through its record first, then a copy to each subscriber
 * of this thread and one frame to each thread that has some. Durable subscribers have it in the store.
 */
import type { LogLevel } from '../../actors/cell/ports.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { TellOutcome } from '../../mailbox/outcome.ts'
import { encoded } from '../wire/payload.ts'
import { copyTo } from './copies.ts'
import type { PeerLink } from './peer-link.ts'
import type { Published, Topics } from './topics.ts'

/** The thread that it is published on. */
export interface PublishingThread {
  readonly topics: Topics
  readonly links: ReadonlyMap<number, PeerLink>
  route(envelope: Envelope): TellOutcome
  fanOut(envelope: Envelope, position: number): void
  log(level: LogLevel, actor: string, message: string, fields: Record<string, unknown>): void
  touched(): void
}

export class Publishing {
  readonly #thread: PublishingThread

  constructor(thread: PublishingThread) {
    this.#thread = thread
  }

  /**
   * To every thread with subscribers.
   * @param position of its record, 0 without a store
   * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
   */
  publish(envelope: Envelope, position: number): void {
    const { topics, links } = this.#thread
    const slots = topics.slots(envelope.header.topic as string)
    // Before anybody has it, and once for all: what cannot cross goes nowhere (T5).
    const crossing = slots.size === 0 ? envelope : encoded(envelope)
    this.#thread.fanOut(envelope, position)
    for (const slot of slots) links.get(slot)?.publish(crossing, position)
    this.#thread.touched()
  }

  /** Hands copies to this thread's subscribers. */
  fanOut(envelope: Envelope, position: number): void {
    const topic = envelope.header.topic as string
    const { from, id, payload } = envelope
    for (const { actor, name, listen } of this.#thread.topics.matching(topic)) {
      if (actor !== undefined && name !== undefined) {
        this.#thread.route(copyTo(envelope, actor, name))
      } else if (listen !== undefined) {
        this.#call(listen, { topic, payload, from, id, position })
      }
    }
  }

  /** What a listener throws is its own affair, not the publisher's. */
  #call(listen: (published: Published) => void, published: Published): void {
    try {
      listen(published)
    } catch (error) {
      const fields = { topic: published.topic, error: String(error) }
      this.#thread.log('error', published.from, 'a listener failed', fields)
    }
  }
}
