/**
 * What one thread counts with: the port of actors and agents, and what its peer counts for every message.
 * The series of what happens often are looked up once.
 */
import type { AddedMetric, Meter, ObservedMetric } from '../../../actors/meter.ts'
import { type LaneNumber, laneNames } from '../../../mailbox/lane.ts'
import type { MetricName } from './catalogue.ts'
import type { MetricPage } from './page.ts'

const wait = 'troupe_mailbox_wait_seconds'
const delay = 'troupe_event_loop_delay_seconds'
const size = 'troupe_commit_size_bytes'
const duration = 'troupe_commit_duration_seconds'

export class ThreadMeter implements Meter {
  readonly #page: MetricPage
  readonly #turns: readonly number[]
  readonly #waits: readonly number[]
  readonly #delay: number
  #size: number | undefined
  #duration: number | undefined

  /**
   * @param slot of the thread
   * @param types of actors in the app's order
   */
  constructor(page: MetricPage, slot: number, types: Iterable<string>) {
    this.#page = page
    this.#turns = [...types].map((type) => page.cellOf('troupe_turns_total', type))
    this.#waits = laneNames.map((lane) => (lane === 'system' ? 0 : page.cellOf(wait, lane)))
    this.#delay = page.cellOf(delay, String(slot))
  }

  add(metric: AddedMetric, by: number, a?: string, b?: string, c?: string): void {
    this.increase(metric, by, a, b, c)
  }

  observe(metric: ObservedMetric, value: number, a?: string, b?: string, c?: string): void {
    if (!(value >= 0)) return
    this.#page.observe(metric, this.#page.cellOf(metric, a, b, c), value)
  }

  /** {@link add}, also for what only the runtime counts. What is no number is left out. */
  increase(metric: MetricName, by = 1, a?: string, b?: string, c?: string): void {
    if (!Number.isFinite(by)) return
    this.#page.add(this.#page.cellOf(metric, a, b, c), by)
  }

  /**
   * A message was taken into hand.
   * @param type its place in the app
   * @param waited ms in its mailbox
   */
  taken(type: number, lane: LaneNumber, waited: number): void {
    this.#page.add(this.#turns[type] as number, 1)
    if (lane > 0) this.#page.observe(wait, this.#waits[lane] as number, waited / 1_000)
  }

  /** @param ms from work to a free event loop */
  held(ms: number): void {
    this.#page.observe(delay, this.#delay, ms / 1_000)
  }

  /** The store answered for a frame of records. */
  committed(bytes: number, ms: number): void {
    this.#size ??= this.#page.cellOf(size)
    this.#duration ??= this.#page.cellOf(duration)
    this.#page.observe(size, this.#size, bytes)
    this.#page.observe(duration, this.#duration, ms / 1_000)
  }
}
