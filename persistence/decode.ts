/**
 * From a stored segment to records, parts and messages. Verifies each body slice it hands out and
 * names actor and message of one that fails (D4).
 */
import { crc32 } from './crc.ts'
import { At, entrySize, getU48, MessageAt, nextRecord, TimerAt, viewOf } from './directory.ts'
import type { Place } from './places.ts'
import {
  type MessageRef,
  PartFlag,
  PartKind,
  type RecordKind,
  Section,
  type SectionName,
} from './record.ts'
import type { Damage, StoredMessage, StoredPart, StoredRecord } from './stored.ts'

/** Texts behind the numbers in a directory. */
export interface Texts {
  address(no: number): string
  name(no: number): string
}

const sectionNames = new Map<number, SectionName>(
  Object.entries(Section).map(([name, tag]) => [tag, name as SectionName]),
)
const utf8 = new TextDecoder()

/** Offsets of a record's part entries. */
export function* partsOf({ view, at }: Place): Generator<number> {
  const end = nextRecord(view, at)
  for (let part = at + entrySize; part < end; part += entrySize) yield part
}

/** The message a record names: the one it consumes, steps or parks. */
export function messageOf({ view, at }: Place): MessageRef {
  return {
    position: view.getFloat64(at + At.position, true),
    index: view.getUint32(at + At.index, true),
  }
}

/** A record in full, or what is wrong with it. */
export function readRecord(place: Place, texts: Texts): StoredRecord | Damage {
  const { view, at, position } = place
  const parts: StoredPart[] = []
  const sections = readSections(place)
  if (sections === undefined) return damaged(place, texts, 'its body fails its checksum')
  for (const part of partsOf(place)) {
    const read = readPart(place, part, texts)
    if (read === undefined) return damaged(place, texts, 'one of its parts fails its checksum')
    if (read !== 'none') parts.push(read)
  }
  return {
    kind: view.getUint8(at) as RecordKind,
    position,
    time: getU48(view, at + At.time),
    actor: texts.address(view.getUint32(at + At.actor, true)),
    previous: getU48(view, at + At.previous),
    turn: getU48(view, at + At.turn),
    version: view.getUint16(at + At.version, true),
    message: messageOf(place),
    lane: view.getUint8(at + At.lane),
    sender: texts.address(view.getUint32(at + At.sender, true)),
    name: texts.name(view.getUint32(at + At.name, true)),
    flags: view.getUint16(at + At.flags, true),
    ...sections,
    parts,
  }
}

/** A record's own body by section, or undefined if it fails its checksum. */
export function readSections(place: Place): { [S in SectionName]?: Uint8Array } | undefined {
  const body = slice(place, place.at, At.offset)
  if (body === undefined) return undefined
  const view = viewOf(body)
  const found: { [S in SectionName]?: Uint8Array } = {}
  for (let at = 0; at < body.length; ) {
    const name = sectionNames.get(body[at] as number)
    const end = at + 5 + view.getUint32(at + 1, true)
    if (name !== undefined) found[name] = body.subarray(at + 5, end)
    at = end
  }
  return found
}

/** The message in a part entry, as sent; undefined if its bytes fail their checksum. */
export function readMessage(place: Place, part: number, texts: Texts): StoredMessage | undefined {
  const { view, at, position } = place
  const bytes = slice(place, part, MessageAt.offset)
  if (bytes === undefined) return undefined
  const flags = view.getUint16(part + At.flags, true)
  const ownId = flags & PartFlag.ownId ? readOwnId(place, part + entrySize) : undefined
  const to = view.getUint32(part + MessageAt.to, true)
  const topic = flags & PartFlag.topic ? texts.name(to) : undefined
  const headerLength = view.getUint32(part + MessageAt.headerLength, true)
  return {
    ref:
      flags & PartFlag.inline
        ? messageOf(place)
        : { position, index: view.getUint32(part + MessageAt.index, true) },
    at: { position, index: (part - at) / entrySize - 1 },
    to: topic === undefined ? texts.address(to) : '',
    from: texts.address(view.getUint32(part + MessageAt.from, true)),
    name: texts.name(view.getUint32(part + MessageAt.name, true)),
    ...(topic === undefined ? {} : { topic }),
    lane: view.getUint8(part + At.lane),
    flags,
    deadline: view.getFloat64(part + MessageAt.deadline, true),
    version: view.getUint16(part + MessageAt.version, true),
    cause: {
      position: view.getFloat64(part + MessageAt.causePosition, true),
      index: view.getUint32(part + MessageAt.causeIndex, true),
    },
    time: getU48(view, at + At.time),
    ...(ownId === undefined ? {} : { ownId }),
    ...(headerLength === 0 ? {} : { header: bytes.subarray(0, headerLength) }),
    ...(flags & PartFlag.headerOnly ? {} : { payload: bytes.subarray(headerLength) }),
  }
}

