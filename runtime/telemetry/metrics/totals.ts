/**
 * The pages of all threads as one: what is exposed. What a thread that is gone had counted stays, so that
 * a counter never goes down; its gauges end with it.
 *
 * Series are bounded here too, since each thread may have met other values: those admitted first stay,
 * the others are one, for good.
 */
import { type MetricName, metricNames, metricOf, openSeries, other } from './catalogue.ts'
import type { MetricPage, PageSeries } from './page.ts'

/** One metric with its series. */
export interface Sampled {
  readonly name: MetricName
  readonly series: readonly PageSeries[]
}

/** What several threads said of one series. */
interface Sum {
  readonly labels: readonly string[]
  readonly values: Float64Array
}

export class Totals {
  readonly #pages = new Set<MetricPage>()
  readonly #past = new Map<MetricName, Map<string, Sum>>()
  /** Series of metrics with open labels that have a line of their own. */
  readonly #admitted = new Map<MetricName, Set<string>>()

  /** A thread writes it from now on. */
  add(page: MetricPage): void {
    this.#pages.add(page)
  }

  /** Its thread has ended, or died: nobody writes it any more. */
  retire(page: MetricPage): void {
    if (!this.#pages.delete(page)) return
    for (const name of metricNames) {
      if (metricOf(name).kind !== 'gauge') this.#addAll(name, page, this.#pastOf(name))
    }
  }

  #pastOf(name: MetricName): Map<string, Sum> {
    const known = this.#past.get(name)
    if (known !== undefined) return known
    const past = new Map<string, Sum>()
    this.#past.set(name, past)
    return past
  }

  /** All of one metric. */
  read(name: MetricName): Sampled {
    const sums = new Map<string, Sum>()
    for (const { labels, values } of this.#past.get(name)?.values() ?? []) {
      this.#addOne(name, { labels, values }, sums)
    }
    for (const page of this.#pages) this.#addAll(name, page, sums)
    const series = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum)
    return { name, series }
  }

  #addAll(name: MetricName, page: MetricPage, sums: Map<string, Sum>): void {
    for (const series of page.series(name)) this.#addOne(name, series, sums)
  }

  #addOne(name: MetricName, series: PageSeries, sums: Map<string, Sum>): void {
    const labels = this.#admit(name, series.labels)
    const key = labels.join('\0')
    const sum = sums.get(key)
    if (sum === undefined) return void sums.set(key, { labels, values: series.values.slice() })
    for (const [i, value] of series.values.entries()) {
      sum.values[i] = (sum.values[i] as number) + value
    }
  }

  /** The labels under which a series is shown. */
  #admit(name: MetricName, given: readonly string[]): readonly string[] {
    const { labels = [], open = [] } = metricOf(name)
    if (open.length === 0) return given
    const admitted = this.#admitted.get(name) ?? new Set()
    this.#admitted.set(name, admitted)
    const key = given.join('\0')
    if (admitted.has(key)) return given
    if (admitted.size < openSeries) {
      admitted.add(key)
      return given
    }
    return given.map((value, i) => (open.includes(labels[i] as string) ? other : value))
  }
}
