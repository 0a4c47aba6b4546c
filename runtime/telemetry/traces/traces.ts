/**
 * The traces of a system, on its main thread: spans from everywhere come together here and leave by one
 * outlet. Owns what threads are told, and how much was lost.
 */
import type { Tracing } from '../../../actors/cell/tracing.ts'
import type { Clock } from '../../../mailbox/clock.ts'
import { decodeFrame } from '../../../persistence/codec.ts'
import { callersTrace } from './ambient.ts'
import { type HostTraces, Tally, tallyBytes } from './host-tracing.ts'
import type { SpanData } from './live-span.ts'
import type { TracePlan } from './options.ts'
import { Outlet } from './outlet.ts'
import { ThreadTracing } from './thread-tracing.ts'
import { RandomTraceIds } from './traceparent.ts'

/** What became of spans so far: `system.health().traces`. */
export interface TraceHealth {
  readonly exported: number
  /** An exporter failed with them. */
  readonly failed: number
  /** There was no room for them. */
  readonly dropped: number
  /** Of the last export, when that failed. */
  readonly error: unknown
}

/** @param report of exports that begin to fail, with the error, or go well again */
export async function openTraces(
  plan: TracePlan,
  clock: Clock,
  slot: number,
  report: (error: unknown) => void,
): Promise<Traces> {
  const outlet = await Outlet.open(plan, report)
  return new Traces(plan, outlet, clock, slot, await callersTrace())
}

export class Traces {
  readonly tracing: Tracing
  readonly #plan: TracePlan
  readonly #outlet: Outlet
  /** By slot: of the incarnation that is there now. */
  readonly #tallies = new Map<number, Int32Array>()
  /** By incarnations that are gone. */
  #droppedBefore = 0

  constructor(
    plan: TracePlan,
    outlet: Outlet,
    clock: Clock,
    slot: number,
    ambient: () => string | undefined,
  ) {
    const { sampling, content } = plan
    this.#plan = plan
    this.#outlet = outlet
    const ended = (span: SpanData): void => outlet.add(span)
    const ids = new RandomTraceIds()
    this.tracing = new ThreadTracing({ slot, sampling, content, clock, ids, ambient, ended })
  }

  /** For a new incarnation of a slot. */
  hostTraces(slot: number): HostTraces {
    const { sampling, content } = this.#plan
    const tally = new SharedArrayBuffer(tallyBytes)
    this.#droppedBefore += droppedIn(this.#tallies.get(slot))
    this.#tallies.set(slot, new Int32Array(tally))
    return { sampling, content, tally }
  }

  /** A frame of a host's spans. */
  arrived(slot: number, frame: Uint8Array<ArrayBuffer>): void {
    const spans = decodeFrame(frame) as readonly SpanData[]
    const tally = this.#tallies.get(slot)
    if (tally !== undefined) Atomics.add(tally, Tally.arrived, spans.length)
    for (const span of spans) this.#outlet.add(span)
  }

  get health(): TraceHealth {
    const { dropped, ...counts } = this.#outlet.counts
    const onTheWay = [...this.#tallies.values()].reduce((sum, one) => sum + droppedIn(one), 0)
    return { ...counts, dropped: dropped + this.#droppedBefore + onTheWay }
  }

  close(): Promise<void> {
    return this.#outlet.close()
  }

  /** After {@link close}, when there is no time left. */
  giveUp(): void {
    this.#outlet.giveUp()
  }
}

const droppedIn = (tally: Int32Array | undefined): number =>
  tally === undefined ? 0 : Atomics.load(tally, Tally.dropped)
