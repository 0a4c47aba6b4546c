/**
 * Which actors are in memory, and which of them may leave it: the idle ones, oldest first, after
 * their time or when there are too many (passivation). One alarm for all (S4).
 */
import type { Cell } from '../../actors/cell/cell.ts'
import type { Alarms, Due } from '../../mailbox/alarms.ts'
import type { Clock } from '../../mailbox/clock.ts'

/** Most actors kept in memory on one thread by default, of those that may leave. */
export const defaultResidency = 50_000

export class Residents implements Due {
  at = Number.POSITIVE_INFINITY
  slot = -1
  readonly #cells = new Map<string, Cell>()
  readonly #idle = new Set<Cell>()
  readonly #clock: Clock
  readonly #alarms: Alarms
  readonly #cap: number
  readonly #passivate: (cell: Cell) => void

  constructor(clock: Clock, alarms: Alarms, cap: number, passivate: (cell: Cell) => void) {
    this.#clock = clock
    this.#alarms = alarms
    this.#cap = cap
    this.#passivate = passivate
  }

  get size(): number {
    return this.#cells.size
  }

  get(id: string): Cell | undefined {
    return this.#cells.get(id)
  }

  add(cell: Cell): void {
    this.#cells.set(cell.id, cell)
  }

  remove(cell: Cell): void {
    this.#idle.delete(cell)
    if (this.#cells.get(cell.id) === cell) this.#cells.delete(cell.id)
  }

  [Symbol.iterator](): IterableIterator<Cell> {
    return this.#cells.values()
  }

  /** The actor has nothing to do; it goes to the young end of the idle list. */
  rest(cell: Cell): void {
    if (cell.passivateAfter === Number.POSITIVE_INFINITY) return
    cell.idleSince = this.#clock.mono()
    this.#idle.delete(cell)
    this.#idle.add(cell)
    this.#expect(cell.idleSince + cell.passivateAfter)
    if (this.#cells.size > this.#cap) this.#evictOldest()
  }

  /** Time for the oldest idle actors to leave. */
  due(): void {
    this.at = Number.POSITIVE_INFINITY
    const now = this.#clock.mono()
    for (const cell of this.#idle) {
      const leaves = cell.idleSince + cell.passivateAfter
      if (!cell.quiet) this.#idle.delete(cell)
      else if (leaves <= now) this.#leave(cell)
      else this.#expect(leaves)
    }
  }

  #evictOldest(): void {
    for (const cell of this.#idle) {
      if (this.#cells.size <= this.#cap) return
      if (cell.quiet) this.#leave(cell)
      else this.#idle.delete(cell)
    }
  }

  #leave(cell: Cell): void {
    this.remove(cell)
    this.#passivate(cell)
  }

  #expect(at: number): void {
    if (at >= this.at) return
    this.#alarms.remove(this)
    this.at = at
    this.#alarms.add(this)
  }
}
