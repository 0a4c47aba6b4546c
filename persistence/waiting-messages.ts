/**
 * Pending messages with their bytes: the pending set says which, the medium holds them. One that
 * cannot be read comes as damage that names it, so that it can be parked (D4).
 */
import { damaged, isDamage, messageOf, missing, partsOf, readMessage } from './decode.ts'
import { At, MessageAt } from './directory.ts'
import type { HistoryReader } from './history-reader.ts'
import type { Ledger } from './ledger.ts'
import type { ReadMedium } from './medium.ts'
import { Mark } from './pending.ts'
import type { Place } from './places.ts'
import { type MessageRef, PartFlag, PartKind } from './record.ts'
import type { Damage, PendingPage, StoredMessage } from './stored.ts'

/** Before every message: the cursor of a first page. */
export const firstPage: MessageRef = Object.freeze({ position: 0, index: 0 })

/** In a cursor: it ends among those that were in hand, which stand before all others. */
const amongInHand = -1

export class WaitingMessages {
  readonly #ledger: Ledger
  readonly #medium: ReadMedium
  readonly #reader: HistoryReader

  constructor(ledger: Ledger, medium: ReadMedium, reader: HistoryReader) {
    this.#ledger = ledger
    this.#medium = medium
    this.#reader = reader
  }

  /** Messages after `after` in the order of acceptance, stashed ones left out. */
  page(no: number, after: MessageRef, limit: number): PendingPage {
    const entries = this.#entries(no, after, limit + 1)
    const isEnd = entries.length <= limit
    const { pending, actors } = this.#ledger
    const lanes = isEnd ? 0 : pending.lanes(actors.find(no))
    const last = entries[limit - 1]
    const read = this.#read(isEnd ? entries : entries.slice(0, limit))
    const next = isEnd ? undefined : last === undefined ? after : this.#cursor(last)
    return { position: this.#ledger.position, ...read, ...(next && { next }), lanes }
  }

  /** Stashed messages in stash order. */
  stash(no: number): { messages: StoredMessage[]; damaged: Damage[] } {
    return this.#read(this.#ledger.stashes.of(this.#ledger.actors.find(no)))
  }

  /** The message of a pending entry. */
  message(entry: number): StoredMessage | Damage {
    const { pending, actors } = this.#ledger
    const home = pending.home(entry)
    const message = { position: pending.position(entry), index: pending.index(entry) }
    const actor = this.#medium.address(actors.no(pending.row(entry)))
    const place = this.#reader.place(home) ?? missing(home)
    if (isDamage(place)) return { ...place, actor, message }
    const part = partOf(place, message)
    if (part === undefined) return { ...missing(home), actor, message }
    const read = readMessage(place, part, this.#medium)
    return read === undefined
      ? { ...this.#illegible(place, part), actor, message }
      : { ...read, to: actor, lane: pending.lane(entry), ...this.#name(entry) }
  }

  #entries(no: number, after: MessageRef, most: number): number[] {
    const { pending, actors } = this.#ledger
    const found: number[] = []
    for (let entry = pending.first(actors.find(no)); entry !== 0; entry = pending.next(entry)) {
      if (pending.marks(entry) & Mark.stashed || !this.#isAfter(entry, after)) continue
      found.push(entry)
      if (found.length === most) break
    }
    return found
  }

  #read(entries: readonly number[]): { messages: StoredMessage[]; damaged: Damage[] } {
    const messages: StoredMessage[] = []
    const broken: Damage[] = []
    for (const entry of entries) {
      const message = this.message(entry)
      if (isDamage(message)) broken.push(message)
      else messages.push(message)
    }
    return { messages, damaged: broken }
  }

  #illegible(place: Place, part: number): Damage {
    const name = this.#medium.name(place.view.getUint32(part + MessageAt.name, true))
    return { ...damaged(place, this.#medium, 'a message fails its checksum'), name }
  }

  /** The name under which a subscriber wants a published message. */
  #name(entry: number): { name?: string } {
    const no = this.#ledger.pending.name(entry)
    return no === 0 ? {} : { name: this.#medium.name(no) }
  }

  #cursor(entry: number): MessageRef {
    const { pending } = this.#ledger
    const index = pending.wasInHand(entry) ? amongInHand : this.#ordinal(entry)
    return { position: pending.home(entry), index }
  }

  #isAfter(entry: number, after: MessageRef): boolean {
    const { pending } = this.#ledger
    const home = pending.home(entry)
    if (pending.wasInHand(entry)) {
      return after.index === amongInHand ? home > after.position : after.position === 0
    }
    return (
      after.index === amongInHand ||
      home > after.position ||
      (home === after.position && this.#ordinal(entry) > after.index)
    )
  }

  /** Order among the messages accepted by one record; its inline message comes first. */
  #ordinal(entry: number): number {
    const { pending } = this.#ledger
    return pending.wasInHand(entry) ? 0 : pending.index(entry) + 1
  }
}

/** Offset of the part that holds a message. */
function partOf(place: Place, ref: MessageRef): number | undefined {
  const { view } = place
  for (const part of partsOf(place)) {
    if (view.getUint8(part) !== PartKind.message) continue
    const inline = view.getUint16(part + At.flags, true) & PartFlag.inline
    if (inline ? same(messageOf(place), ref) : isBornHere(place, part, ref)) return part
  }
  return undefined
}

function isBornHere({ view, position }: Place, part: number, ref: MessageRef): boolean {
  return position === ref.position && view.getUint32(part + MessageAt.index, true) === ref.index
}

function same(a: MessageRef, b: MessageRef): boolean {
  return a.position === b.position && a.index === b.index
}
