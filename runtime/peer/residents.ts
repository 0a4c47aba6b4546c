/**
 * Which actors are in memory, and which of them may leave it: the idle ones, oldest first, after
 * their time or when there are too many (passivation). One alarm for all (S4).
 *
 * Idle actors stand in one queue for each idle time, of which an app has a few: so each queue is in
 * the order in which its actors leave, and nobody looks at those who stay. Whether an actor may leave at
 * all is asked when its time has come: after each turn it would cost as much as the turn's bookkeeping.
 */
import type { Cell } from '../../actors/cell/cell.ts'
import type { Alarms, Due } from '../../mailbox/alarms.ts'
import type { Clock } from '../../mailbox/clock.ts'
import { IdleQueue } from './idle-queue.ts'

/** Most actors kept in memory on one thread by default, of those that may leave. */
export const defaultResidency = 50_000

/** What happens to the actors that leave. */
export interface Leaving {
  /** False while something or somebody needs the actor in memory. */
  mayLeave(cell: Cell): boolean
  left(cell: Cell): void
}

export class Residents implements Due {
  at = Number.POSITIVE_INFINITY
  slot = -1
  readonly #cells = new Map<string, Cell>()
  /** By idle time (ms), longest idle first. */
  readonly #idle = new Map<number, IdleQueue>()
  readonly #clock: Clock
  readonly #alarms: Alarms
  readonly #cap: number
  readonly #leaving: Leaving

  constructor(clock: Clock, alarms: Alarms, cap: number, leaving: Leaving) {
    this.#clock = clock
    this.#alarms = alarms
    this.#cap = cap
    this.#leaving = leaving
  }

  get size(): number {
    return this.#cells.size
  }

  get(id: string): Cell | undefined {
    return this.#cells.get(id)
  }

  add(cell: Cell): void {
    this.#cells.set(cell.id, cell)
    this.#makeRoom()
  }

  remove(cell: Cell): void {
    this.#idle.get(cell.passivateAfter)?.remove(cell)
    if (this.#cells.get(cell.id) === cell) this.#cells.delete(cell.id)
  }

  [Symbol.iterator](): IterableIterator<Cell> {
    return this.#cells.values()
  }

  /**
   * The actor may have nothing to do: it goes to the young end of its queue.
   * @param now monotonic ms
   */
  rest(cell: Cell, now: number): void {
    if (cell.passivateAfter === Number.POSITIVE_INFINITY) return
    cell.idleSince = now
    this.#queue(cell.passivateAfter).rest(cell)
    this.#expect(leavesAt(cell))
    this.#makeRoom()
  }

  #makeRoom(): void {
    while (this.#cells.size > this.#cap && this.#evictOldest()) {}
  }

  /** Time for the longest idle actors to leave. */
  due(): void {
    this.at = Number.POSITIVE_INFINITY
    const now = this.#clock.mono()
    for (const queue of this.#idle.values()) this.#release(queue, now)
  }

  #release(queue: IdleQueue, now: number): void {
    for (let cell = queue.first; cell !== undefined; cell = queue.first) {
      if (leavesAt(cell) > now) return this.#expect(leavesAt(cell))
      this.#leave(cell)
    }
  }

  /** False when nobody is left who might leave. */
  #evictOldest(): boolean {
    let oldest: Cell | undefined
    for (const queue of this.#idle.values()) {
      const { first } = queue
      if (first === undefined) continue
      if (oldest === undefined || first.idleSince < oldest.idleSince) oldest = first
    }
    if (oldest !== undefined) this.#leave(oldest)
    return oldest !== undefined
  }

  /** Takes it out of its queue, and out of memory unless it has found something to do since. */
  #leave(cell: Cell): void {
    this.#idle.get(cell.passivateAfter)?.remove(cell)
    if (!this.#leaving.mayLeave(cell)) return
    this.#cells.delete(cell.id)
    this.#leaving.left(cell)
  }

  #queue(idleTime: number): IdleQueue {
    const known = this.#idle.get(idleTime)
    if (known !== undefined) return known
    const queue = new IdleQueue()
    this.#idle.set(idleTime, queue)
    return queue
  }

  #expect(at: number): void {
    if (at >= this.at) return
    this.#alarms.remove(this)
    this.at = at
    this.#alarms.add(this)
  }
}

function leavesAt(cell: Cell): number {
  return cell.idleSince + cell.passivateAfter
}
