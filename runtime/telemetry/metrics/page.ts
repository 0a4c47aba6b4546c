/**
 * The metrics of one thread, in memory that others can read while it writes, and after its death: so a
 * scrape waits for nobody, and what a dead thread had counted is not lost.
 *
 * For each metric of the catalogue a number of rows, each a series:
 * ```
 * used: rows in use    texts: the label values of each row    cells: its value, or buckets and sum
 * ```
 * A row's texts are written before it counts as used, and never change. Counting writes cells only: it
 * makes no object, and the last increment of a thread that dies is whole or not there.
 *
 * The number of series is bounded whatever the labels are: see {@link openSeries}.
 */
import { type MetricName, metricNames, metricOf, openSeries, other } from './catalogue.ts'

/** Most bytes of one label value; the rest is cut off. */
const textBytes = 64
/** Rows of a metric whose labels have few values. */
const closedRows = 40
/** Rows beyond the open series, for `other` with each value of the labels that are not open. */
const otherRows = 16

/** Where a metric lies in a page: the same on all threads. */
interface Place {
  readonly name: MetricName
  readonly index: number
  readonly labels: number
  readonly isOpen: readonly boolean[]
  readonly rows: number
  /** Cells of a row: one value, or a count for each bucket, one for what is above them, and the sum. */
  readonly width: number
  readonly buckets: readonly number[] | undefined
  /** First cell, and first byte of texts. */
  readonly cells: number
  readonly texts: number
}

const places = layOut()
const last = places[places.length - 1] as Place
const cellsEnd = last.cells + last.rows * last.width
const textsEnd = last.texts + last.rows * last.labels * (textBytes + 1)
/** Bytes of `used`, kept a multiple of 8. */
const usedBytes = Math.ceil((places.length * 4) / 8) * 8

function layOut(): readonly Place[] {
  const found: Place[] = []
  let [cells, texts] = [0, 0]
  for (const [index, name] of metricNames.entries()) {
    const { labels = [], open = [], buckets } = metricOf(name)
    const width = buckets === undefined ? 1 : buckets.length + 2
    const isOpen = labels.map((label) => open.includes(label))
    const rows = labels.length === 0 ? 1 : open.length > 0 ? openSeries + otherRows : closedRows
    found.push({ name, index, labels: labels.length, isOpen, rows, width, buckets, cells, texts })
    cells += rows * width
    texts += rows * labels.length * (textBytes + 1)
  }
  return Object.freeze(found)
}

/** Rows by label values, one level for each label. */
type Rows = Map<string, Rows | number>

/** One series as it was found. */
export interface PageSeries {
  readonly labels: readonly string[]
  /** Its cells, a copy. */
  readonly values: Float64Array
}

export class MetricPage {
  readonly shared: SharedArrayBuffer
  readonly #used: Int32Array
  readonly #cells: Float64Array
  readonly #texts: Buffer
  readonly #rows: Rows[]

  /** @param shared of a page that another thread writes, or has to write */
  constructor(shared = new SharedArrayBuffer(usedBytes + cellsEnd * 8 + textsEnd)) {
    this.shared = shared
    this.#used = new Int32Array(shared, 0, places.length)
    this.#cells = new Float64Array(shared, usedBytes, cellsEnd)
    this.#texts = Buffer.from(shared, usedBytes + cellsEnd * 8, textsEnd)
    this.#rows = places.map(() => new Map())
  }

  // ── writing: only the thread whose page it is ─────────────────────────────────────────────────

  /** The first cell of a series: for who counts often. */
  cellOf(metric: MetricName, a = '', b = '', c = ''): number {
    const place = placeOf(metric)
    return place.cells + this.#rowOf(place, a, b, c) * place.width
  }

  /** @param cell as {@link cellOf} gave it */
  add(cell: number, by: number): void {
    this.#cells[cell] = (this.#cells[cell] as number) + by
  }

  /** @param cell as {@link cellOf} gave it for this metric */
  observe(metric: MetricName, cell: number, value: number): void {
    const buckets = placeOf(metric).buckets as readonly number[]
    let i = 0
    while (i < buckets.length && value > (buckets[i] as number)) i += 1
    this.add(cell + i, 1)
    this.add(cell + buckets.length + 1, value)
  }

  #rowOf(place: Place, a: string, b: string, c: string): number {
    return this.#find(place, a, b, c) ?? this.#newRow(place, [a, b, c].slice(0, place.labels))
  }

  #find({ index, labels }: Place, a = '', b = '', c = ''): number | undefined {
    let at: Rows | number | undefined = this.#rows[index]
    for (let i = 0; i < Math.max(1, labels) && at !== undefined; i += 1) {
      at = (at as Rows).get(labels === 0 ? '' : i === 0 ? a : i === 1 ? b : c)
    }
    return at as number | undefined
  }

  /** @param given by programs and users: anything, and as many as they like */
  #newRow(place: Place, given: readonly unknown[]): number {
    const values = given.map((value) => String(value))
    const used = this.#used[place.index] as number
    const isFull = used >= (place.isOpen.includes(true) ? openSeries : place.rows)
    const kept = isFull ? values.map((value, i) => (place.isOpen[i] ? other : value)) : values
    const known = this.#find(place, ...kept)
    if (known !== undefined) return known
    // Values of a label that was said to have few: the last row takes what is left.
    return used >= place.rows ? place.rows - 1 : this.#addRow(place, used, kept)
  }

  #addRow(place: Place, row: number, values: readonly string[]): number {
    const start = place.texts + row * place.labels * (textBytes + 1)
    for (const [i, value] of values.entries()) {
      const at = start + i * (textBytes + 1)
      this.#texts[at] = this.#texts.write(value, at + 1, textBytes)
    }
    let level = this.#rows[place.index] as Rows
    for (const value of values.slice(0, -1)) {
      const next = (level.get(value) as Rows | undefined) ?? new Map()
      level.set(value, next)
      level = next
    }
    level.set(values.at(-1) ?? '', row)
    Atomics.store(this.#used, place.index, row + 1)
    return row
  }

  // ── reading: any thread, at any time ──────────────────────────────────────────────────────────

  /** The series of a metric so far. */
  series(metric: MetricName): PageSeries[] {
    const place = placeOf(metric)
    const used = Atomics.load(this.#used, place.index)
    return Array.from({ length: used }, (_, row) => {
      const cell = place.cells + row * place.width
      return {
        labels: this.#labelsOf(place, row),
        values: this.#cells.slice(cell, cell + place.width),
      }
    })
  }

  #labelsOf({ texts, labels }: Place, row: number): string[] {
    return Array.from({ length: labels }, (_, i) => {
      const at = texts + (row * labels + i) * (textBytes + 1)
      return this.#texts.toString('utf8', at + 1, at + 1 + (this.#texts[at] as number))
    })
  }
}

const byName: ReadonlyMap<MetricName, Place> = new Map(places.map((place) => [place.name, place]))

const placeOf = (name: MetricName): Place => byName.get(name) as Place
