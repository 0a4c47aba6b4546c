/**
 * Whether a directory that came from a client is one: entries within bounds, kinds known, parts
 * where they belong. Nothing here knows what is committed; that is the ledger's.
 */
import { At, entrySize, firstPartKind, MessageAt, TimerAt } from './directory.ts'
import { PartFlag, PartKind, RecordKind } from './record.ts'

const recordKinds = new Set<number>(Object.values(RecordKind))
const partKinds = new Set<number>(Object.values(PartKind))

/** Kinds that may have no actor. */
const actorless = new Set<number>([RecordKind.accept, RecordKind.deadLetter, RecordKind.replayed])

/** Where whole records end: before a record whose parts run past the directory's end. */
export function recordsEnd(view: DataView): number {
  let at = 0
  while (at + entrySize <= view.byteLength) {
    const next = at + entrySize * (1 + view.getUint32(at + At.parts, true))
    if (next > view.byteLength) return at
    at = next
  }
  return at
}

/** What is wrong with the record at `at`, for the refusal; undefined if nothing. */
export function malformation(
  view: DataView,
  at: number,
  bodyLength: number,
  strings: number,
): string | undefined {
  const kind = view.getUint8(at)
  if (!recordKinds.has(kind)) return `${kind} is no kind of record`
  if (view.getUint32(at + At.actor, true) === 0 && !actorless.has(kind)) return 'it names no actor'
  if (!textsKnown(view, at, recordTexts, strings)) return 'it names a text the frame does not hold'
  if (!sliceFits(view, at, bodyLength)) return 'its body lies outside the frame'
  const end = at + entrySize * (1 + view.getUint32(at + At.parts, true))
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
  if (kind < firstPartKind || !partKinds.has(kind)) return `${kind} is no kind of part`
  if (!sliceFits(view, part, bodyLength)) return 'a part lies outside the frame'
  if (!textsKnown(view, part, textsOfPart(kind), strings)) {
    return 'a part names a text the frame does not hold'
  }
  if (kind !== PartKind.message) return undefined
  const flags = view.getUint16(part + At.flags, true)
  if (flags & PartFlag.inline && part !== at + entrySize) return 'its inline message is not first'
  if (view.getUint32(part + MessageAt.to, true) === 0) return 'a message has no receiver'
  const lacksId = flags & PartFlag.ownId && view.getUint8(part + entrySize) !== PartKind.ownId
  return lacksId ? 'a message with an own id lacks it' : undefined
}

/** Fields that hold a text's number, by kind of entry. Also what numbering patches. */
export const recordTexts = [At.actor, At.sender, At.name] as const
export const messageTexts = [MessageAt.to, MessageAt.from, MessageAt.name] as const
export const timerTexts = [TimerAt.actor, TimerAt.id, TimerAt.name] as const

/** Text fields of a part. */
export function textsOfPart(kind: number): readonly number[] {
  if (kind === PartKind.message) return messageTexts
  return kind === PartKind.ownId || kind === PartKind.reply ? [] : timerTexts
}

function textsKnown(view: DataView, entry: number, fields: readonly number[], strings: number) {
  for (const field of fields) if (view.getUint32(entry + field, true) > strings) return false
  return true
}

/** Offset and length lie at the same place in every entry. */
function sliceFits(view: DataView, entry: number, bodyLength: number): boolean {
  const end = view.getUint32(entry + At.offset, true) + view.getUint32(entry + At.length, true)
  return end <= bodyLength
}
