/**
 * The pending set: accepted messages that no record has consumed yet, per actor in the order they
 * were accepted, without payloads. Consuming what is not here is refused: that is the
 * de-duplication, so lookups must be exact and fast at any backlog.
 *
 * ```
 *   first[row] ─▶ entry ⇄ entry ⇄ entry ◀─ last[row]        row: a row of the actor table
 *                   ▲
 *   buckets ────────┘   hash of (row, position, index), open addressing
 * ```
 * One whose turn brought it here, with its first step, was in hand before any that waits: such stand first,
 * in the order of their records (T2).
 *
 * Entries and rows are numbers into columns; 0 is none. About 50 bytes a message.
 */
import { Lane } from '../mailbox/lane.ts'
import { grow, nextCapacity } from './columns.ts'

/** Bits of an entry's `marks`. */
export const Mark = Object.freeze({
  stashed: 1,
  /** Accepted under an own id. */
  ownId: 2,
  /** Made by a recorded step, which wants to know its answer. */
  stepAsk: 4,
})

export class PendingSet {
  #capacity = 0
  #position = new Float64Array(0)
  #index = new Uint32Array(0)
  #row = new Uint32Array(0)
  #next = new Uint32Array(0)
  #previous = new Uint32Array(0)
  #source = new Uint32Array(0)
  #name = new Uint32Array(0)
  #marks = new Uint8Array(0)
  #lane = new Uint8Array(0)
  #free = 0
  #used = 1
  #size = 0
  #buckets = new Uint32Array(16)
  #first = new Uint32Array(16)
  #last = new Uint32Array(16)
  #count = new Uint32Array(16)
  /** Messages of a row by lane, four columns a row. */
  #byLane = new Uint32Array(64)
  /** Where an inline message's bytes are; the others lie at their own position. */
  readonly #home = new Map<number, number>()

  /** Messages in the set. */
  get size(): number {
    return this.#size
  }

  /** Messages pending for one row. */
  count(row: number): number {
    return this.#count[row] ?? 0
  }

