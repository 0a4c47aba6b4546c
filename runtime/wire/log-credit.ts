/**
 * How many bytes of log lines may be on their way from a thread to the main one (M5): the sender knows
 * what it has sent, and this says what was taken in. A main thread that is busy makes no other thread's
 * lines pile up without bound.
 */

/** Bytes on their way; what comes beyond is dropped and counted. */
const most = 4 * 1024 * 1024

export class LogCredit {
  readonly shared: SharedArrayBuffer
  readonly #taken: Int32Array
  #sent = 0

  constructor(shared = new SharedArrayBuffer(4)) {
    this.shared = shared
    this.#taken = new Int32Array(shared)
  }

  /** The sender asks; a single line always has room when nothing is on its way. */
  take(cost: number): boolean {
    // Both wrap around; what they differ by does not.
    const out = (this.#sent - Atomics.load(this.#taken, 0)) | 0
    if (out > 0 && out + cost > most) return false
    this.#sent = (this.#sent + cost) | 0
    return true
  }

  /** The receiver has it. */
  taken(cost: number): void {
    Atomics.add(this.#taken, 0, cost | 0)
  }
}
