/**
 * Timers of a volatile actor: in memory, on the monotonic clock, gone with the actor. A tick is a
 * message; while one waits unhandled, later ticks are coalesced into it, and it says how many.
 *
 * Invariant: at most one tick of a timer waits in the mailbox, and only of a timer that still runs:
 * cancelling or replacing a timer takes its waiting tick back.
 */
import { Count } from '../../mailbox/accounting.ts'
import type { Due } from '../../mailbox/alarms.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { Lane } from '../../mailbox/lane.ts'
import type { Tally } from '../../mailbox/tally.ts'
import type { TimerSpec } from '../context.ts'
import type { Inbox } from './inbox.ts'
import type { CellHost } from './ports.ts'

/** What the handler of a tick is told; counts on while the tick waits. */
interface Tick {
  readonly timer: string
  readonly due: number
  missed: number
}

interface Waiting {
  readonly envelope: Envelope
  readonly tick: Tick
}

interface Timer extends Due {
  readonly name: string
  readonly message: string
  readonly payload: unknown
  readonly spec: TimerSpec
  /** Its tick in the mailbox. */
  waiting: Waiting | undefined
}

/** The actor whose timers they are. */
interface Owner {
  readonly id: string
  readonly host: CellHost
  readonly inbox: Inbox
  readonly tally: Tally
}

export class Timers {
  readonly #cell: Owner
  readonly #timers = new Map<string, Timer>()

  constructor(cell: Owner) {
    this.#cell = cell
  }

  get size(): number {
    return this.#timers.size
  }

  /** @param payload already as it will be sent (T5): each tick carries the same one */
  set(name: string, spec: TimerSpec, message: string, payload: unknown): void {
    this.cancel(name)
    const at = this.#cell.host.clock.mono() + firstDelay(spec)
    const due = (): void => this.#rang(timer)
    const timer: Timer = { name, spec, message, payload, at, due, slot: -1, waiting: undefined }
    this.#timers.set(name, timer)
    this.#cell.host.alarms.add(timer)
  }

  cancel(name: string): void {
    const timer = this.#timers.get(name)
    if (timer === undefined) return
    this.#timers.delete(name)
    this.#cell.host.alarms.remove(timer)
    if (timer.waiting !== undefined) this.#takeBack(timer.waiting.envelope)
  }

  cancelAll(): void {
    for (const name of [...this.#timers.keys()]) this.cancel(name)
  }

  /** The turn of a tick begins: from now on the timer may send another. */
  taken(envelope: Envelope): void {
    const timer = this.#of(envelope)
    if (timer?.waiting?.envelope !== envelope) return
    timer.waiting = undefined
    if ('after' in timer.spec) this.#timers.delete(timer.name)
  }

  /** The turn of a tick is over: a fixed delay starts now. */
  handled(envelope: Envelope): void {
    const timer = this.#of(envelope)
    if (timer === undefined || !('delay' in timer.spec)) return
    if (timer.slot >= 0 || timer.waiting !== undefined) return
    timer.at = this.#cell.host.clock.mono() + timer.spec.delay
    this.#cell.host.alarms.add(timer)
  }

  #of(envelope: Envelope): Timer | undefined {
    const name = envelope.header.tick?.timer
    return name === undefined ? undefined : this.#timers.get(name)
  }

  #rang(timer: Timer): void {
    const { alarms, clock } = this.#cell.host
    const late = clock.mono() - timer.at
    const ticks = 'rate' in timer.spec ? 1 + Math.floor(late / timer.spec.rate) : 1
    if (timer.waiting !== undefined) timer.waiting.tick.missed += ticks
    else timer.waiting = this.#send(timer, clock.wall() - late, ticks - 1)
    if (!('rate' in timer.spec)) return
    timer.at += ticks * timer.spec.rate
    alarms.add(timer)
  }

  #send(timer: Timer, due: number, missed: number): Waiting {
    const { host, id } = this.#cell
    const { name, message, payload } = timer
    const tick: Tick = { timer: name, due: Math.round(due), missed }
    const header = { keep: true, tick }
    const seq = host.nextSeq()
    const envelope = new Envelope(
      id,
      id,
      message,
      payload,
      Lane.normal,
      host.origin,
      seq,
      0,
      0,
      header,
    )
    host.route(envelope)
    return { envelope, tick }
  }

  #takeBack(envelope: Envelope): void {
    const found = this.#cell.inbox.remove((waiting) => waiting === envelope)
    if (found !== undefined) this.#cell.tally.enter(Count.processed)
  }
}

/** Milliseconds until the first tick. */
export function firstDelay(spec: TimerSpec): number {
  if ('after' in spec) return spec.after
  return 'delay' in spec ? spec.delay : spec.rate
}
