/**
 * Time, as the runtime sees it: a port, so that tests own it.
 *
 * Two times, never mixed: *wall* (ms since 1970, may jump, is what gets stored and shown) and
 * *monotonic* (ms from an arbitrary start, the same for all threads of a process, never jumps; all
 * delays and deadlines run on it, D8).
 */
import { TroupeError } from './errors.ts'

/** Stops an alarm; calling it twice or after it rang does nothing. */
export type CancelAlarm = () => void

/** The port to time: what actors and the store see of it, so that a test can hold it still (R3). */
export interface Clock {
  /** Wall time in ms since 1970. */
  wall(): number
  /** Monotonic time in ms, comparable between the threads of one process. */
  mono(): number
  /** Calls back once at monotonic time `at` or soon after. Nothing wakes before (S4). */
  alarm(at: number, ring: () => void): CancelAlarm
}

/** setTimeout's own limit: what is longer, Infinity too, would ring at once. Alarms are armed in legs. */
export const longestTimeout = 2 ** 31 - 1

/** The real clock. */
export class SystemClock implements Clock {
  wall(): number {
    return Date.now()
  }

  mono(): number {
    // In Node it counts from the start of the process in every thread, unlike a browser's worker.
    return performance.now()
  }

  alarm(at: number, ring: () => void): CancelAlarm {
    let timer: NodeJS.Timeout
    const arm = (): void => {
      const left = at - this.mono()
      timer = setTimeout(check, Math.min(Math.max(0, Math.ceil(left)), longestTimeout))
    }
    // A timeout may fire up to a millisecond early: look again before ringing.
    const check = (): void => (this.mono() >= at ? ring() : arm())
    arm()
    return () => clearTimeout(timer)
  }
}

interface Alarm {
  readonly at: number
  readonly order: number
  readonly ring: () => void
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  /** Wall time at monotonic zero. */
  #epoch: number
  #mono = 0
  #order = 0
  readonly #alarms = new Set<Alarm>()

  /** @param wall starting wall time in ms; default 2026-01-01T00:00:00Z */
  constructor(wall: number = Date.UTC(2026, 0, 1)) {
    this.#epoch = wall
  }

  wall(): number {
    return Math.floor(this.#epoch + this.#mono)
  }

  mono(): number {
    return this.#mono
  }

  alarm(at: number, ring: () => void): CancelAlarm {
    const alarm: Alarm = { at, order: this.#order, ring }
    this.#order += 1
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }

  /** Alarms not yet due. */
  get pending(): number {
    return this.#alarms.size
  }

  /** Monotonic time of the next alarm, or undefined. */
  get next(): number | undefined {
    return this.#earliest()?.at
  }

  /** Moves time to the next alarm within `ms` and rings it; false when there is none. */
  step(ms: number = Number.POSITIVE_INFINITY): boolean {
    return this.#ringNext(this.#mono + ms)
  }

  /**
   * Moves time by `ms`, ringing every alarm on the way in order, those set by other alarms included.
   * @throws OPTION_INVALID for a negative time: monotonic time never goes back
   */
  advance(ms: number): void {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      throw new TroupeError(
        'OPTION_INVALID',
        `advance: expected a finite number of ms, 0 or more, got ${ms}`,
      )
    }
    const end = this.#mono + ms
    while (this.#ringNext(end)) {}
    this.#moveTo(end)
  }

  /** Moves the wall clock alone, as an operator or NTP does. */
  jump(ms: number): void {
    this.#epoch += ms
  }

  #ringNext(end: number): boolean {
    const alarm = this.#earliest()
    if (alarm === undefined || alarm.at > end) return false
    this.#alarms.delete(alarm)
    this.#moveTo(alarm.at)
    alarm.ring()
    return true
  }

  /** Never back: an alarm may be overdue, or may itself have moved time further. */
  #moveTo(mono: number): void {
    this.#mono = Math.max(this.#mono, mono)
  }

  #earliest(): Alarm | undefined {
    let best: Alarm | undefined
    for (const alarm of this.#alarms) {
      if (
        best === undefined ||
        alarm.at < best.at ||
        (alarm.at === best.at && alarm.order < best.order)
      ) {
        best = alarm
      }
    }
    return best
  }
}
