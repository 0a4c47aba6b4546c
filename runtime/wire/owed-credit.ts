/**
 * Credit that one end of a link owes the other (M5): it goes with the next frame that leaves anyway. A frame of
 * its own would wake the other thread up for nothing else, once for each ask that is alone on its way.
 *
 * Owns when one has to leave for it all the same: at once for messages that nothing follows, of which nobody
 * can vouch until it is back (F4); for those that will be answered, when much of the other side's room is owed.
 */

/** Of the other side's room, so much may wait for answers to take it along. */
export interface PatientCredit {
  readonly messages: number
  readonly bytes: number
}

export class OwedCredit {
  messages = 0
  bytes = 0
  readonly #most: PatientCredit
  #isAwaited = false

  constructor(most: PatientCredit) {
    this.#most = most
  }

  /** A message was taken in. @param answered an answer to it will follow */
  message(answered: boolean): void {
    this.messages += 1
    if (!answered) this.#isAwaited = true
  }

  /** A frame with messages was taken in. */
  frame(bytes: number): void {
    this.bytes += bytes
  }

  /** A frame has to leave for it. */
  get isDue(): boolean {
    const { messages, bytes } = this.#most
    if (this.messages >= messages || this.bytes >= bytes) return true
    return this.#isAwaited && !this.isNone
  }

  get isNone(): boolean {
    return this.messages === 0 && this.bytes === 0
  }

  /** It is in a frame. */
  paid(): void {
    this.messages = 0
    this.bytes = 0
    this.#isAwaited = false
  }
}
