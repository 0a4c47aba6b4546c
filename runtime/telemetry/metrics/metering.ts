/** The metrics of one system, on its main thread: whose pages there are, and what this thread counts. */
import type { MetricName } from './catalogue.ts'
import { metricNames } from './catalogue.ts'
import { MetricPage } from './page.ts'
import { ThreadMeter } from './thread-meter.ts'
import { type Sampled, Totals } from './totals.ts'

/** Values of gauges that are looked up rather than counted; undefined where they are not known now. */
export type Gauges = Partial<
  Record<MetricName, readonly [labels: readonly string[], value: number | undefined][]>
>

export class Metering {
  /** What the main thread counts. */
  readonly main: ThreadMeter
  readonly #totals = new Totals()

  /**
   * @param slot of the main thread
   * @param types of actors in the app's order
   */
  constructor(slot: number, types: Iterable<string>) {
    const page = new MetricPage()
    this.#totals.add(page)
    this.main = new ThreadMeter(page, slot, types)
  }

  /** The page of a thread that has come up. */
  add(page: MetricPage): void {
    this.#totals.add(page)
  }

  /** That thread is no more. */
  retire(page: MetricPage): void {
    this.#totals.retire(page)
  }

  /** Everything, in the catalogue's order. */
  read(gauges: Gauges): Sampled[] {
    return metricNames.map((name) => {
      const values = gauges[name]?.filter(([, value]) => value !== undefined)
      if (values === undefined) return this.#totals.read(name)
      const series = values.map(([labels, value]) => ({
        labels,
        values: Float64Array.of(value as number),
      }))
      return { name, series }
    })
  }
}
