/**
 * A record as people and scripts read it: texts for numbers, ids as they are typed, values decoded.
 * The bytes stay with `StoredRecord`.
 */
import { type LaneName, laneNames } from '../../mailbox/lane.ts'
import { formatMessageId, type MessageId } from '../../mailbox/message-id.ts'
import { decodeValue } from '../codec.ts'
import { type MessageRef, PartFlag, PartKind, RecordKind } from '../record.ts'
import type { StoredMessage, StoredPart, StoredRecord } from '../stored.ts'
import { outcomeOf, type RecordOutcome } from './filter.ts'
import { type RecordedValue, recordedToJson, recordedValue } from './recorded-value.ts'

/** Kinds of records by the names that people read. */
export const kindNames = Object.freeze({
  [RecordKind.turn]: 'turn',
  [RecordKind.accept]: 'accept',
  [RecordKind.stepBegun]: 'step-begun',
  [RecordKind.stepDone]: 'step-done',
  [RecordKind.parked]: 'parked',
  [RecordKind.deadLetter]: 'dead-letter',
  [RecordKind.replayed]: 'replayed',
  [RecordKind.interrupt]: 'interrupt',
  [RecordKind.destroyed]: 'destroyed',
  [RecordKind.event]: 'event',
} satisfies Record<RecordKind, string>)

/** What a record is, by name. */
export type RecordKindName = (typeof kindNames)[RecordKind]

/** A message with its values decoded, for people. */
export interface MessageView {
  readonly id: MessageId
  readonly ownId?: string
  readonly from: string
  /** Empty for a published message. */
  readonly to: string
  readonly topic?: string
  readonly name: string
  readonly lane: LaneName
  readonly cause?: MessageId
  readonly ask: boolean
  readonly durable: boolean
  /** Version of the payload, from the second on (D9). */
  readonly version?: number
  /** Absent when only the header was recorded. */
  readonly payload?: RecordedValue
}

/** A record with its values decoded, for people. */
export interface RecordView {
  readonly position: number
  readonly kind: RecordKindName
  /** Wall time in ms; of a turn: its start. */
  readonly time: number
  /** Empty for what came from outside. */
  readonly actor: string
  /** Number of the turn, for `turn`. */
  readonly turn?: number
  /** Version of the state that it was made with, from the second on (D9). */
  readonly version?: number
  /** The message that it is about. */
  readonly message?: MessageId
  readonly from: string
  readonly name: string
  /** Of that message. */
  readonly lane?: LaneName
  readonly outcome: RecordOutcome
  /** That message in full, where this record is the first that holds it. */
  readonly inline?: MessageView
  /** Messages that it accepts or sends. */
  readonly sends: readonly MessageView[]
  readonly reply?: RecordedValue
  readonly error?: RecordedValue
  readonly result?: RecordedValue
  /** Which call of its name in the turn. */
  readonly step?: number
  readonly patch?: RecordedValue
  readonly state?: RecordedValue
  /** Timers and subscriptions, a phrase each. */
  readonly notes: readonly string[]
}

export function idOf({ position, index }: MessageRef): MessageId {
  return formatMessageId(position, index)
}

/** Decodes a record. */
export function viewRecord(record: StoredRecord): RecordView {
  const messages = record.parts.flatMap((part) =>
    part.kind === PartKind.message ? [part.message] : [],
  )
  const inline = messages.find(({ flags }) => flags & PartFlag.inline)
  const reply = record.parts.find((part) => part.kind === PartKind.reply)
  const value = (bytes: Uint8Array | undefined): RecordedValue | undefined =>
    bytes && recordedValue(bytes)
  return {
    position: record.position,
    kind: kindNames[record.kind] ?? 'event',
    time: record.time,
    actor: record.actor,
    ...(record.kind === RecordKind.turn && { turn: record.turn }),
    ...(record.version > 1 && { version: record.version }),
    ...(record.message.position !== 0 && { message: idOf(record.message) }),
    from: record.sender,
    name: record.name,
    ...(record.message.position !== 0 && { lane: laneOf(record.lane) }),
    outcome: outcomeOf(record.kind, record.flags),
    ...defined('inline', inline && viewMessage(inline)),
    sends: messages.filter((one) => one !== inline).map(viewMessage),
    ...defined('reply', value(reply?.kind === PartKind.reply ? reply.value : undefined)),
    ...defined('error', value(record.error)),
    ...defined('result', value(record.result)),
    ...defined('step', record.step && stepNumber(record.step)),
    ...defined('patch', value(record.patch)),
    ...defined('state', value(record.state)),
    notes: record.parts.flatMap(noteOf),
  }
}

export function viewMessage(message: StoredMessage): MessageView {
  const { ref, ownId, from, to, topic, name, lane, cause, flags, payload } = message
  return {
    id: idOf(ref),
    ...defined('ownId', ownId),
    from,
    to,
    ...defined('topic', topic),
    name,
    lane: laneOf(lane),
    ...(cause.position !== 0 && { cause: idOf(cause) }),
    ask: (flags & PartFlag.ask) !== 0,
    durable: (flags & PartFlag.durable) !== 0,
    ...(message.version > 1 && { version: message.version }),
    ...defined('payload', payload && recordedValue(payload)),
  }
}

/** As one JSON value, with the time spelled out and the values as JSON says them. */
export function recordToJson(view: RecordView): Record<string, unknown> {
  const { time, inline, sends, reply, error, result, patch, state, notes, ...rest } = view
  return {
    ...rest,
    at: new Date(time).toISOString(),
    ...defined('inline', inline && messageToJson(inline)),
    ...(sends.length > 0 && { sends: sends.map(messageToJson) }),
    ...defined('reply', reply && recordedToJson(reply)),
    ...defined('error', error && recordedToJson(error)),
    ...defined('result', result && recordedToJson(result)),
    ...defined('patch', patch && recordedToJson(patch)),
    ...defined('state', state && recordedToJson(state)),
    ...(notes.length > 0 && { notes }),
  }
}

/** A message as JSON can hold it. */
export function messageToJson({ payload, ...rest }: MessageView): Record<string, unknown> {
  return { ...rest, ...defined('payload', payload && recordedToJson(payload)) }
}

function laneOf(lane: number): LaneName {
  return laneNames[lane] ?? 'normal'
}

function stepNumber(section: Uint8Array): number | undefined {
  try {
    const { n } = decodeValue(section) as { n?: unknown }
    return typeof n === 'number' ? n : undefined
  } catch {
    return undefined
  }
}

function noteOf(part: StoredPart): string[] {
  switch (part.kind) {
    case PartKind.message:
    case PartKind.reply:
      return []
    case PartKind.timerSet:
      return [`timer ${part.id} set, sends ${part.name} at ${new Date(part.due).toISOString()}`]
    case PartKind.timerCancelled:
      return [`timer ${part.id} cancelled`]
    case PartKind.timerFired:
      return [`timer ${part.id} of ${part.actor} fired`]
    case PartKind.subscribed:
      return [`subscribed to ${part.pattern}`]
    case PartKind.unsubscribed:
      return [`unsubscribed from ${part.pattern}`]
    default:
      return part satisfies never
  }
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V }
}
