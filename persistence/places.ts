/**
 * Where records lie in a stored segment. Entries have no fixed size, since parts follow their record: a
 * directory is walked once, and from then on each record is found at once.
 */
import { At, nextRecord, viewOf } from './directory.ts'
import { RecordFlag } from './record.ts'
import type { StoredSegment } from './stored.ts'

/** One record's place: its segment and the offset of its entry. */
export interface Place {
  readonly segment: StoredSegment
  readonly view: DataView
  readonly at: number
  readonly position: number
}

/** The places of all live records of a segment. */
export class Places {
  readonly segment: StoredSegment
  readonly #view: DataView
  /** Of the entries, in the order of their positions. */
  readonly #offsets: readonly number[]

  constructor(segment: StoredSegment) {
    this.segment = segment
    this.#view = viewOf(segment.directory)
    this.#offsets = liveEntries(this.#view)
  }

  /** Undefined for a position that is not in it. */
  at(position: number): Place | undefined {
    const { segment } = this
    const at = this.#offsets[position - segment.position]
    return at === undefined ? undefined : { segment, view: this.#view, at, position }
  }
}

/** Where the record at `position` lies; for many records of one segment see {@link Places}. */
export function placeOf(segment: StoredSegment, position: number): Place | undefined {
  return new Places(segment).at(position)
}

/** Every live record of a segment. */
export function* placesIn(segment: StoredSegment): Generator<Place> {
  const view = viewOf(segment.directory)
  let { position } = segment
  for (const at of liveEntries(view)) {
    yield { segment, view, at, position }
    position += 1
  }
}

function liveEntries(view: DataView): number[] {
  const found: number[] = []
  for (let at = 0; at < view.byteLength; at = nextRecord(view, at)) {
    if ((view.getUint16(at + At.flags, true) & RecordFlag.dead) === 0) found.push(at)
  }
  return found
}
