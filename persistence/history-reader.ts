/**
 * Answers about the history from a medium alone: records by position, and what actors' states are
 * folded from. Used by the store, by read-only readers and by the archivist, so that recovery and
 * replay read the same records (R4).
 */
import { type Chain, ChainWalk } from './chain-walk.ts'
import { isDamage, type Place, placeOf, readRecord } from './decode.ts'
import type { ReadMedium } from './medium.ts'
import type { StoreReader } from './store.ts'
import type { Damage, Snapshot, StoredDirectory, StoredRecord, StoredSegment } from './stored.ts'

/** An actor and its newest record. */
export interface ChainEnd {
  readonly no: number
  readonly head: number
}

export class HistoryReader implements StoreReader {
  readonly #medium: ReadMedium

  constructor(medium: ReadMedium) {
    this.#medium = medium
  }

  get position(): number {
    return this.#medium.position
  }

  directories(from: number, to: number): Iterable<StoredDirectory | Damage> {
    return this.#medium.directories(from, to)
  }

  segments(from: number, to: number): Iterable<StoredSegment | Damage> {
    return this.#medium.segments(from, to)
  }

  address(no: number): string {
    return this.#medium.address(no)
  }

  name(no: number): string {
    return this.#medium.name(no)
  }

  actors(after: number, limit: number): readonly { readonly no: number; readonly actor: string }[] {
    return this.#medium.actors(after, limit)
  }

  snapshots(actor: string): readonly Snapshot[] {
    const no = this.#medium.actorNo(actor)
    return no === undefined ? [] : this.#medium.snapshots(no)
  }

  record(position: number): StoredRecord | Damage | undefined {
    const place = this.place(position)
    return place === undefined || isDamage(place) ? place : readRecord(place, this.#medium)
  }

  /** Where a record lies. */
  place(position: number): Place | Damage | undefined {
    const segment = this.#medium.segmentOf(position)
    return segment === undefined || isDamage(segment) ? segment : placeOf(segment, position)
  }

  /** What to fold for one actor (D4). */
  chain({ no, head }: ChainEnd): Chain | Damage {
    const walk = this.#walk(no, head)
    while (walk.next !== 0) walk.take(this.place(walk.next))
    return walk.result
  }

  /**
   * What to fold for many actors, by number, in one sweep from the newest record to the oldest: a
   * segment that several of them have records in is read once.
   */
  chains(ends: readonly ChainEnd[]): Map<number, Chain | Damage> {
    const walks = ends.map(({ no, head }) => this.#walk(no, head))
    let waiting = walks.filter(({ next }) => next !== 0)
    while (waiting.length > 0) {
      const newest = waiting.reduce((max, { next }) => Math.max(max, next), 0)
      const segment = this.#medium.segmentOf(newest)
      for (const walk of waiting) takeAll(walk, segment, newest)
      waiting = waiting.filter(({ next }) => next !== 0)
    }
    return new Map(walks.map((walk) => [walk.no, walk.result]))
  }

  #walk(no: number, head: number): ChainWalk {
    const snapshot = this.#medium.snapshots(no).find(({ position }) => position <= head)
    return new ChainWalk(this.#medium, no, head, snapshot)
  }
}

/** Feeds a walk all its records that lie in this segment, which holds `newest`. */
function takeAll(
  walk: ChainWalk,
  segment: StoredSegment | Damage | undefined,
  newest: number,
): void {
  if (segment === undefined || isDamage(segment)) {
    if (walk.next === newest) walk.take(segment)
    return
  }
  while (walk.next >= segment.position && walk.next !== 0) walk.take(placeOf(segment, walk.next))
}
