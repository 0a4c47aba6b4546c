/**
 * Actors in the order in which they came to rest, longest idle first: a list through nodes that each actor
 * keeps, since every turn moves its actor to the end. A map or set in that place would be rebuilt again
 * and again by the same few actors.
 */
import type { Cell, IdlePlace } from '../../actors/cell/cell.ts'

export class IdleQueue {
  #first: IdlePlace | undefined
  #last: IdlePlace | undefined

  get first(): Cell | undefined {
    return this.#first?.cell
  }

  /** Moves the actor to the young end. */
  rest(cell: Cell): void {
    const place = cell.idlePlace ?? this.#placeFor(cell)
    if (this.#last === place) return
    if (this.#holds(place)) this.#unlink(place)
    place.before = this.#last
    if (this.#last === undefined) this.#first = place
    else this.#last.behind = place
    this.#last = place
  }

  /** Does nothing for an actor that is not in it. */
  remove(cell: Cell): void {
    const place = cell.idlePlace
    if (place !== undefined && this.#holds(place)) this.#unlink(place)
  }

  #placeFor(cell: Cell): IdlePlace {
    const place = { cell, before: undefined, behind: undefined }
    cell.idlePlace = place
    return place
  }

  #holds(place: IdlePlace): boolean {
    return place.before !== undefined || place === this.#first
  }

  #unlink(place: IdlePlace): void {
    const { before, behind } = place
    if (before === undefined) this.#first = behind
    else before.behind = behind
    if (behind === undefined) this.#last = before
    else behind.before = before
    place.before = undefined
    place.behind = undefined
  }
}
