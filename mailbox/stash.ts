/**
 * Messages that an actor put aside, in order, bounded. Unstashing puts them all back at the front
 * of their lanes at once, so stashing again while they are replayed ends: each comes up once.
 */
import type { Envelope } from './envelope.ts'

/** Most stashed messages by default. */
export const defaultStashCapacity = 1_024

export class Stash {
  readonly capacity: number
  #envelopes: Envelope[] = []

  constructor(capacity: number = defaultStashCapacity) {
    this.capacity = capacity
  }

  get size(): number {
    return this.#envelopes.length
  }

  /** False when there is no room; the message then becomes a dead letter `stash-full`. */
  put(envelope: Envelope): boolean {
    if (this.#envelopes.length >= this.capacity) return false
    this.#envelopes.push(envelope)
    return true
  }

  /** Moves everything back to the front of the mailbox, keeping its order. */
  unstashInto(mailbox: { offerFirst(envelope: Envelope): void }): number {
    const envelopes = this.#envelopes
    this.#envelopes = []
    for (const envelope of envelopes.reverse()) mailbox.offerFirst(envelope)
    return envelopes.length
  }

  /** Empties the stash, for a stop. */
  drain(): Envelope[] {
    const envelopes = this.#envelopes
    this.#envelopes = []
    return envelopes
  }

  [Symbol.iterator](): IterableIterator<Envelope> {
    return this.#envelopes[Symbol.iterator]()
  }
}
