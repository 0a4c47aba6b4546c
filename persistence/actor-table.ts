/**
 * Where each actor's records end: head, last turn, bytes to fold. Only actors with waiting work or
 * with news since the last checkpoint are held in memory; the others are read from their stored row
 * when a record names them (a backlog for a million keys must fit, and so must ten million keys
 * without any).
 *
 * Row 0 is none.
 */
import { grow, nextCapacity } from './columns.ts'

/** An actor's ends, as kept in memory, in checkpoints and in the store's rows. */
export interface ActorRow {
  readonly no: number
  /** Position of its newest record, 0 for none. */
  readonly head: number
  /** Number of its last turn. */
  readonly turn: number
  /** Bytes that folding must read since the last snapshot (D3). */
  readonly bytes: number
  /** Size of that snapshot, 0 for none. */
  readonly snapshotSize: number
}

export class ActorTable {
  readonly #stored: (no: number) => ActorRow | undefined
  readonly #rows = new Map<number, number>()
  #capacity = 0
  #no = new Uint32Array(0)
  #head = new Float64Array(0)
  #turn = new Float64Array(0)
  #bytes = new Float64Array(0)
  #snapshotSize = new Float64Array(0)
  #dirty = new Uint8Array(0)
  readonly #free: number[] = []
  #used = 1
  /** Asked for last: a record asks for its actor several times, and often it is the next one's as well. */
  #lastNo = -1
  #lastRow = 0

  /** @param stored reads the row of an actor that is not in memory */
  constructor(stored: (no: number) => ActorRow | undefined) {
    this.#stored = stored
  }

  /** Actors in memory. */
  get size(): number {
    return this.#rows.size
  }

  /** One more than the highest row in use. */
  get end(): number {
    return this.#used
  }

  /** Row of an actor that is in memory, or 0. */
  find(no: number): number {
    return this.#rows.get(no) ?? 0
  }

  /** Row of an actor, read or begun if it is not in memory. */
  open(no: number): number {
    if (no === this.#lastNo) return this.#lastRow
    this.#lastRow = this.#rows.get(no) ?? this.#load(no)
    this.#lastNo = no
    return this.#lastRow
  }

  no(row: number): number {
    return this.#no[row] as number
  }

  head(row: number): number {
    return this.#head[row] as number
  }

  turn(row: number): number {
    return this.#turn[row] as number
  }

  bytes(row: number): number {
    return this.#bytes[row] as number
  }

  snapshotSize(row: number): number {
    return this.#snapshotSize[row] as number
  }

  dirty(row: number): boolean {
    return this.#dirty[row] === 1
  }

  /** A record was appended: `turn` is the last turn's number after it, `bytes` what folding reads. */
  advance(row: number, head: number, turn: number, bytes: number): void {
    this.#head[row] = head
    this.#turn[row] = turn
    this.#bytes[row] = (this.#bytes[row] as number) + bytes
    this.#dirty[row] = 1
  }

  /** Folding starts here: at a tombstone (`size` 0), or a record with a whole state, as good as a snapshot. */
  restart(row: number, size: number): void {
    this.#bytes[row] = 0
    this.#snapshotSize[row] = size
  }

  /** A snapshot of `size` bytes now holds `bytes` of records. */
  snapshot(row: number, size: number, bytes: number): void {
    this.#snapshotSize[row] = size
    this.#bytes[row] = Math.max(0, (this.#bytes[row] as number) - bytes)
    this.#dirty[row] = 1
  }

  get(row: number): ActorRow {
    return {
      no: this.no(row),
      head: this.head(row),
      turn: this.turn(row),
      bytes: this.bytes(row),
      snapshotSize: this.snapshotSize(row),
    }
  }

  /** Rows of all actors in memory. */
  rows(): Iterable<number> {
    return this.#rows.values()
  }

  /** The stored row now says what this one says. */
  clean(row: number): void {
    this.#dirty[row] = 0
  }

  /** Forgets a clean row. */
  evict(row: number): void {
    this.#lastNo = -1
    this.#lastRow = 0
    this.#rows.delete(this.no(row))
    this.#no[row] = 0
    this.#free.push(row)
  }

  #load(no: number): number {
    const row = this.#free.pop() ?? this.#take()
    const stored = this.#stored(no)
    this.#no[row] = no
    this.#head[row] = stored?.head ?? 0
    this.#turn[row] = stored?.turn ?? 0
    this.#bytes[row] = stored?.bytes ?? 0
    this.#snapshotSize[row] = stored?.snapshotSize ?? 0
    this.#dirty[row] = 0
    this.#rows.set(no, row)
    return row
  }

  #take(): number {
    if (this.#used >= this.#capacity) this.#grow()
    this.#used += 1
    return this.#used - 1
  }

  #grow(): void {
    const capacity = nextCapacity(this.#capacity, this.#used + 1)
    this.#capacity = capacity
    this.#no = grow(this.#no, capacity)
    this.#head = grow(this.#head, capacity)
    this.#turn = grow(this.#turn, capacity)
    this.#bytes = grow(this.#bytes, capacity)
    this.#snapshotSize = grow(this.#snapshotSize, capacity)
    this.#dirty = grow(this.#dirty, capacity)
  }
}
