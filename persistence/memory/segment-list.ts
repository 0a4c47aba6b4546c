/** Segments in the order of their positions, found by halving. */
import type { StoredSegment } from '../stored.ts'
import type { UndoLog } from './undo-log.ts'

export class SegmentList {
  readonly #segments: StoredSegment[] = []
  readonly #undo: UndoLog

  constructor(undo: UndoLog) {
    this.#undo = undo
  }

  /** Position of the last record. */
  get end(): number {
    const last = this.#segments.at(-1)
    return last === undefined ? 0 : last.position + last.count - 1
  }

  get bytes(): number {
    return this.#segments.reduce(
      (sum, { directory, body }) => sum + directory.length + body.length,
      0,
    )
  }

  append(segment: StoredSegment): void {
    this.#segments.push(segment)
    this.#undo.note(() => this.#segments.pop())
  }

  /** The one that holds a record. */
  of(position: number): StoredSegment | undefined {
    const segment = this.#segments[this.#indexOf(position)]
    return segment !== undefined && position < segment.position + segment.count
      ? segment
      : undefined
  }

  /** Those that overlap `[from, to]`. */
  *between(from: number, to: number): Generator<StoredSegment> {
    for (let i = Math.max(0, this.#indexOf(from)); i < this.#segments.length; i += 1) {
      const segment = this.#segments[i] as StoredSegment
      if (segment.position > to) return
      if (segment.position + segment.count > from) yield segment
    }
  }

  /** By their first positions. */
  drop(positions: readonly number[]): void {
    const gone = new Set(positions)
    const left = this.#segments.filter(({ position }) => !gone.has(position))
    this.#segments.splice(0, Number.POSITIVE_INFINITY, ...left)
  }

  /** Index of the last segment that begins at or before a position, -1 for none. */
  #indexOf(position: number): number {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#segments[middle] as StoredSegment).position <= position) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