/** A part in full; undefined if its bytes fail their checksum, 'none' for one that is dead or read with another. */
function readPart(place: Place, part: number, texts: Texts): StoredPart | 'none' | undefined {
  const { view } = place
  if (view.getUint16(part + At.flags, true) & PartFlag.dead) return 'none'
  const kind = view.getUint8(part) as PartKind
  const actor = (): string => texts.address(view.getUint32(part + TimerAt.actor, true))
  const id = (): string => texts.name(view.getUint32(part + TimerAt.id, true))
  switch (kind) {
    case PartKind.message: {
      const message = readMessage(place, part, texts)
      return message && { kind, message }
    }
    case PartKind.ownId:
      return 'none'
    case PartKind.reply: {
      const value = slice(place, part, MessageAt.offset)
      const failed = (view.getUint16(part + At.flags, true) & PartFlag.failed) !== 0
      return value && { kind, failed, value }
    }
    case PartKind.timerSet: {
      const payload = slice(place, part, TimerAt.offset)
      return (
        payload && { kind, actor: actor(), id: id(), ...timerFields(view, part, texts), payload }
      )
    }
    case PartKind.timerCancelled:
      return { kind, actor: actor(), id: id() }
    case PartKind.timerFired: {
      const due = view.getFloat64(part + TimerAt.due, true)
      return {
        kind,
        actor: actor(),
        id: id(),
        due,
        next: view.getFloat64(part + TimerAt.next, true),
      }
    }
    case PartKind.subscribed: {
      const name = texts.name(view.getUint32(part + TimerAt.name, true))
      return { kind, actor: actor(), pattern: id(), name, lane: view.getUint8(part + At.lane) }
    }
    case PartKind.unsubscribed:
      return { kind, actor: actor(), pattern: id() }
    default:
      kind satisfies never
      return 'none'
  }
}

function timerFields(view: DataView, part: number, texts: Texts) {
  return {
    name: texts.name(view.getUint32(part + TimerAt.name, true)),
    lane: view.getUint8(part + At.lane),
    due: view.getFloat64(part + TimerAt.due, true),
    every: view.getFloat64(part + TimerAt.every, true),
    version: view.getUint16(part + TimerAt.version, true),
  }
}

/** Payload of the timer set by a part; undefined if it fails its checksum. */
export function readTimer(place: Place, ordinal: number) {
  const part = place.at + entrySize * (1 + ordinal)
  const payload = slice(place, part, TimerAt.offset)
  return payload && { version: place.view.getUint16(part + TimerAt.version, true), payload }
}

function readOwnId(place: Place, part: number): string | undefined {
  const bytes = slice(place, part, MessageAt.offset)
  return bytes && utf8.decode(bytes)
}

/**
 * The verified body slice of an entry; offset, length and crc lie in a row from `field`. A copy: a
 * view posted to another thread would take the whole segment along.
 */
function slice(place: Place, entry: number, field: number): Uint8Array | undefined {
  const found = extentOf(place, entry, field)
  return found && place.segment.body.slice(found.start, found.end)
}

/** Where a record's own body lies in that of its segment; undefined if it fails its checksum. */
export function bodyOf(place: Place): { readonly start: number; readonly end: number } | undefined {
  return extentOf(place, place.at, At.offset)
}

function extentOf({ segment, view }: Place, entry: number, field: number) {
  const start = view.getUint32(entry + field, true)
  const end = start + view.getUint32(entry + field + 4, true)
  if (end > segment.body.length) return undefined
  if (crc32(segment.body, start, end) !== view.getUint32(entry + field + 8, true)) return undefined
  return { start, end }
}

/** What a damaged record still says of itself (D4). */
export function damaged(place: Place, texts: Texts, what: string): Damage {
  const { view, at, position } = place
  const actor = texts.address(view.getUint32(at + At.actor, true))
  const name = texts.name(view.getUint32(at + At.name, true))
  const message = messageOf(place)
  const of = actor === '' ? '' : ` of ${actor}, ${name}`
  const detail = `record ${position}${of}, cannot be read: ${what}; its bytes are kept`
  return { kind: 'damaged', detail, positions: [position], actor, message, name }
}

/** A position that should hold a record and does not. */
export function missing(position: number): Damage {
  const detail = `record ${position} is not in the store`
  return { kind: 'damaged', detail, positions: [position] }
}

/** True for the answer that something cannot be read. */
export function isDamage(value: object | undefined): value is Damage {
  return value !== undefined && 'kind' in value && value.kind === 'damaged'
}
