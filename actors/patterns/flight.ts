/**
 * One call that several callers wait for. Each may leave when its own signal aborts, and then none of the
 * others notices; the call itself is aborted when the last one has left.
 */
import { TroupeError } from '../../mailbox/errors.ts'

/** The error of a caller that left. */
export const cancelled = (signal: AbortSignal): TroupeError =>
  new TroupeError('CANCELLED', 'The caller gave up waiting through its signal.', {
    cause: signal.reason,
  })

export class Flight<T> {
  readonly #outcome: Promise<T>
  readonly #stop = new AbortController()
  readonly #abandoned: () => void
  #waiting = 0

  /**
   * @param run the call; begins at once
   * @param abandoned nobody waits for it any more, and it was aborted
   */
  constructor(run: (signal: AbortSignal) => Promise<T>, abandoned: () => void) {
    this.#abandoned = abandoned
    this.#outcome = run(this.#stop.signal)
    // Everyone may be gone by the time it fails.
    this.#outcome.catch(() => {})
  }

  /** It has a purpose of its own: it goes on without callers. */
  keep(): void {
    this.#waiting += 1
  }

  /** @throws CANCELLED when the signal aborts first, and whatever the call throws */
  join(signal: AbortSignal | undefined): Promise<T> {
    this.#waiting += 1
    if (signal === undefined) return this.#outcome
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(cancelled(signal))
        this.#left()
      }
      const stay = (): void => signal.removeEventListener('abort', leave)
      signal.addEventListener('abort', leave, { once: true })
      this.#outcome.finally(stay).then(resolve, reject)
    })
  }

  #left(): void {
    this.#waiting -= 1
    if (this.#waiting > 0) return
    this.#stop.abort()
    this.#abandoned()
  }
}