  /** Lanes, as bits, in which messages are pending for one row. */
  lanes(row: number): number {
    let lanes = 0
    for (let lane: number = Lane.control; lane <= Lane.low; lane += 1) {
      if ((this.#byLane[laneColumn(row, lane)] ?? 0) > 0) lanes |= 1 << lane
    }
    return lanes
  }

  first(row: number): number {
    return this.#first[row] ?? 0
  }

  next(entry: number): number {
    return this.#next[entry] as number
  }

  position(entry: number): number {
    return this.#position[entry] as number
  }

  index(entry: number): number {
    return this.#index[entry] as number
  }

  row(entry: number): number {
    return this.#row[entry] as number
  }

  lane(entry: number): number {
    return this.#lane[entry] as number
  }

  marks(entry: number): number {
    return this.#marks[entry] as number
  }

  /** True for one that a turn of its receiver brought here: only in memory until then. */
  wasInHand(entry: number): boolean {
    return this.position(entry) < 0
  }

  /** For a published message, the number of the name its subscriber wants; else 0. */
  name(entry: number): number {
    return this.#name[entry] as number
  }

  /** Which client generation committed it, as the ledger numbers them. */
  source(entry: number): number {
    return this.#source[entry] as number
  }

  /** Position of the record that accepted it. */
  home(entry: number): number {
    return this.#home.get(entry) ?? (this.#position[entry] as number)
  }

  mark(entry: number, mark: number, on: boolean): void {
    const marks = this.#marks[entry] as number
    this.#marks[entry] = on ? marks | mark : marks & ~mark
  }

  /** Appends a message that is not in the set yet. Returns its entry. */
  add(row: number, position: number, index: number, lane: number, marks: number): number {
    const entry = this.#take()
    this.#position[entry] = position
    this.#index[entry] = index
    this.#row[entry] = row
    this.#lane[entry] = lane
    this.#marks[entry] = marks
    this.#source[entry] = 0
    this.#name[entry] = 0
    this.#append(entry, row)
    this.#enter(entry)
    return entry
  }

  setSource(entry: number, source: number): void {
    this.#source[entry] = source
  }

  setName(entry: number, name: number): void {
    this.#name[entry] = name
  }

  setHome(entry: number, position: number): void {
    this.#home.set(entry, position)
  }

  /** The entry of this message for this row, or 0. */
  find(row: number, position: number, index: number): number {
    const mask = this.#buckets.length - 1
    let at = hash(row, position, index) & mask
    for (;;) {
      const entry = this.#buckets[at] as number
      if (entry === 0 || this.#is(entry, row, position, index)) return entry
      at = (at + 1) & mask
    }
  }

  remove(entry: number): void {
    this.#leave(entry)
    this.#unlink(entry)
    this.#home.delete(entry)
    this.#position[entry] = 0
    this.#next[entry] = this.#free
    this.#free = entry
    this.#size -= 1
  }

  /** All entries, in no particular order. */
  *entries(): Generator<number> {
    // A free entry has position 0, which no message has.
    for (let entry = 1; entry < this.#used; entry += 1) if (this.#position[entry] !== 0) yield entry
  }

  #is(entry: number, row: number, position: number, index: number): boolean {
    return (
      this.#position[entry] === position && this.#index[entry] === index && this.#row[entry] === row
    )
  }

  #take(): number {
    this.#size += 1
    const entry = this.#free
    if (entry !== 0) {
      this.#free = this.#next[entry] as number
      return entry
    }
    if (this.#used >= this.#capacity) this.#grow()
    this.#used += 1
    return this.#used - 1
  }

  #grow(): void {
    const capacity = nextCapacity(this.#capacity, this.#used + 1)
    this.#capacity = capacity
    this.#position = grow(this.#position, capacity)
    this.#index = grow(this.#index, capacity)
    this.#row = grow(this.#row, capacity)
    this.#next = grow(this.#next, capacity)
    this.#previous = grow(this.#previous, capacity)
    this.#source = grow(this.#source, capacity)
    this.#name = grow(this.#name, capacity)
    this.#marks = grow(this.#marks, capacity)
    this.#lane = grow(this.#lane, capacity)
  }

  #append(entry: number, row: number): void {
    if (row >= this.#first.length) this.#growRows(row)
    const before = this.wasInHand(entry) ? this.#lastInHand(row) : (this.#last[row] as number)
    const after = before === 0 ? (this.#first[row] as number) : (this.#next[before] as number)
    this.#previous[entry] = before
    this.#next[entry] = after
    if (before === 0) this.#first[row] = entry
    else this.#next[before] = entry
    if (after === 0) this.#last[row] = entry
    else this.#previous[after] = entry
    this.#tally(row, entry, 1)
  }

  #lastInHand(row: number): number {
    let last = 0
    for (
      let entry = this.first(row);
      entry !== 0 && this.wasInHand(entry);
      entry = this.next(entry)
    ) {
      last = entry
    }
    return last
  }

  #tally(row: number, entry: number, by: number): void {
    const column = laneColumn(row, this.lane(entry))
    this.#count[row] = (this.#count[row] as number) + by
    this.#byLane[column] = (this.#byLane[column] as number) + by
  }

  #growRows(row: number): void {
    const capacity = nextCapacity(this.#first.length, row + 1)
    this.#first = grow(this.#first, capacity)
    this.#last = grow(this.#last, capacity)
    this.#count = grow(this.#count, capacity)
    this.#byLane = grow(this.#byLane, capacity * 4)
  }

  #unlink(entry: number): void {
    const row = this.#row[entry] as number
    const before = this.#previous[entry] as number
    const after = this.#next[entry] as number
    if (before === 0) this.#first[row] = after
    else this.#next[before] = after
    if (after === 0) this.#last[row] = before
    else this.#previous[after] = before
    this.#tally(row, entry, -1)
  }

  #enter(entry: number): void {
    // At most three quarters full, or probe chains grow long.
    if (this.#size * 4 > this.#buckets.length * 3) this.#rehash()
    else this.#place(entry)
  }

  #place(entry: number): void {
    const mask = this.#buckets.length - 1
    let at = this.#hashOf(entry) & mask
    while (this.#buckets[at] !== 0) at = (at + 1) & mask
    this.#buckets[at] = entry
  }

  #rehash(): void {
    this.#buckets = new Uint32Array(this.#buckets.length * 2)
    for (const entry of this.entries()) this.#place(entry)
  }

  /** Takes an entry out of its bucket and closes the gap, so that no tombstones gather. */
  #leave(entry: number): void {
    const buckets = this.#buckets
    const mask = buckets.length - 1
    let gap = this.#hashOf(entry) & mask
    while (buckets[gap] !== entry) gap = (gap + 1) & mask
    let at = gap
    for (;;) {
      at = (at + 1) & mask
      const other = buckets[at] as number
      if (other === 0) break
      const wanted = this.#hashOf(other) & mask
      // It may move into the gap unless its own bucket lies between the gap and here.
      if (((at - wanted) & mask) >= ((at - gap) & mask)) {
        buckets[gap] = other
        gap = at
      }
    }
    buckets[gap] = 0
  }

  #hashOf(entry: number): number {
    return hash(
      this.#row[entry] as number,
      this.#position[entry] as number,
      this.#index[entry] as number,
    )
  }
}

function laneColumn(row: number, lane: number): number {
  return row * 4 + ((lane - Lane.control) & 3)
}

/** Mixes the key; positions are consecutive, so every bit of them must spread. */
function hash(row: number, position: number, index: number): number {
  let h = Math.imul(row, 0x9e3779b1) ^ Math.imul(position | 0, 0x85ebca6b)
  h ^= Math.imul(index, 0xc2b2ae35) ^ Math.floor(position / 0x100000000)
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b3c6d)
  return (h ^ (h >>> 13)) >>> 0
}
