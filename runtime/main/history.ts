/**
 * Queries over the recorded history: one entry for each message that a record accepted, consumed or
 * gave up.
 */

import { type LaneName, laneNames } from '../../mailbox/lane.ts'
import { formatMessageId, type MessageId } from '../../mailbox/message-id.ts'
import { anInteger, aText, checkOptions } from '../../mailbox/options.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { PartKind, RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { StoredMessage, StoredRecord } from '../../persistence/stored.ts'
import { matchesTopic } from '../../persistence/topic.ts'
import type { StoreClient } from '../peer/store-client.ts'

/** Which entries to return. Absent fields match everything. */
export interface HistoryQuery {
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
  /** Position after which to start. */
  readonly after?: number
  /** Default 1,000. */
  readonly limit?: number
}

/** What happened to one message in one record. */
export interface HistoryEntry {
  /** Position of the record in the history. */
  readonly position: number
  /** What happened to the message there. */
  readonly what:
    | 'sent'
    | 'accepted'
    | 'processed'
    | 'failed'
    | 'parked'
    | 'dead-letter'
    | 'recorded'
  readonly id: MessageId
  readonly from: string
  readonly to: string
  readonly name: string
  readonly topic: string | undefined
  readonly lane: LaneName
  readonly cause: MessageId | undefined
  /** Wall time in ms. */
  readonly at: number
  readonly payload: unknown
}

const checks = {
  from: aText,
  to: aText,
  type: aText,
  name: aText,
  topic: aText,
  since: anInteger(0),
  until: anInteger(0),
  cause: aText,
  after: anInteger(0),
  limit: anInteger(1),
}

export class History {
  readonly #store: StoreClient | undefined

  constructor(store: StoreClient | undefined) {
    this.#store = store
  }

  /** Entries in the order of the history. Without a store there are none. */
  async query(query: HistoryQuery = {}): Promise<HistoryEntry[]> {
    const found: HistoryEntry[] = []
    for await (const entry of this.read(query)) {
      found.push(entry)
      if (found.length >= (query.limit ?? 1_000)) break
    }
    return found
  }

  /** Entries as they are read; stop by leaving the loop. */
  async *read(query: HistoryQuery = {}): AsyncGenerator<HistoryEntry, void, void> {
    checkOptions('history query', query, checks)
    let from: number | undefined = (query.after ?? 0) + 1
    while (from !== undefined && this.#store !== undefined) {
      const page: { records: readonly StoredRecord[]; next: number | undefined } =
        await this.#store.ask('records', { from, limit: 256 })
      for (const record of page.records) {
        for (const entry of entriesOf(record)) if (matches(entry, query)) yield entry
      }
      from = page.next
    }
  }
}

function* entriesOf(record: StoredRecord): Generator<HistoryEntry> {
  const what = fate(record)
  if (what !== undefined && record.message.position !== 0) yield consumed(record, what)
  for (const part of record.parts) {
    if (part.kind === PartKind.message && !isInline(part.message, record)) {
      yield sent(record, part.message)
    }
  }
}

function fate(record: StoredRecord): HistoryEntry['what'] | undefined {
  switch (record.kind) {
    case RecordKind.turn:
      return record.flags & RecordFlag.failed ? 'failed' : 'processed'
    case RecordKind.parked:
      return 'parked'
    case RecordKind.event:
      return 'recorded'
    default:
      return undefined
  }
}

function isInline({ ref }: StoredMessage, { message }: StoredRecord): boolean {
  return ref.position === message.position && ref.index === message.index
}

function consumed(record: StoredRecord, what: HistoryEntry['what']): HistoryEntry {
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
    lane: laneNames[record.lane] ?? 'normal',
    cause: message && causeOf(message),
    at: record.time,
    payload: message?.payload && decodeValue(message.payload),
  }
}

function sent(record: StoredRecord, message: StoredMessage): HistoryEntry {
  return {
    position: record.position,
    what:
      record.kind === RecordKind.deadLetter
        ? 'dead-letter'
        : record.actor === ''
          ? 'accepted'
          : 'sent',
    id: message.ownId ?? formatMessageId(message.ref.position, message.ref.index),
    from: message.from,
    to: message.to,
    name: message.name,
    topic: message.topic,
    lane: laneNames[message.lane] ?? 'normal',
    cause: causeOf(message),
    at: record.time,
    payload: message.payload && decodeValue(message.payload),
  }
}

function causeOf({ cause }: StoredMessage): MessageId | undefined {
  return cause.position === 0 ? undefined : formatMessageId(cause.position, cause.index)
}

function matches(entry: HistoryEntry, query: HistoryQuery): boolean {
  return (
    (query.from === undefined || entry.from === query.from) &&
    (query.to === undefined || entry.to === query.to) &&
    (query.type === undefined || entry.to.startsWith(`${query.type}/`)) &&
    (query.name === undefined || entry.name === query.name) &&
    (query.since === undefined || entry.at >= query.since) &&
    (query.until === undefined || entry.at <= query.until) &&
    (query.cause === undefined || entry.cause === query.cause) &&
    (query.topic === undefined ||
      (entry.topic !== undefined && matchesTopic(query.topic, entry.topic)))
  )
}
