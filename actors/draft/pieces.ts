/**
 * Which elements an array has now, as pieces: runs of the base, and stretches of new elements.
 *
 *   base      0 1 2 3 4 5 6 7 8 9
 *   pieces    [2..5)  new: a b   [7..10)          after shift twice, splice(3, 2, a, b)
 *   now       2 3 4   a b        7 8 9
 *
 * Owns positions only, not what stands there. Invariants: base runs are disjoint and ascending, since an
 * element that moves becomes a new one; no piece is empty; so a push, pop, shift or splice costs the
 * number of pieces, never the number of elements.
 */

/** Base elements `from` to before `to`, or new `items`. */
export interface Piece {
  from: number
  to: number
  items: unknown[] | undefined
}

/** Where a present index lies: a base index, or a place among new items. */
export interface Place {
  items: unknown[] | undefined
  at: number
}

export class Pieces {
  readonly list: Piece[]
  length: number
  /** Where the last look-up ended: elements are mostly visited in order. */
  #piece = 0
  #start = 0

  constructor(baseLength: number) {
    this.list = baseLength === 0 ? [] : [{ from: 0, to: baseLength, items: undefined }]
    this.length = baseLength
  }

  /** The place of an index that exists. */
  locate(index: number): Place {
    if (index < this.#start) this.#rewind()
    let piece = this.list[this.#piece]!
    while (index - this.#start >= lengthOf(piece)) {
      this.#start += lengthOf(piece)
      piece = this.list[++this.#piece]!
    }
    const offset = index - this.#start
    return piece.items === undefined
      ? { items: undefined, at: piece.from + offset }
      : { items: piece.items, at: offset }
  }

  push(value: unknown): void {
    const last = this.list.at(-1)
    if (last?.items === undefined) this.list.push({ from: 0, to: 0, items: [value] })
    else last.items.push(value)
    this.length++
  }

  /** Removes and inserts; the arguments lie within the array. */
  splice(start: number, removed: number, inserted: unknown[]): void {
    this.#rewind()
    const first = this.#split(start)
    const end = this.#split(start + removed)
    this.list.splice(first, end - first)
    if (inserted.length > 0) this.#insert(first, inserted)
    this.length += inserted.length - removed
  }

  /** All elements are new. */
  replace(items: unknown[]): void {
    this.#rewind()
    this.list.splice(0, this.list.length)
    if (items.length > 0) this.#insert(0, items)
    this.length = items.length
  }

  #rewind(): void {
    this.#piece = 0
    this.#start = 0
  }

  /** New elements before a piece; they join the stretch before or behind them. */
  #insert(at: number, items: unknown[]): void {
    const before = this.list[at - 1]?.items
    const behind = this.list[at]
    if (before !== undefined) for (const item of items) before.push(item)
    else if (behind?.items === undefined) this.list.splice(at, 0, { from: 0, to: 0, items })
    else if (items.length === 1) behind.items.unshift(items[0])
    else behind.items = items.concat(behind.items)
  }

  /** Makes an index the start of a piece and returns that piece's number. */
  #split(index: number): number {
    let start = 0
    for (let i = 0; i < this.list.length; i++) {
      if (index === start) return i
      const piece = this.list[i]!
      const length = lengthOf(piece)
      if (index < start + length) {
        this.list.splice(i + 1, 0, cut(piece, index - start))
        return i + 1
      }
      start += length
    }
    return this.list.length
  }
}

export function lengthOf(piece: Piece): number {
  return piece.items === undefined ? piece.to - piece.from : piece.items.length
}

/** Shortens a piece to its first elements and returns the rest as another. */
function cut(piece: Piece, length: number): Piece {
  if (piece.items !== undefined) return { from: 0, to: 0, items: piece.items.splice(length) }
  const rest = { from: piece.from + length, to: piece.to, items: undefined }
  piece.to = rest.from
  return rest
}
