/**
 * The accounting rows of one thread (M4): one row for each actor type, in memory that other threads
 * can read while this one writes, and that survives this thread's death.
 */
import { type CountRow, countColumns } from '../../mailbox/accounting.ts'

export class Counters {
  readonly shared: SharedArrayBuffer
  readonly #rows = new Map<string, CountRow>()

  /** @param types actor types in the app's order; the row order is the same on all threads */
  constructor(types: Iterable<string>, shared?: SharedArrayBuffer) {
    const names = [...types]
    this.shared = shared ?? Counters.allocate(names.length)
    names.forEach((type, row) => {
      this.#rows.set(
        type,
        new Float64Array(this.shared, row * countColumns * bytesPerCount, countColumns),
      )
    })
  }

  static allocate(types: number): SharedArrayBuffer {
    return new SharedArrayBuffer(Math.max(1, types) * countColumns * bytesPerCount)
  }

  row(type: string): CountRow {
    const row = this.#rows.get(type)
    if (row === undefined) throw new RangeError(`no counters for actor type "${type}"`)
    return row
  }

  get rows(): ReadonlyMap<string, CountRow> {
    return this.#rows
  }
}

const bytesPerCount = Float64Array.BYTES_PER_ELEMENT
