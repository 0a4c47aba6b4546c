/**
 * Deliveries that found the mailbox full and wait for room (M3), in the order they came, bounded.
 *
 * Invariant: while somebody waits here the mailbox is full, since whoever makes room lets the next
 * one in at once. So a message that comes later never overtakes one that waits here (T2).
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import { Ring } from '../../mailbox/ring.ts'

/** Most deliveries that wait for one actor; the next one is told MAILBOX_FULL at once. */
export const doorstepCapacity = 1_024

export class Doorstep {
  readonly #waiting = new Ring<Envelope>()

  get size(): number {
    return this.#waiting.length
  }

  /** False when too many wait. */
  push(envelope: Envelope): boolean {
    if (this.#waiting.length >= doorstepCapacity) return false
    this.#waiting.push(envelope)
    return true
  }

  /** The one that has waited longest. */
  get first(): Envelope | undefined {
    return this.#waiting.at(0)
  }

  shift(): Envelope | undefined {
    return this.#waiting.shift()
  }

  /** Takes one out, wherever it stands; says how many were before it. */
  remove(
    match: (envelope: Envelope) => boolean,
  ): { readonly envelope: Envelope; readonly position: number } | undefined {
    for (let position = 0; position < this.#waiting.length; position += 1) {
      if (!match(this.#waiting.at(position) as Envelope)) continue
      return { envelope: this.#waiting.removeAt(position) as Envelope, position }
    }
    return undefined
  }

  [Symbol.iterator](): IterableIterator<Envelope> {
    return this.#waiting[Symbol.iterator]()
  }
}
