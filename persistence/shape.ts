/**
 * Whether a directory that came from a client is one: entries within bounds, kinds known, parts
 * where they belong. Nothing here knows what is committed; that is the ledger's.
 */
import { At, entrySize, firstPartKind, MessageAt, nextRecord } from './directory.ts'
import { PartFlag, PartKind, RecordKind } from './record.ts'

const recordKinds = tableOf(Object.values(RecordKind))
const partKinds = tableOf(Object.values(PartKind))

/** Kinds that may have no actor. */
const actorless = tableOf([RecordKind.accept, RecordKind.deadLetter, RecordKind.replayed])

/** 1 at each of these numbers: a read of it is far cheaper than a question to a set, for each entry. */
function tableOf(numbers: readonly number[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const number of numbers) table[number] = 1
  return table
}

/** What one look over a directory finds, so that nobody looks again at each entry for what few have. */
export interface Survey {
  /** Where whole records end: before a record whose parts run past the directory's end. */
  readonly end: number
  /** Some message has an own id. */
  readonly hasOwnIds: boolean
  /** Some message is dropped unless its sender has ended. */
  readonly hasConditions: boolean
  /** Some timer fired. */
  readonly hasFired: boolean
}

export function surveyOf(view: DataView): Survey {
  let at = 0
  let kinds = 0
  let flags = 0
  while (at + entrySize <= view.byteLength) {
    const next = nextRecord(view, at)
    if (next > view.byteLength) break
    for (let part = at + entrySize; part < next; part += entrySize) {
      const kind = view.getUint8(part)
      kinds |= 1 << (kind - firstPartKind)
      if (kind === PartKind.message) flags |= view.getUint16(part + At.flags, true)
    }
    at = next
  }
  return {
    end: at,
    hasOwnIds: (kinds & (1 << (PartKind.ownId - firstPartKind))) !== 0,
    hasConditions: (flags & PartFlag.ifEnded) !== 0,
    hasFired: (kinds & (1 << (PartKind.timerFired - firstPartKind))) !== 0,
  }
}

/** What is wrong with the record at `at`, for the refusal; undefined if nothing. */
export function malformation(
  view: DataView,
  at: number,
  bodyLength: number,
  strings: number,
): string | undefined {
  const kind = view.getUint8(at)
  if (recordKinds[kind] === 0) return `${kind} is no kind of record`
  if (view.getUint32(at + At.actor, true) === 0 && actorless[kind] === 0) {
    return 'it names no actor'
  }
  if (!textsKnown(view, at, strings)) return 'it names a text the frame does not hold'
  if (!sliceFits(view, at, bodyLength)) return 'its body lies outside the frame'
  const end = nextRecord(view, at)
  for (let part = at + entrySize; part < end; part += entrySize) {
    const wrong = partMalformation(view, at, part, bodyLength, strings)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function partMalformation(
  view: DataView,
  at: number,
  part: number,
  bodyLength: number,
  strings: number,
): string | undefined {
  const kind = view.getUint8(part)
  if (partKinds[kind] === 0) return `${kind} is no kind of part`
  if (!sliceFits(view, part, bodyLength)) return 'a part lies outside the frame'
  if (hasTexts(kind) && !textsKnown(view, part, strings)) {
    return 'a part names a text the frame does not hold'
  }
  if (kind !== PartKind.message) return undefined
  const flags = view.getUint16(part + At.flags, true)
  if (flags & PartFlag.inline && part !== at + entrySize) return 'its inline message is not first'
  if (view.getUint32(part + MessageAt.to, true) === 0) return 'a message has no receiver'
  const lacksId = flags & PartFlag.ownId && view.getUint8(part + entrySize) !== PartKind.ownId
  return lacksId ? 'a message with an own id lacks it' : undefined
}

function hasTexts(kind: number): boolean {
  return kind !== PartKind.ownId && kind !== PartKind.reply
}

/** The three fields that hold a text's number lie at the same places in every entry that has them. */
function textsKnown(view: DataView, entry: number, strings: number): boolean {
  return (
    view.getUint32(entry + At.actor, true) <= strings &&
    view.getUint32(entry + At.sender, true) <= strings &&
    view.getUint32(entry + At.name, true) <= strings
  )
}

/** Offset and length lie at the same place in every entry. */
function sliceFits(view: DataView, entry: number, bodyLength: number): boolean {
  const end = view.getUint32(entry + At.offset, true) + view.getUint32(entry + At.length, true)
  return end <= bodyLength
}
