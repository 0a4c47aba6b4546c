/**
 * A page of the recorded history as messages: one entry for each message that a record accepted,
 * consumed or gave up. Made where the file is read, so that only what was asked for travels.
 */
import { formatMessageId, type MessageId } from '../../mailbox/message-id.ts'
import { PartKind, RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { StoreReader } from '../../persistence/store.ts'
import type { StoredMessage, StoredRecord } from '../../persistence/stored.ts'
import { matchesTopic } from '../../persistence/topic.ts'

/** Positions looked at for one page, so that nobody waits long for a rare message. */
const lookLimit = 256
/** Bytes of payloads after which a page ends. */
const pageBytes = 1024 * 1024

/** Which entries to return. Absent fields match everything. */
export interface HistoryMatch {
  /** Sender, `type/key`. */
  readonly from?: string
  /** Receiver, `type/key`. */
  readonly to?: string
  /** Receiver's actor type. */
  readonly type?: string
  /** Message name. */
  readonly name?: string
  /** Topic pattern. */
  readonly topic?: string
  /** Wall time in ms, inclusive. */
  readonly since?: number
  readonly until?: number
  /** The message that led to it. */
  readonly cause?: MessageId
}

/** What happened to a message in one record. */
export type Fate =
  | 'sent'
  | 'accepted'
  | 'processed'
  | 'failed'
  | 'parked'
  | 'dead-letter'
  | 'recorded'

/** An entry as it crosses threads: the payload is as the store has it. */
export interface StoredEntry {
  /** Position of the record in the history. */
  readonly position: number
  /** What happened to the message there. */
  readonly what: Fate
  readonly id: MessageId
  readonly from: string
  readonly to: string
  readonly name: string
  readonly topic: string | undefined
  readonly lane: number
  readonly cause: MessageId | undefined
  /** Wall time in ms. */
  readonly at: number
  readonly payload: Uint8Array | undefined
}

export interface HistoryPage {
  readonly entries: readonly StoredEntry[]
  /** Where the next page starts; undefined at the end. */
  readonly next: number | undefined
}

/** A page begins at a position. */
export interface HistoryAsk {
  readonly match: HistoryMatch
  readonly from: number
}

export function historyPage(
  reader: Pick<StoreReader, 'position' | 'record'>,
  { match, from }: HistoryAsk,
): HistoryPage {
  const last = reader.position
  const end = Math.min(last, from + lookLimit - 1)
  const entries: StoredEntry[] = []
  let bytes = 0
  for (let position = from; position <= end; position += 1) {
    const record = reader.record(position)
    if (record === undefined || 'detail' in record) continue
    for (const entry of entriesOf(record)) {
      if (!matches(entry, match)) continue
      entries.push(entry)
      bytes += entry.payload?.length ?? 0
    }
    if (bytes >= pageBytes) return { entries, next: position < last ? position + 1 : undefined }
  }
  return { entries, next: end < last ? end + 1 : undefined }
}

function* entriesOf(record: StoredRecord): Generator<StoredEntry> {
  const what = fate(record)
  if (what !== undefined && record.message.position !== 0) yield consumed(record, what)
  for (const part of record.parts) {
    if (part.kind === PartKind.message && !isInline(part.message, record)) {
      yield sent(record, part.message)
    }
  }
}

function fate(record: StoredRecord): Fate | undefined {
  switch (record.kind) {
    case RecordKind.turn:
      return record.flags & RecordFlag.failed ? 'failed' : 'processed'
    case RecordKind.parked:
      return 'parked'
    case RecordKind.event:
      // Its message; how its calls and its turn ended is told of no message anew.
      return record.parts.some(({ kind }) => kind === PartKind.message) ? 'recorded' : undefined
    default:
      return undefined
  }
}

function isInline({ ref }: StoredMessage, { message }: StoredRecord): boolean {
  return ref.position === message.position && ref.index === message.index
}

function consumed(record: StoredRecord, what: Fate): StoredEntry {
  const own = record.parts.find(
    (part) => part.kind === PartKind.message && isInline(part.message, record),
  )
  const message = own?.kind === PartKind.message ? own.message : undefined
  return {
    position: record.position,
    what,
    id: formatMessageId(record.message.position, record.message.index),
    from: record.sender,
    to: record.actor,
    name: record.name,
    topic: message?.topic,
    lane: record.lane,
    cause: message && causeOf(message),
    at: record.time,
    payload: message?.payload,
  }
}

function sent(record: StoredRecord, message: StoredMessage): StoredEntry {
  return {
    position: record.position,
    what: sentAs(record),
    id: message.ownId ?? formatMessageId(message.ref.position, message.ref.index),
    from: message.from,
    to: message.to,
    name: message.name,
    topic: message.topic,
    lane: message.lane,
    cause: causeOf(message),
    at: record.time,
    payload: message.payload,
  }
}

function sentAs({ kind, actor }: StoredRecord): Fate {
  if (kind === RecordKind.deadLetter) return 'dead-letter'
  return actor === '' ? 'accepted' : 'sent'
}

function causeOf({ cause }: StoredMessage): MessageId | undefined {
  return cause.position === 0 ? undefined : formatMessageId(cause.position, cause.index)
}

function matches(entry: StoredEntry, match: HistoryMatch): boolean {
  return (
    (match.from === undefined || entry.from === match.from) &&
    (match.to === undefined || entry.to === match.to) &&
    (match.type === undefined || entry.to.startsWith(`${match.type}/`)) &&
    (match.name === undefined || entry.name === match.name) &&
    (match.since === undefined || entry.at >= match.since) &&
    (match.until === undefined || entry.at <= match.until) &&
    (match.cause === undefined || entry.cause === match.cause) &&
    (match.topic === undefined ||
      (entry.topic !== undefined && matchesTopic(match.topic, entry.topic)))
  )
}
