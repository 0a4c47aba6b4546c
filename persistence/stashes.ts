/** Which pending messages are stashed, per actor in stash order (T2). They stay pending. */
import { Mark, type PendingSet } from './pending.ts'

export class Stashes {
  readonly #pending: PendingSet
  readonly #byRow = new Map<number, number[]>()

  constructor(pending: PendingSet) {
    this.#pending = pending
  }

  /** Entries of one row in stash order. */
  of(row: number): readonly number[] {
    return this.#byRow.get(row) ?? []
  }

  all(): Iterable<readonly [row: number, entries: readonly number[]]> {
    return this.#byRow
  }

  /** Puts an entry behind the others, also when it was among them. */
  add(entry: number): void {
    this.remove(entry)
    this.#pending.mark(entry, Mark.stashed, true)
    const row = this.#pending.row(entry)
    const own = this.#byRow.get(row)
    if (own === undefined) this.#byRow.set(row, [entry])
    else own.push(entry)
  }

  /** Takes an entry out; does nothing if it is not stashed. */
  remove(entry: number): void {
    if (!(this.#pending.marks(entry) & Mark.stashed)) return
    this.#pending.mark(entry, Mark.stashed, false)
    const row = this.#pending.row(entry)
    const kept = this.of(row).filter((other) => other !== entry)
    if (kept.length === 0) this.#byRow.delete(row)
    else this.#byRow.set(row, kept)
  }

  /** Releases all of one row to where they stood. */
  release(row: number): void {
    for (const entry of this.of(row)) this.#pending.mark(entry, Mark.stashed, false)
    this.#byRow.delete(row)
  }
}
