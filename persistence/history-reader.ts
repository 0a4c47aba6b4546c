/**
 * Answers about the history from a medium alone: records by position, and what actors' states are
 * folded from. Used by the store, by read-only readers and by the archivist, so that recovery and
 * replay read the same records (R4).
 */
import { sweep } from './chain-sweep.ts'
import { type Chain, ChainWalk } from './chain-walk.ts'
import { isDamage, missing, readRecord } from './decode.ts'
import { At, getU48, nextRecord, viewOf } from './directory.ts'
import type { ReadMedium } from './medium.ts'
import { type Place, Places } from './places.ts'
import { RecordFlag } from './record.ts'
import type { StoreReader } from './store.ts'
import type { Damage, Snapshot, StoredDirectory, StoredRecord, StoredSegment } from './stored.ts'

/** An actor and its newest record. */
export interface ChainEnd {
  readonly no: number
  readonly head: number
}

/** `oldest`: the third snapshot, or the actor's first record where there are fewer. */
export type Base = 'newest' | 'oldest'

/** Snapshots that are kept of an actor; no fewer than that many, and its first records are there. */
export const snapshotsKept = 3

export class HistoryReader implements StoreReader {
  readonly #medium: ReadMedium
  /** Of segments that the medium still remembers. */
  readonly #places = new WeakMap<StoredSegment, Places>()

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
    const places = this.#placesOf(position)
    return places instanceof Places ? places.at(position) : places
  }

  #placesOf(position: number): Places | Damage | undefined {
    const segment = this.#medium.segmentOf(position)
    if (segment === undefined || isDamage(segment)) return segment
    const known = this.#places.get(segment)
    if (known !== undefined) return known
    const places = new Places(segment)
    this.#places.set(segment, places)
    return places
  }

  /**
   * The newest record of an actor at or before a position, 0 for none. A chain from there gives the
   * actor as it was then: any prefix of the history is a consistent cut (D7).
   */
  latest(actor: string, at: number): number | Damage {
    const no = this.#medium.actorNo(actor)
    if (no === undefined) return 0
    const head = this.#medium.row(no)?.head ?? 0
    return head > at ? this.#before(head, at) : this.#after(no, head, at)
  }

  /** Back along the actor's records. */
  #before(head: number, at: number): number | Damage {
    let position = head
    while (position > at) {
      const place = this.place(position) ?? missing(position)
      if (isDamage(place)) return place
      position = getU48(place.view, place.at + At.previous)
    }
    return position
  }

  /** Through the directories of what came after the actor's row was written. */
  #after(no: number, head: number, at: number): number | Damage {
    let newest = head
    for (const segment of this.#medium.directories(head + 1, at)) {
      if (isDamage(segment)) return segment
      newest = lastOf(segment, no, at) ?? newest
    }
    return newest
  }

  /** What to fold for one actor (D4). */
  chain({ no, head }: ChainEnd): Chain | Damage {
    return this.#walked(this.#walk(no, head))
  }

  #walked(walk: ChainWalk): Chain | Damage {
    while (walk.next !== 0) walk.take(this.place(walk.next))
    return walk.result
  }

  /**
   * What to fold for many actors, by number, in one sweep from the newest record to the oldest.
   * @param base where folding starts: at the newest snapshot, or as far back as is kept for it
   */
  chains(ends: readonly ChainEnd[], base: Base = 'newest'): Map<number, Chain | Damage> {
    const walks = ends.map(({ no, head }) => this.#walk(no, head, base))
    sweep(walks, (position) => this.#placesOf(position))
    return new Map(
      ends.map((end, i) => [end.no, this.#kept(end, (walks[i] as ChainWalk).result, base)]),
    )
  }

  /**
   * A store that was cut near the floor of retention has fewer snapshots than retention counted on, and
   * before them nothing: the oldest of them is as far back as is kept.
   */
  #kept({ no, head }: ChainEnd, result: Chain | Damage, base: Base): Chain | Damage {
    if (base === 'newest' || !isDamage(result)) return result
    const [broken = 0] = result.positions
    const isRetired = broken < this.#medium.floor && this.#medium.segmentOf(broken) === undefined
    const snapshot = this.#medium.snapshots(no).findLast(({ position }) => position <= head)
    if (!isRetired || snapshot === undefined) return result
    return this.#walked(new ChainWalk(this.#medium, no, head, snapshot))
  }

  #walk(no: number, head: number, base: Base = 'newest'): ChainWalk {
    // Of an actor that has no record there is none: many are asked for before their first turn.
    const stored = head === 0 ? [] : this.#medium.snapshots(no)
    const snapshots = stored.filter(({ position }) => position <= head)
    const snapshot = base === 'newest' ? snapshots[0] : snapshots[snapshotsKept - 1]
    return new ChainWalk(this.#medium, no, head, snapshot)
  }
}

/** The last record of an actor in a segment, at or before a position. */
function lastOf(segment: StoredDirectory, no: number, until: number): number | undefined {
  const view = viewOf(segment.directory)
  let position = segment.position
  let last: number | undefined
  for (let at = 0; at < segment.directory.length && position <= until; at = nextRecord(view, at)) {
    if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
    if (view.getUint32(at + At.actor, true) === no) last = position
    position += 1
  }
  return last
}
