/**
 * What came of the messages of a scenario: latencies by message and lane, failures by code, and everything
 * again for each tenth of the time, because a single number has no spread.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import type { Job } from './arrivals.ts'
import { Latency } from './latency.ts'
import type { LoopSink } from './open-loop.ts'

/** Parts of the measured time. */
const windows = 10

/** Latencies of one kind of message, whole and in parts. */
export class Latencies {
  readonly all = new Latency()
  readonly parts = Array.from({ length: windows }, () => new Latency())

  record(window: number, ms: number): void {
    this.all.record(ms)
    this.parts[window]?.record(ms)
  }

  /** The p99 of each part that has any. */
  get p99s(): readonly number[] {
    return this.parts.filter(({ count }) => count > 0).map((part) => part.percentile(99))
  }
}

export class Tally implements LoopSink {
  readonly all = new Latencies()
  readonly byMessage = new Map<string, Latencies>()
  readonly byLane = new Map<string, Latencies>()
  readonly failures = new Map<string, number>()
  /** How late messages left. */
  readonly late = new Latency()
  /** Messages sent, those of the warm-up included. */
  count = 0
  done = 0
  failed = 0
  readonly #warmUp: number
  readonly #window: number
  readonly #perWindow: number[] = new Array(windows).fill(0)

  /** Ms of each; the measured time begins after the warm-up. */
  constructor(warmUp: number, duration: number) {
    this.#warmUp = warmUp
    this.#window = duration / windows
  }

  sent(_job: Job, due: number, now: number): void {
    this.count += 1
    if (due >= this.#warmUp) this.late.record(now - due)
  }

  settled(job: Job, due: number, now: number, error: unknown): void {
    if (error === undefined) this.done += 1
    else this.#failed(error)
    if (error === undefined && due >= this.#warmUp) this.#measured(job, due, now)
  }

  #measured(job: Job, due: number, now: number): void {
    const ended = Math.floor((now - this.#warmUp) / this.#window)
    if (ended < windows) this.#perWindow[ended] = (this.#perWindow[ended] ?? 0) + 1
    // A latency belongs to the time at which its message was due.
    const window = Math.floor((due - this.#warmUp) / this.#window)
    this.all.record(window, now - due)
    latenciesOf(this.byMessage, job.name).record(window, now - due)
    latenciesOf(this.byLane, job.lane).record(window, now - due)
  }

  #failed(error: unknown): void {
    this.failed += 1
    const code = error instanceof TroupeError ? error.code : nameOf(error)
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1)
  }

  /** Messages done per second, in each part of the time. */
  get throughputs(): readonly number[] {
    return this.#perWindow.map((count) => count / (this.#window / 1_000))
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error)
}

function latenciesOf(map: Map<string, Latencies>, key: string): Latencies {
  const found = map.get(key) ?? new Latencies()
  map.set(key, found)
  return found
}
