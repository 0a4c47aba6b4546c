/**
 * Answers about the history from a medium alone: records by position, and the chain of an actor's
 * records from its head back to its newest good snapshot (D4). Used by the store, by read-only
 * readers and by the archivist, so that recovery and replay read the same records (R4).
 */
import type { ActorRow } from './actor-table.ts'
import { damaged, isDamage, type Place, placeOf, readRecord, readSections } from './decode.ts'
import { At, getU48 } from './directory.ts'
import type { ReadMedium } from './medium.ts'
import { RecordFlag, RecordKind } from './record.ts'
import type { StoreReader } from './store.ts'
import type {
  Change,
  Damage,
  Snapshot,
  StoredDirectory,
  StoredRecord,
  StoredSegment,
} from './stored.ts'

/** What an actor's state is folded from. */
export interface Chain {
  readonly snapshot?: Snapshot
  /** Oldest first. */
  readonly changes: readonly Change[]
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

  /**
   * What to fold for an actor whose newest record is `head`: back along its records to the newest
   * snapshot that passes its checksum, never past one that cannot be read (D4).
   */
  chain(no: number, head: number): Chain | Damage {
    const snapshot = this.#medium.snapshots(no).find(({ position }) => position <= head)
    const floor = snapshot?.position ?? 0
    const changes: Change[] = []
    for (let position = head; position > floor; ) {
      const place = this.#link(no, position)
      if (isDamage(place)) return place
      if (kindOf(place) === RecordKind.destroyed) return { changes: changes.reverse() }
      const change = this.#change(place)
      if (isDamage(change)) return change
      if (change !== undefined) changes.push(change)
      if (flagsOf(place) & RecordFlag.whole) return { changes: changes.reverse() }
      position = getU48(place.view, place.at + At.previous)
    }
    return { ...(snapshot === undefined ? {} : { snapshot }), changes: changes.reverse() }
  }

  /** The row of an actor as stored, for a reader without a ledger. */
  row(no: number): ActorRow | undefined {
    return this.#medium.row(no)
  }

  /** A record of the chain; a position that holds no record of this actor is a broken chain. */
  #link(no: number, position: number): Place | Damage {
    const place = this.place(position)
    if (place !== undefined && isDamage(place)) return { ...place, actor: this.#medium.address(no) }
    if (place?.view.getUint32(place.at + At.actor, true) === no) return place
    const actor = this.#medium.address(no)
    const detail = `record ${position} should be one of ${actor} and is not there; nothing is folded past it`
    return { kind: 'damaged', detail, positions: [position], actor }
  }

  #change(place: Place): Change | Damage | undefined {
    if (!folding.has(kindOf(place)) || bodyLength(place) === 0) return undefined
    const sections = readSections(place)
    if (sections === undefined) return damaged(place, this.#medium, 'its body fails its checksum')
    const { state, patch, meta } = sections
    if (state === undefined && patch === undefined && meta === undefined) return undefined
    return {
      position: place.position,
      turn: getU48(place.view, place.at + At.turn),
      version: place.view.getUint16(place.at + At.version, true),
      ...(state && { state }),
      ...(patch && { patch }),
      ...(meta && { meta }),
    }
  }
}

/** Kinds whose body can change a state. */
const folding: ReadonlySet<RecordKind> = new Set([RecordKind.turn, RecordKind.parked])

function kindOf({ view, at }: Place): RecordKind {
  return view.getUint8(at) as RecordKind
}

function flagsOf({ view, at }: Place): number {
  return view.getUint16(at + At.flags, true)
}

function bodyLength({ view, at }: Place): number {
  return view.getUint32(at + At.length, true)
}
