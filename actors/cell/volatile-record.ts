/**
 * The history of a volatile actor whose definition asks for one (`record`). Without a store there is none.
 *
 *   headers   each message as it is taken into hand, in that order, its header only
 *   full      that in full; each start of the actor; how its calls ended; what an asker was answered, and
 *             what a handler threw. From a start on it can be run again (R2)
 *
 * Nothing is built on these records: no reply waits for them, one that is refused harms no other, and a
 * thread may keep them for some ms until there are more.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { noMessage, PartFlag, RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { SegmentBuilder } from '../../persistence/segment.ts'
import type { Refusal } from '../../persistence/store.ts'
import type { ActorDefinition } from '../actor.ts'
import { encodeError } from './error-data.ts'
import type { CellHost, Committing, Journal } from './ports.ts'
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
  if (isRecordedInFull(cell)) new Event(cell, undefined).append()
}

/** @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE */
export function recordTaken(cell: Recorded, envelope: Envelope): void {
  if (cell.definition.behavior.record !== undefined) new Taken(cell, envelope).append()
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
  new Event(cell, envelope, { name, step, ...encoded(outcome) }).append()
}

/** A turn has ended in a way that others saw: with an answer, or with an error. */
export function recordEnd(cell: Recorded, envelope: Envelope, outcome: Settled): void {
  if (!isRecordedInFull(cell)) return
  if (outcome.ok && envelope.header.reply === undefined) return
  const { result: reply, error } = encoded(outcome)
  new Event(cell, envelope, { reply, error }).append()
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

/** What a record says besides which message it is about. */
interface Said {
  readonly name?: string
  readonly step?: Uint8Array | undefined
  readonly result?: Uint8Array | undefined
  readonly error?: Uint8Array | undefined
  readonly reply?: Uint8Array | undefined
}

const nothing: Said = Object.freeze({})

/** One record about a message in hand, or about a start; kept until the store has it. */
class Event implements Committing {
  protected readonly cell: Recorded
  protected readonly envelope: Envelope | undefined
  readonly #said: Said
  readonly #time: number

  constructor(cell: Recorded, envelope: Envelope | undefined, said: Said = nothing) {
    this.cell = cell
    this.envelope = envelope
    this.#said = said
    this.#time = Math.floor(cell.host.clock.wall())
  }

  append(): void {
    const { journal } = this.cell.host
    if (journal === undefined) return
    this.write(journal.builder)
    this.hand(journal)
  }

  committed(): void {}

  /** Lost with a failed commit: it did happen, so it is said again (D5). */
  undone(refusal: Refusal | undefined): void {
    if (refusal === undefined) this.append()
  }

  /** An error is looked for at once: it and what led to it wait for nothing. */
  protected hand(journal: Journal): void {
    if (this.#said.error === undefined) journal.gather(this)
    else journal.append(this)
  }

  protected write(builder: SegmentBuilder): void {
    const { cell, envelope } = this
    const { name, step, result, error, reply } = this.#said
    builder.record({
      kind: RecordKind.event,
      time: this.#time,
      actor: cell.id,
      message: envelope === undefined ? noMessage : { position: envelope.a, index: envelope.b },
      lane: envelope?.lane,
      sender: envelope?.from,
      name: name ?? envelope?.name ?? startRecord,
      flags: error === undefined ? 0 : RecordFlag.failed,
      step,
      result,
      error,
    })
    if (reply !== undefined) builder.reply(reply)
  }
}

/** One that comes with its message. */
class Taken extends Event {
  protected override write(builder: SegmentBuilder): void {
    const { id, definition } = this.cell
    const { lane, from, name, header, payload, causeA, causeB } = this.envelope as Envelope
    const isFull = definition.behavior.record === 'full'
    const asked = header.reply === undefined ? 0 : PartFlag.ask
    // Encoded before anything is written: it may be what cannot be.
    const bytes = isFull ? (header.bytes ?? encodeValue(payload)) : undefined
    const extras = encodeHeader(header, header.topic)
    super.write(builder)
    builder.message({
      to: id,
      from,
      name,
      lane,
      version: payloadVersion(definition, { name, topic: header.topic }),
      flags: PartFlag.inline | asked | (isFull ? 0 : PartFlag.headerOnly),
      cause: { position: causeA, index: causeB },
      header: extras,
      payload: bytes,
    })
  }
}
