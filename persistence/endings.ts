/**
 * Actors that have ended for good: their newest record is a tombstone (F6). Whoever begins to watch one
 * is told in the commit of its watch: it sends itself a message that is dropped unless this is so.
 *
 * Owns that question for one frame on its way in, whose own records no medium holds yet.
 */
import { isDamage } from './decode.ts'
import { At, entrySize, MessageAt, nextRecord } from './directory.ts'
import { HistoryReader } from './history-reader.ts'
import type { Ledger } from './ledger.ts'
import type { ReadMedium } from './medium.ts'
import type { Place } from './places.ts'
import { PartFlag, PartKind, RecordFlag, RecordKind } from './record.ts'
import type { Damage } from './stored.ts'

export class Endings {
  readonly #view: DataView
  readonly #base: number
  readonly #ledger: Ledger
  readonly #medium: ReadMedium
  readonly #reader: HistoryReader
  /** Most frames ask nothing. */
  readonly #any: boolean

  /**
   * @param base position of the frame's first live record
   * @param any whether the frame asks at all
   */
  constructor(view: DataView, base: number, ledger: Ledger, medium: ReadMedium, any: boolean) {
    this.#view = view
    this.#base = base
    this.#ledger = ledger
    this.#medium = medium
    this.#reader = new HistoryReader(medium)
    this.#any = any
  }

  /** Marks what a record sends in case of an end that was none, and returns the indexes. */
  drop(at: number): readonly number[] {
    if (!this.#any) return none
    const dropped: number[] = []
    const end = nextRecord(this.#view, at)
    for (let part = at + entrySize; part < end; part += entrySize) {
      if (!isConditional(this.#view, part)) continue
      if (this.#hasEnded(at, this.#view.getUint32(part + MessageAt.from, true))) continue
      const flags = this.#view.getUint16(part + At.flags, true)
      this.#view.setUint16(part + At.flags, flags | PartFlag.dead, true)
      dropped.push(this.#view.getUint32(part + MessageAt.index, true))
    }
    return dropped
  }

  #hasEnded(before: number, no: number): boolean {
    const { actors } = this.#ledger
    const row = actors.find(no)
    const head = row === 0 ? (this.#medium.row(no)?.head ?? 0) : actors.head(row)
    if (head === 0) return false
    if (head < this.#base) return isTombstone(this.#reader.place(head))
    return newestBefore(this.#view, before, no) === RecordKind.destroyed
  }
}

const none: readonly number[] = Object.freeze([])

/** True of the place of an actor's newest record when the actor has ended for good. */
export function isTombstone(place: Place | Damage | undefined): boolean {
  if (place === undefined || isDamage(place)) return false
  return place.view.getUint8(place.at) === RecordKind.destroyed
}

/** Kind of the last live record of an actor before an offset. */
function newestBefore(view: DataView, before: number, no: number): number | undefined {
  let kind: number | undefined
  for (let at = 0; at < before; at = nextRecord(view, at)) {
    if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
    if (view.getUint32(at + At.actor, true) === no) kind = view.getUint8(at)
  }
  return kind
}

function isConditional(view: DataView, part: number): boolean {
  if (view.getUint8(part) !== PartKind.message) return false
  return (view.getUint16(part + At.flags, true) & PartFlag.ifEnded) !== 0
}
