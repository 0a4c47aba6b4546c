/**
 * The credit that one end of a link has used (M5): what it has sent and nobody has vouched for. What it
 * owes the other end stands in `owed-credit.ts`.
 *
 * Invariants
 * 1. At most `linkMessages` messages or `linkBytes` bytes are out without returned credit. Frames
 *    without a message take none: nobody would return it.
 * 2. `#out` holds exactly the messages whose credit has not come back, oldest first: if the other
 *    side dies, these are the ones nobody can vouch for (F4).
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import { Ring } from '../../mailbox/ring.ts'

/** Most messages without returned credit. */
export const linkMessages = 1_024
/** Most bytes without returned credit. */
export const linkBytes = 1024 * 1024

export class LinkCredit {
  readonly #out = new Ring<Envelope>()
  #outBytes = 0

  /** @param open bytes of the open frame */
  has(open: number): boolean {
    return this.#out.length < linkMessages && this.#outBytes + open < linkBytes
  }

  /** A message goes into the open frame. */
  spend(envelope: Envelope): void {
    this.#out.push(envelope)
  }

  /** A frame with messages is on its way. */
  spendBytes(bytes: number): void {
    this.#outBytes += bytes
  }

  /** The other side has taken so much in. */
  returned(messages: number, bytes: number): void {
    for (let left = messages; left > 0; left -= 1) this.#out.shift()
    this.#outBytes -= bytes
  }

  /** What nobody vouches for, oldest first. */
  get out(): Envelope[] {
    return [...this.#out]
  }
}
