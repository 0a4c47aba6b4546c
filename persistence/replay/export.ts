/**
 * A history as NDJSON and back: one record a line, values as base64 of the very bytes that are stored,
 * so that what is imported folds and searches the same.
 *
 * Owns the form of a line. An export is data from outside: each line is checked, then committed through
 * a store, which refuses what does not follow from the lines before (D5).
 *
 * Left out: snapshots and checkpoints, which follow from the records, and what is sealed (R5): a line
 * tells it by its hash, and cannot be imported.
 */
import { createHash } from 'node:crypto'
import { TroupeError } from '../../mailbox/errors.ts'
import { isDamage, type Place, partsOf, placeOf, readMessage, readRecord } from '../decode.ts'
import { At } from '../directory.ts'
import type { HistoryReader } from '../history-reader.ts'
import { PartFlag, PartKind, RecordFlag, Section, type SectionName } from '../record.ts'
import type { Damage, StoredMessage, StoredPart, StoredRecord, StoredSegment } from '../stored.ts'

/** Version of the form of a line. */
export const exportVersion = 1

/** The first line. */
export interface ExportHead {
  readonly troupe: 'history'
  readonly version: number
  /** Position of the last record. */
  readonly position: number
}

export type ExportedBytes = string | { readonly sealed: string; readonly bytes: number }

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
  const sealed = (record.flags & RecordFlag.sealed) !== 0
  const names = Object.keys(Section) as SectionName[]
  const sections = names.flatMap((name) => {
    const bytes = record[name]
    return bytes === undefined ? [] : [[name, bytesOf(bytes, sealed)] as const]
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
    parts: [...parts].map((part) => partOf(part, sealed)),
  }
}

function partOf(part: StoredPart, sealed: boolean): ExportedPart {
  switch (part.kind) {
    case PartKind.message:
      return messageOf(part.message)
    case PartKind.reply:
      return { ...part, value: bytesOf(part.value, sealed) }
    case PartKind.timerSet: {
      const { payload, ...rest } = part
      return { ...rest, ...(payload && { payload: bytesOf(payload, sealed) }) }
    }
    default:
      return { ...part }
  }
}

function messageOf(message: StoredMessage): ExportedPart {
  const { to, topic, from, name, lane, flags, deadline, version, cause, ownId } = message
  const sealed = (flags & PartFlag.sealed) !== 0
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
    ...(message.header && { header: bytesOf(message.header, sealed) }),
    ...(message.payload && { payload: bytesOf(message.payload, sealed) }),
  }
}

function bytesOf(bytes: Uint8Array, sealed: boolean): ExportedBytes {
  if (!sealed) return Buffer.from(bytes).toString('base64')
  return { sealed: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length }
}

/** @throws STORE_CORRUPT naming the line */
export function badLine(line: number, why: string): TroupeError {
  return new TroupeError('STORE_CORRUPT', `line ${line} of the export cannot be imported: ${why}`, {
    fields: { line },
  })
}
