/**
 * The open loop: messages are sent when they are due, whatever became of those before, and a latency counts
 * from when its message was due. A system that stalls for a second has then kept a second's messages
 * waiting, and each of them says so (no coordinated omission).
 *
 * Messages are sent in steps of about a ms, as timers allow; how late they were is measured, too.
 */
import type { Clock } from '../../mailbox/clock.ts'
import type { Arrival, Job } from './arrivals.ts'

/** Who gets what came of a message. Times are ms after the start. */
export interface LoopSink {
  sent(job: Job, due: number, now: number): void
  settled(job: Job, due: number, now: number, error: unknown): void
}

export interface OpenLoop {
  readonly clock: Clock
  readonly arrivals: Iterator<Arrival>
  readonly sink: LoopSink
  /** Most messages open at once; those beyond fail at once with `tooMany`. */
  readonly mostOpen: number
  readonly tooMany: () => unknown
}

/** Resolves when the last message is sent and all are settled. */
export function runOpenLoop(loop: OpenLoop): Promise<void> {
  return new Promise((resolve, reject) => {
    new Sending(loop, resolve, reject).step()
  })
}

class Sending {
  readonly #loop: OpenLoop
  readonly #start: number
  readonly #resolve: () => void
  readonly #reject: (error: unknown) => void
  #next: Arrival | undefined
  #count = 0
  #open = 0

  constructor(loop: OpenLoop, resolve: () => void, reject: (error: unknown) => void) {
    this.#loop = loop
    this.#resolve = resolve
    this.#reject = reject
    this.#start = loop.clock.mono()
    this.#next = this.#take()
  }

  /** Sends what is due, and comes back when the next one is. */
  readonly step = (): void => {
    try {
      this.#sendDue()
    } catch (error) {
      this.#reject(error)
      return
    }
    if (this.#next !== undefined) {
      this.#loop.clock.alarm(this.#start + this.#next.at, this.step)
    } else if (this.#open === 0) this.#resolve()
  }

  #sendDue(): void {
    for (let now = this.#now; this.#next !== undefined && this.#next.at <= now; now = this.#now) {
      const arrival = this.#next
      this.#next = this.#take()
      this.#send(arrival, now)
    }
  }

  #send({ at, job }: Arrival, now: number): void {
    const { sink, mostOpen, tooMany } = this.#loop
    sink.sent(job, at, now)
    if (this.#open >= mostOpen) return sink.settled(job, at, now, tooMany())
    this.#open += 1
    const n = this.#count
    this.#count += 1
    const settled = (error: unknown): void => {
      this.#open -= 1
      sink.settled(job, at, this.#now, error)
      if (this.#open === 0 && this.#next === undefined) this.#resolve()
    }
    called(() => job.send(n)).then(() => settled(undefined), settled)
  }

  #take(): Arrival | undefined {
    const { done, value } = this.#loop.arrivals.next()
    return done ? undefined : value
  }

  get #now(): number {
    return this.#loop.clock.mono() - this.#start
  }
}

/** A send that throws instead of rejecting has failed all the same. */
export async function called(send: () => Promise<unknown>): Promise<unknown> {
  return await send()
}
