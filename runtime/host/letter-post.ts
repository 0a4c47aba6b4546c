/**
 * Dead letters on their way to the main thread: the first ones of a slice alone, so that a thread that
 * dies with them has told; the others many at a time, for a full mailbox may turn away a million.
 */
import { encodeFrame } from '../../persistence/codec.ts'
import type { LetterData } from '../wire/host-control.ts'

/** Letters sent alone between two turns of the event loop. */
const alone = 16
/** Letters of one message. */
const batch = 256

export class LetterPost {
  readonly #send: (letters: Uint8Array<ArrayBuffer>) => void
  readonly #soon: (run: () => void) => void
  #waiting: LetterData[] = []
  #sent = 0

  /** @param soon runs a function when the event loop has its turn */
  constructor(
    send: (letters: Uint8Array<ArrayBuffer>) => void,
    soon: (run: () => void) => void = setImmediate,
  ) {
    this.#send = send
    this.#soon = soon
  }

  add(letter: LetterData): void {
    if (this.#sent === 0) this.#soon(() => this.flush())
    this.#sent += 1
    if (this.#sent <= alone) return this.#send(encodeFrame([letter]))
    this.#waiting.push(letter)
    if (this.#waiting.length >= batch) this.#sendWaiting()
  }

  /** Sends what was collected. */
  flush(): void {
    this.#sent = 0
    if (this.#waiting.length > 0) this.#sendWaiting()
  }

  #sendWaiting(): void {
    const letters = this.#waiting
    this.#waiting = []
    this.#send(encodeFrame(letters))
  }
}
