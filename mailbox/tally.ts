/**
 * The hand that keeps the row of one type on one thread (M4): what leaves one column enters another.
 */
import type { CountRow } from './accounting.ts'

export class Tally {
  readonly row: CountRow

  constructor(row: CountRow) {
    this.row = row
  }

  /** Counts a message in at `column`. */
  enter(column: number): void {
    this.row[column] = (this.row[column] as number) + 1
  }

  /** Counts a message out of `column`. */
  leave(column: number): void {
    this.row[column] = (this.row[column] as number) - 1
  }

  move(from: number, to: number): void {
    this.leave(from)
    this.enter(to)
  }
}
