/**
 * Which of the messages that wait for their actor to be loaded came before which (T2): those in
 * memory only, and those that the store has and hands out in an order of its own.
 */
import type { Envelope } from '../../mailbox/envelope.ts'

export class Forerunners {
  /** For a message in memory, the stored one that came next: its position. */
  readonly #before = new Map<Envelope, number>()
  #unfollowed: Envelope[] = []

  /** A message came. */
  came(envelope: Envelope): void {
    if (!envelope.stored) return void this.#unfollowed.push(envelope)
    for (const earlier of this.#unfollowed.splice(0)) this.#before.set(earlier, envelope.position)
  }

  /** Those of `waiting` that came before the stored message at `position`; they are out of it then. */
  takeFrom(waiting: Set<Envelope>, position: number): Envelope[] {
    if (this.#before.size === 0) return []
    const first = [...waiting].filter((one) => (this.#before.get(one) ?? Infinity) <= position)
    for (const envelope of first) {
      waiting.delete(envelope)
      this.#before.delete(envelope)
    }
    return first
  }

  clear(): void {
    this.#before.clear()
    this.#unfollowed = []
  }
}
