/**
 * Timers of a volatile actor: in memory, on the monotonic clock, gone with the actor. A tick is a
 * message; while one waits unhandled, later ticks are coalesced into it.
 */
import type { Due } from '../../mailbox/alarms.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { Lane } from '../../mailbox/lane.ts'
import type { TimerSpec } from '../context.ts'
import type { Cell } from './cell.ts'

class Timer implements Due {
  at: number
  slot = -1
  missed = 0
  /** A tick waits in the mailbox. */
  waiting = false
  readonly name: string
  readonly message: string
  readonly payload: unknown
  readonly spec: TimerSpec
  readonly #timers: Timers

  constructor(
    timers: Timers,
    name: string,
    spec: TimerSpec,
    message: string,
    payload: unknown,
    at: number,
  ) {
    this.#timers = timers
    this.name = name
    this.spec = spec
    this.message = message
    this.payload = payload
    this.at = at
  }

  due(): void {
    this.#timers.rang(this)
  }
}

export class Timers {
  readonly #cell: Cell
  readonly #timers = new Map<string, Timer>()

  constructor(cell: Cell) {
    this.#cell = cell
  }

  set(name: string, spec: TimerSpec, message: string, payload: unknown): void {
    this.cancel(name)
    const { alarms, clock } = this.#cell.host
    const timer = new Timer(this, name, spec, message, payload, clock.mono() + firstDelay(spec))
    this.#timers.set(name, timer)
    alarms.add(timer)
  }

  cancel(name: string): void {
    const timer = this.#timers.get(name)
    if (timer === undefined) return
    this.#cell.host.alarms.remove(timer)
    this.#timers.delete(name)
  }

  cancelAll(): void {
    for (const name of [...this.#timers.keys()]) this.cancel(name)
  }

  rang(timer: Timer): void {
    if (timer.waiting) timer.missed += 1
    else this.#send(timer)
    const { alarms } = this.#cell.host
    if ('rate' in timer.spec) {
      timer.at += timer.spec.rate
      alarms.add(timer)
    } else if ('after' in timer.spec) {
      this.#timers.delete(timer.name)
    }
  }

  /** The turn of a tick is over: a fixed delay starts now. */
  handled(name: string): void {
    const timer = this.#timers.get(name)
    if (timer === undefined) return
    timer.waiting = false
    timer.missed = 0
    if (!('delay' in timer.spec) || timer.slot >= 0) return
    timer.at = this.#cell.host.clock.mono() + timer.spec.delay
    this.#cell.host.alarms.add(timer)
  }

  #send(timer: Timer): void {
    const { host, id } = this.#cell
    timer.waiting = true
    const tick = { timer: timer.name, due: host.clock.wall(), missed: timer.missed }
    const seq = host.nextSeq()
    host.route(
      new Envelope(id, id, timer.message, timer.payload, Lane.normal, host.origin, seq, 0, 0, {
        keep: true,
        tick,
      }),
    )
  }
}

/** Milliseconds until the first tick. */
export function firstDelay(spec: TimerSpec): number {
  if ('after' in spec) return spec.after
  return 'delay' in spec ? spec.delay : spec.rate
}
