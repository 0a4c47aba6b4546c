/**
 * What a durable turn says about its actor's bonds (F6): real in memory when the turn ends, before its
 * commit. An undone turn leaves them to the reload, which reads them from the book.
 */
import type { Family } from './family.ts'

export class Bonds {
  readonly #ties: ((family: Family) => void)[] = []
  /** Whom it began to watch. */
  readonly #watches: string[] = []

  tie(change: (family: Family) => void): void {
    this.#ties.push(change)
  }

  /** From a position that its commit will tell. */
  watch(id: string): void {
    this.#watches.push(id)
    this.#ties.push((family) => family.watch(id, Number.POSITIVE_INFINITY))
  }

  /** The turn has ended. */
  apply(family: Family): void {
    for (const change of this.#ties) change(family)
  }

  committed(family: Family, position: number): void {
    for (const id of this.#watches) family.watchCommitted(id, position)
  }
}
