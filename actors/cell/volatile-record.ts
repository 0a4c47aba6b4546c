/**
 * The history of a volatile actor whose definition asks for one (`record`). Without a store there is none.
 *
 *   headers   each message as it is taken into hand, in that order, its header only
 *   full      that in full; each start of the actor; how its calls ended; what an asker was answered, and
 *             what a handler threw. From a start on it can be run again (R2)
 *
 * Nothing is built on these records: no reply waits for them, and one that is refused harms no other.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { noMessage, PartFlag, RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { SegmentBuilder } from '../../persistence/segment.ts'
import type { ActorDefinition } from '../actor.ts'
import { encodeError } from './error-data.ts'
import type { CellHost } from './ports.ts'
import { payloadVersion } from './present.ts'
import type { StepSection } from './steps.ts'
import { encodeHeader } from './stored-message.ts'

/** The actor whose history it is. */
interface Recorded {
  readonly id: string
  readonly definition: ActorDefinition
  readonly host: CellHost
}

/** Name of the record of a start. */
export const startRecord = '$start'

/** Whether more than messages is kept. */
export function isRecordedInFull({ definition, host }: Recorded): boolean {
  return definition.behavior.record === 'full' && host.journal !== undefined
}

/** A fresh state is made. */
export function recordStart(cell: Recorded): void {
  if (!isRecordedInFull(cell)) return
  const time = timeOf(cell)
  append(cell, ({ builder }) =>
    builder.record({ kind: RecordKind.event, time, actor: cell.id, name: startRecord }),
  )
}

/** @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE */
export function recordTaken(cell: Recorded, envelope: Envelope): void {
  const { record } = cell.definition.behavior
  if (record === undefined || cell.host.journal === undefined) return
  const payload = record === 'full' ? payloadOf(envelope) : undefined
  const time = timeOf(cell)
  append(cell, ({ builder }) => {
    about(builder, cell, envelope, time, {})
    inline(builder, cell, envelope, payload)
  })
}

/** A call of a turn has ended; `envelope` is undefined in a start hook. */
export function recordCall(
  cell: Recorded,
  envelope: Envelope | undefined,
  name: string,
  section: StepSection,
  outcome: Settled,
): void {
  const step = encodeValue(section).slice()
  const came = encoded(outcome)
  const time = timeOf(cell)
  append(cell, ({ builder }) => about(builder, cell, envelope, time, { name, step, ...came }))
}

/** A turn has ended in a way that others saw: with an answer, or with an error. */
export function recordEnd(cell: Recorded, envelope: Envelope, outcome: Settled): void {
  if (!isRecordedInFull(cell)) return
  if (outcome.ok && envelope.header.reply === undefined) return
  const { result, error } = encoded(outcome)
  const time = timeOf(cell)
  append(cell, ({ builder }) => {
    about(builder, cell, envelope, time, { ...(error && { error }) })
    if (result !== undefined) builder.reply(result)
  })
}

function timeOf({ host }: Recorded): number {
  return Math.floor(host.clock.wall())
}

function payloadOf({ header, payload }: Envelope): Uint8Array {
  return header.bytes ?? encodeValue(payload)
}

/**
 * What cannot be encoded is not kept: it did not have to be, for a volatile actor. Copies, since a record
 * that is lost with a failed commit is written again.
 */
function encoded(outcome: Settled): { readonly result?: Uint8Array; readonly error?: Uint8Array } {
  try {
    if (!outcome.ok) return { error: encodeValue(encodeError(outcome.error)).slice() }
    return { result: encodeValue(outcome.value).slice() }
  } catch {
    return {}
  }
}

function append(cell: Recorded, write: (to: { readonly builder: SegmentBuilder }) => void): void {
  const { journal } = cell.host
  if (journal === undefined) return
  write(journal)
  journal.append({
    // Whoever waits for the thread to be quiet waits for this answer, too.
    committed: () => cell.host.touched(cell),
    // Lost with a failed commit: it did happen, so it is said again (D5).
    undone: (refusal) => {
      if (refusal === undefined) append(cell, write)
    },
  })
}

/** A record about a message in hand. */
function about(
  builder: SegmentBuilder,
  { id }: Recorded,
  envelope: Envelope | undefined,
  time: number,
  more: {
    readonly name?: string
    readonly step?: Uint8Array
    readonly result?: Uint8Array
    readonly error?: Uint8Array
  },
): void {
  builder.record({
    kind: RecordKind.event,
    time,
    actor: id,
    message: envelope === undefined ? noMessage : { position: envelope.a, index: envelope.b },
    ...(envelope && { lane: envelope.lane, sender: envelope.from }),
    name: envelope?.name ?? startRecord,
    flags: more.error === undefined ? 0 : RecordFlag.failed,
    ...more,
  })
}

function inline(
  builder: SegmentBuilder,
  { id, definition }: Recorded,
  { lane, from, name, header, causeA, causeB }: Envelope,
  payload: Uint8Array | undefined,
): void {
  const extras = encodeHeader(header, header.topic)
  const asked = header.reply === undefined ? 0 : PartFlag.ask
  builder.message({
    to: id,
    from,
    name,
    lane,
    version: payloadVersion(definition, { name, ...header }),
    flags: PartFlag.inline | asked | (payload === undefined ? PartFlag.headerOnly : 0),
    cause: { position: causeA, index: causeB },
    ...(extras && { header: extras }),
    ...(payload && { payload }),
  })
}
