/**
 * A history as NDJSON and back: one record a line, values as base64 of the very bytes that are stored,
 * so that what is imported folds and searches the same.
 *
 * Owns the form of a line. An export is data from outside: each line is checked, then committed through
 * a store, which refuses what does not follow from the lines before (D5).
 *
 * Left out: snapshots and checkpoints, which follow from the records, and the content of secrets (R5),
 * of which the hash is kept.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import { isDamage, partsOf, readMessage, readRecord } from '../decode.ts'
import { At } from '../directory.ts'
import type { HistoryReader } from '../history-reader.ts'
import { type Place, placeOf } from '../places.ts'
import { PartFlag, PartKind, RecordFlag, Section, type SectionName } from '../record.ts'
import type { Damage, StoredMessage, StoredPart, StoredRecord, StoredSegment } from '../stored.ts'
import { withheldBytes } from './withheld.ts'

/** Version of the form of a line. */
export const exportVersion = 1

/** The first line. */
export interface ExportHead {
  readonly troupe: 'history'
  readonly version: number
  /** Position of the last record. */
  readonly position: number
}

/** Base64. */
export type ExportedBytes = string

/** A record as a line. Fields follow `StoredRecord`; references are `[position, index]`. */
export interface ExportedRecord {
  readonly position: number
  /** Wall time in ms of its commit. */
  readonly committed: number
  readonly kind: number
  readonly time: number
  readonly actor: string
  readonly turn: number
  readonly version: number
  readonly message: readonly [number, number]
  readonly lane: number
  readonly sender: string
  readonly name: string
  readonly flags: number
  readonly sections: Readonly<Record<string, ExportedBytes>>
  readonly parts: readonly ExportedPart[]
}

export interface ExportedPart {
  readonly kind: number
  readonly [field: string]: unknown
}

/** Every record from the first to the last, as values for lines; damage as itself. */
export function* exportHistory(
  reader: HistoryReader,
): Generator<ExportHead | ExportedRecord | Damage> {
  const last = reader.position
  yield { troupe: 'history', version: exportVersion, position: last }
  for (const segment of reader.segments(1, last)) {
    if (isDamage(segment)) yield segment
    else yield* recordsIn(segment as StoredSegment, reader, last)
  }
}

function* recordsIn(
  segment: StoredSegment,
  reader: HistoryReader,
  last: number,
): Generator<ExportedRecord | Damage> {
  const end = Math.min(segment.position + segment.count - 1, last)
  for (let position = segment.position; position <= end; position += 1) {
    const place = placeOf(segment, position)
    const record = place && readRecord(place, reader)
    if (place === undefined || record === undefined) continue
    if (isDamage(record)) yield record
    else
      yield lineOf(
        record as StoredRecord,
        segment.time,
        partsInOrder(place, record as StoredRecord, reader),
      )
  }
}

/**
 * Its parts in their order, with the duplicates that were dropped from its outbox: messages are known
 * by their place, so the dropped ones keep theirs.
 */
function* partsInOrder(
  place: Place,
  record: StoredRecord,
  reader: HistoryReader,
): Generator<StoredPart> {
  const live = record.parts.values()
  for (const part of partsOf(place)) {
    const kind = place.view.getUint8(part)
    if (kind === PartKind.ownId) continue
    if ((place.view.getUint16(part + At.flags, true) & PartFlag.dead) === 0) {
      yield live.next().value as StoredPart
      continue
    }
    const message = kind === PartKind.message ? readMessage(place, part, reader) : undefined
    if (message !== undefined) yield { kind: PartKind.message, message }
  }
}

function lineOf(
  record: StoredRecord,
  committed: number,
  parts: Iterable<StoredPart>,
): ExportedRecord {
  const names = Object.keys(Section) as SectionName[]
  const sections = names.flatMap((name) => {
    const bytes = record[name]
    return bytes === undefined ? [] : [[name, bytesOf(bytes)] as const]
  })
  return {
    position: record.position,
    committed,
    kind: record.kind,
    time: record.time,
    actor: record.actor,
    turn: record.turn,
    version: record.version,
    message: [record.message.position, record.message.index],
    lane: record.lane,
    sender: record.sender,
    name: record.name,
    flags: record.flags & ~(RecordFlag.whole | RecordFlag.dead),
    sections: Object.fromEntries(sections),
    parts: [...parts].map(partOf),
  }
}

function partOf(part: StoredPart): ExportedPart {
  switch (part.kind) {
    case PartKind.message:
      return messageOf(part.message)
    case PartKind.reply:
      return { ...part, value: bytesOf(part.value) }
    case PartKind.timerSet: {
      const { payload, ...rest } = part
      return { ...rest, ...(payload && { payload: bytesOf(payload) }) }
    }
    default:
      return { ...part }
  }
}

function messageOf(message: StoredMessage): ExportedPart {
  const { to, topic, from, name, lane, flags, deadline, version, cause, ownId } = message
  return {
    kind: PartKind.message,
    to: topic ?? to,
    from,
    name,
    lane,
    flags: flags & ~(PartFlag.ownId | PartFlag.dead),
    deadline,
    version,
    cause: [cause.position, cause.index],
    ...(ownId !== undefined && { ownId }),
    ...(message.header && { header: bytesOf(message.header) }),
    ...(message.payload && { payload: bytesOf(message.payload) }),
  }
}

function bytesOf(bytes: Uint8Array): ExportedBytes {
  return Buffer.from(withheldBytes(bytes)).toString('base64')
}

/** @throws STORE_CORRUPT naming the line */
export function badLine(line: number, why: string): TroupeError {
  return new TroupeError('STORE_CORRUPT', `line ${line} of the export cannot be imported: ${why}`, {
    fields: { line },
  })
}
