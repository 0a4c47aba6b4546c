/**
 * Latencies in an HDR histogram, Node's own: three significant digits from a nanosecond up, in constant
 * memory, so that a tail is neither sampled nor cut.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { LatencyFigures } from './report.ts'

const nanosecondsPerMs = 1_000_000
/** Percentiles of the plotted curve: denser towards the end, where it matters. */
const curvePoints = [
  0.001, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 99.999, 100,
] as const

export class Latency {
  readonly #histogram: RecordableHistogram = createHistogram({ figures: 3 })

  get count(): number {
    return this.#histogram.count
  }

  /** @param ms 0 counts as a nanosecond, the least there is */
  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * nanosecondsPerMs)))
  }

  /** Takes in what another one recorded. */
  add(other: Latency): void {
    if (other.count > 0) this.#histogram.add(other.#histogram)
  }

  /** Ms below which so many percent lie. */
  percentile(percent: number): number {
    return this.count === 0 ? Number.NaN : this.#histogram.percentile(percent) / nanosecondsPerMs
  }

  get figures(): LatencyFigures {
    return {
      p50: this.percentile(50),
      p99: this.percentile(99),
      p999: this.percentile(99.9),
      max: this.count === 0 ? Number.NaN : this.#histogram.max / nanosecondsPerMs,
      count: this.count,
      curve: curvePoints.map((percent) => [percent, this.percentile(percent)] as const),
    }
  }
}
