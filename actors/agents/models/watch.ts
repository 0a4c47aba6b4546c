/**
 * Watches over one attempt: ends it when the caller gives up, when it takes too long, or when it has
 * been silent for too long. Owns the attempt's signal and its alarms.
 *
 * A service's stream may end politely when its signal aborts, or not notice at all. So the wait for
 * its next event is ended here, and whoever reads it gets the reason.
 */
import type { CancelAlarm, Clock } from '../../../mailbox/clock.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import { cancelled } from './metered.ts'

export interface Patience {
  /** Most ms for a whole attempt. */
  readonly requestTimeout: number
  /** Most ms without an event; undefined where one answer comes at the end. */
  readonly idleTimeout: number | undefined
}

export class Watch {
  readonly #clock: Clock
  readonly #patience: Patience
  readonly #controller = new AbortController()
  readonly #caller: AbortSignal | undefined
  readonly #onAbort = (): void => this.#fire(cancelled(this.#caller as AbortSignal))
  #alarms: CancelAlarm[] = []
  #heard: number
  #reason: TroupeError | undefined
  #reject: ((reason: TroupeError) => void) | undefined

  constructor(clock: Clock, patience: Patience, caller: AbortSignal | undefined) {
    this.#clock = clock
    this.#patience = patience
    this.#caller = caller
    this.#heard = clock.mono()
    if (caller?.aborted === true) this.#onAbort()
    else this.#arm()
  }

  /** For the service. Aborted when the attempt has ended, in whatever way. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Waits for `next`, or for the reason to wait no longer; one wait at a time. */
  guard<T>(next: Promise<T>): Promise<T> {
    if (this.#reason !== undefined) {
      next.catch(() => {})
      return Promise.reject(this.#reason)
    }
    return new Promise((resolve, reject) => {
      this.#reject = reject
      next.then(resolve, (error) => reject(this.#reason ?? error))
    })
  }

  /** The service said something. */
  heard(): void {
    this.#heard = this.#clock.mono()
  }

  /** @throws the reason, if there was one */
  check(): void {
    if (this.#reason !== undefined) throw this.#reason
  }

  /** Nothing more is wanted: what is still open is closed. */
  end(): void {
    for (const cancel of this.#alarms) cancel()
    this.#alarms = []
    this.#caller?.removeEventListener('abort', this.#onAbort)
    this.#controller.abort(this.#reason)
  }

  #arm(): void {
    const { requestTimeout, idleTimeout } = this.#patience
    this.#caller?.addEventListener('abort', this.#onAbort, { once: true })
    const late = () => this.#fire(timedOut(`did not end within ${requestTimeout} ms`))
    this.#alarms.push(this.#clock.alarm(this.#clock.mono() + requestTimeout, late))
    if (idleTimeout !== undefined) this.#listen(idleTimeout)
  }

  /** One alarm for many events: it looks when the last one was. */
  #listen(idleTimeout: number): void {
    const due = this.#heard + idleTimeout
    const cancel = this.#clock.alarm(due, () => {
      if (this.#clock.mono() < this.#heard + idleTimeout) this.#listen(idleTimeout)
      else this.#fire(timedOut(`was silent for ${idleTimeout} ms`))
    })
    this.#alarms = [...this.#alarms.slice(0, 1), cancel]
  }

  #fire(reason: TroupeError): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.end()
    this.#reject?.(reason)
  }
}

const timedOut = (why: string): TroupeError =>
  new TroupeError(
    'MODEL_TIMEOUT',
    `The model call ${why}; raise the timeout if that is its nature.`,
  )

/**
 * Waits on the clock.
 * @throws CANCELLED when the signal is aborted meanwhile
 */
export function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(cancelled(signal))
    const onAbort = (): void => {
      cancel()
      reject(cancelled(signal as AbortSignal))
    }
    const cancel = clock.alarm(clock.mono() + ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
