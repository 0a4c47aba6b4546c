/**
 * Actors in the order in which they came to rest, longest idle first: a list through the actors themselves,
 * since every turn moves its actor to the end. A map or set in that place would be rebuilt again and again by
 * the same few actors.
 */
import type { Cell } from '../../actors/cell/cell.ts'

export class IdleQueue {
  #first: Cell | undefined
  #last: Cell | undefined

  get first(): Cell | undefined {
    return this.#first
  }

  /** Moves the actor to the young end. */
  rest(cell: Cell): void {
    if (this.#last === cell) return
    if (this.#holds(cell)) this.#unlink(cell)
    cell.idleBefore = this.#last
    if (this.#last === undefined) this.#first = cell
    else this.#last.idleBehind = cell
    this.#last = cell
  }

  /** Does nothing for an actor that is not in it. */
  remove(cell: Cell): void {
    if (this.#holds(cell)) this.#unlink(cell)
  }

  #holds(cell: Cell): boolean {
    return cell.idleBefore !== undefined || cell === this.#first
  }

  #unlink(cell: Cell): void {
    const { idleBefore, idleBehind } = cell
    if (idleBefore === undefined) this.#first = idleBehind
    else idleBefore.idleBehind = idleBehind
    if (idleBehind === undefined) this.#last = idleBefore
    else idleBehind.idleBefore = idleBefore
    cell.idleBefore = undefined
    cell.idleBehind = undefined
  }
}
