/**
 * The main thread's clock: one whose alarms end with the system, so that a back-off or an idle time
 * still running does not keep the process (S2).
 */
import type { CancelAlarm, Clock } from '../../mailbox/clock.ts'

export class EndingClock implements Clock {
  readonly #clock: Clock
  readonly #alarms = new Set<CancelAlarm>()
  #ended = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wall(): number {
    return this.#clock.wall()
  }

  mono(): number {
    return this.#clock.mono()
  }

  alarm(at: number, ring: () => void): CancelAlarm {
    if (this.#ended) return () => undefined
    const cancel = this.#clock.alarm(at, () => {
      this.#alarms.delete(stop)
      ring()
    })
    const stop = (): void => {
      this.#alarms.delete(stop)
      cancel()
    }
    this.#alarms.add(stop)
    return stop
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Cancels every alarm; none rings from now on. */
  end(): void {
    this.#ended = true
    for (const stop of [...this.#alarms]) stop()
  }
}
