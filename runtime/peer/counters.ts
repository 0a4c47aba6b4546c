/**
 * The accounting rows of one thread (M4): one row for each actor type, in memory that other threads
 * can read while this one writes, and that survives this thread's death.
 */
import {
  Count,
  type CountRow,
  countColumns,
  pendingIn,
  storeColumns,
} from '../../mailbox/accounting.ts'

/**
 * The columns that the store knows too, as of the last frame it answered, in one of two banks: a
 * thread that dies while it takes an answer in leaves the other one whole.
 * ```
 * which bank   bank 0: seq  position  storeColumns for each type   bank 1: the same
 * ```
 */
export interface Vouched {
  readonly seq: number
  readonly position: number
  /** The store's columns of one type. */
  readonly columns: (type: string) => Float64Array
}

export class Counters {
  readonly shared: SharedArrayBuffer
  readonly #rows = new Map<string, CountRow>()
  readonly #types: readonly string[]
  readonly #bank: Float64Array
  readonly #banks: readonly Float64Array[]

  /** @param types actor types in the app's order; the row order is the same on all threads */
  constructor(types: Iterable<string>, shared?: SharedArrayBuffer) {
    const names = [...types]
    this.shared = shared ?? Counters.allocate(names.length)
    this.#types = names
    const rows = names.length * countColumns * bytesPerCount
    const bank = bankSize(names.length) * bytesPerCount
    this.#bank = new Float64Array(this.shared, rows, 1)
    this.#banks = [0, 1].map(
      (i) => new Float64Array(this.shared, rows + bytesPerCount + i * bank, bank / bytesPerCount),
    )
    names.forEach((type, row) => {
      this.#rows.set(
        type,
        new Float64Array(this.shared, row * countColumns * bytesPerCount, countColumns),
      )
    })
  }

  static allocate(types: number): SharedArrayBuffer {
    return new SharedArrayBuffer((types * countColumns + 1 + 2 * bankSize(types)) * bytesPerCount)
  }

  /** An answer of the store was taken in whole; `seq` is its frame, `position` its last record. */
  vouch(seq: number, position: number): void {
    const next = 1 - (this.#bank[0] as number)
    const bank = this.#banks[next] as Float64Array
    bank[0] = seq
    bank[1] = position
    let at = 2
    for (const row of this.#rows.values()) {
      for (let i = 0; i < storeColumns; i += 1) bank[at++] = row[Count.storeAccepted + i] as number
    }
    this.#bank[0] = next
  }

  get vouched(): Vouched {
    const bank = this.#banks[this.#bank[0] as number] as Float64Array
    return {
      seq: bank[0] as number,
      position: bank[1] as number,
      columns: (type) => {
        const at = 2 + this.#types.indexOf(type) * storeColumns
        return bank.subarray(at, at + storeColumns)
      },
    }
  }

  row(type: string): CountRow {
    const row = this.#rows.get(type)
    if (row === undefined) throw new RangeError(`no counters for actor type "${type}"`)
    return row
  }

  /** Of all types. */
  sum(column: number): number {
    let sum = 0
    for (const row of this.#rows.values()) sum += row[column] as number
    return sum
  }

  /** In mailboxes, of all types and lanes. */
  get pending(): number {
    let sum = 0
    for (const row of this.#rows.values()) sum += pendingIn(row)
    return sum
  }

  get rows(): ReadonlyMap<string, CountRow> {
    return this.#rows
  }
}

function bankSize(types: number): number {
  return 2 + types * storeColumns
}

const bytesPerCount = Float64Array.BYTES_PER_ELEMENT
