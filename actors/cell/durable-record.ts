/**
 * How a durable actor's turns become records; its steps do in `step-record.ts`. `prepare` encodes
 * everything that can fail, while the turn can still be undone; `write` cannot fail.
 */
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { Lane } from '../../mailbox/lane.ts'
import { encodeChecked, encodeValue, MAX_BYTES } from '../../persistence/codec.ts'
import { copyEncodable } from '../../persistence/copy.ts'
import { applyPatch, type Patch } from '../../persistence/patch.ts'
import { REPLACE } from '../../persistence/patch-shape.ts'
import { type MessageRef, PartFlag, RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { SegmentBuilder } from '../../persistence/segment.ts'
import type { ActorDefinition } from '../actor.ts'
import type { Book } from './book.ts'
import type { DurableTurn } from './durable-turn.ts'
import { encodeError } from './error-data.ts'
import { encodeGivenUp } from './given-up.ts'
import type { CellHost } from './ports.ts'
import { payloadVersion } from './present.ts'
import { copied } from './recoded.ts'
import { replyTo } from './reply-names.ts'
import { encodeHeader, wallDeadline } from './stored-message.ts'
import { encodeInputs, type TurnInputs } from './turn-inputs.ts'

/** The actor whose records they are. */
export interface Recorded {
  readonly id: string
  readonly host: CellHost
  readonly definition: ActorDefinition
  readonly state: unknown
  /** At most so many bytes does it take encoded. */
  readonly stateBound: number
  readonly book: Book
  /** Number of the last turn. */
  readonly turnNumber: number
  /** The store has no state to fold on yet. */
  readonly wholeDue: boolean
  /** What the store has of its book is older than that: the whole state begins a new fold. */
  readonly bookDue: boolean
  /** The flag for the next record, once after an undo (D5). */
  takeRebase(): number
}

/** A turn, encoded. */
export interface PreparedTurn {
  readonly patch: Patch | undefined
  readonly book: Patch | undefined
  readonly patchBytes: Uint8Array | undefined
  readonly bookBytes: Uint8Array | undefined
  /** The whole state below the patch, the first time. */
  readonly stateBytes: Uint8Array | undefined
  readonly inputs: Uint8Array | undefined
  /** At most so many bytes does the state take that comes of it. */
  readonly stateBound: number
  readonly replyBytes: Uint8Array | undefined
  readonly payloadBytes: Uint8Array | undefined
}

/** @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE */
export function prepare(cell: Recorded, turn: DurableTurn, reply: unknown): PreparedTurn {
  const { patch, book } = turn.finish()
  const { envelope } = turn
  const what = `state of ${cell.id}`
  const patchBytes = patch && encodeChecked(patch, what)
  const stateBytes = cell.wholeDue ? encodeValue(cell.state, what) : undefined
  return {
    patch,
    book,
    patchBytes,
    bookBytes: cell.bookDue ? wholeBook(cell.book, book) : book && encodeChecked(book),
    stateBytes,
    stateBound: checkedBound(cell, turn, what, patchBytes, stateBytes),
    inputs: encodeInputs(turn.inputs),
    replyBytes:
      envelope?.header.ownId === undefined ? undefined : encodeValue(reply, replyTo(envelope)),
    payloadBytes: envelope && inlinePayload(envelope),
  }
}

/**
 * The state that a turn leaves is at most 16 MiB (T5). It is encoded, to know, only when what was written of
 * it may be more than that: a turn costs its delta (D3).
 */
function checkedBound(
  cell: Recorded,
  turn: DurableTurn,
  what: string,
  patch: Uint8Array | undefined,
  whole: Uint8Array | undefined,
): number {
  const before = whole?.length ?? cell.stateBound
  const bound = before + (patch?.length ?? 0)
  const isPast = patch !== undefined && bound > MAX_BYTES
  return isPast ? encodeValue(copied(turn.state, what), what).length : bound
}

/** A whole state ends what is folded before it, the book included (D9). */
function wholeBook(book: Book, patch: Patch | undefined): Uint8Array {
  const whole = copyEncodable(book)
  return encodeValue([REPLACE, patch === undefined ? whole : applyPatch(whole, patch)])
}

/** The payload of a message that was only in memory so far: the history needs it (R4). */
export function inlinePayload(envelope: Envelope): Uint8Array | undefined {
  if (envelope.stored) return undefined
  return envelope.header.bytes ?? encodeChecked(envelope.payload)
}

/** A payload that cannot be encoded leaves its header behind: giving up must not fail. */
function payloadIfAny(envelope: Envelope): Uint8Array | undefined {
  try {
    return inlinePayload(envelope)
  } catch {
    return undefined
  }
}

/** Writes the record of an ended turn. */
export function writeTurn(
  builder: SegmentBuilder,
  cell: Recorded,
  turn: DurableTurn,
  prepared: PreparedTurn,
): void {
  const stash = turn.stashing ? RecordFlag.stash : 0
  const unstash = turn.unstashing ? RecordFlag.unstash : 0
  const { envelope } = turn
  // Written out: this is once per turn, and each spread would be an object of its own.
  builder.record({
    kind: RecordKind.turn,
    time: turn.startedWall,
    actor: cell.id,
    turn: cell.turnNumber,
    version: cell.definition.past.state.version,
    message: envelope && { position: envelope.a, index: envelope.b },
    lane: envelope?.lane,
    sender: envelope?.from,
    name: envelope?.name,
    flags: cell.takeRebase() | stash | unstash,
    state: prepared.stateBytes,
    patch: prepared.patchBytes,
    meta: prepared.bookBytes,
    inputs: prepared.inputs,
  })
  if (turn.envelope !== undefined) writeInline(builder, cell, turn.envelope, prepared.payloadBytes)
  turn.said?.write(builder)
  if (prepared.replyBytes !== undefined && !turn.stashing) builder.reply(prepared.replyBytes)
}

/** Writes a failed turn whose asker gets the error (F2). */
export function writeFailedTurn(
  builder: SegmentBuilder,
  cell: Recorded,
  envelope: Envelope,
  error: unknown,
  turnInputs: TurnInputs,
): void {
  const inputs = encodeInputs(turnInputs)
  builder.record({
    kind: RecordKind.turn,
    time: Math.floor(cell.host.clock.wall()),
    turn: cell.turnNumber,
    flags: cell.takeRebase() | RecordFlag.failed,
    ...subject(cell, envelope),
    error: encodeValue(encodeError(error)),
    ...(inputs && { inputs }),
  })
  writeRest(builder, cell, envelope, error)
}

/** Why a message was given up. */
interface GivenUp {
  readonly reason: DeadLetterReason
  readonly error: unknown
  /** Of the turn that gave it up; undefined when there was none. */
  readonly inputs: TurnInputs | undefined
}

/** Writes that a message was given up (F2). */
export function writeParked(
  builder: SegmentBuilder,
  cell: Recorded,
  envelope: Envelope,
  { reason, error, inputs: turnInputs }: GivenUp,
): void {
  const inputs = turnInputs && encodeInputs(turnInputs)
  builder.record({
    kind: RecordKind.parked,
    time: Math.floor(cell.host.clock.wall()),
    flags: cell.takeRebase() | RecordFlag.failed,
    ...subject(cell, envelope),
    error: encodeGivenUp(reason, error),
    ...(inputs && { inputs }),
  })
  writeRest(builder, cell, envelope, error)
}

function writeRest(
  builder: SegmentBuilder,
  cell: Recorded,
  envelope: Envelope,
  error: unknown,
): void {
  writeInline(builder, cell, envelope, payloadIfAny(envelope))
  if (envelope.header.ownId !== undefined) builder.reply(encodeValue(encodeError(error)), true)
  writeNextTick(builder, cell, envelope)
}

/** A tick that failed for good does not end its schedule: the delay starts again here too (D8). */
function writeNextTick(builder: SegmentBuilder, cell: Recorded, envelope: Envelope): void {
  const { tick } = envelope.header
  // Without a handler there is nothing left to tick for.
  if (tick !== undefined && !cell.definition.on.has(envelope.name)) builder.cancelTimer(tick.timer)
  const delayed = tick && cell.book.delays[tick.timer]
  if (tick === undefined || delayed === undefined) return
  const due = Math.floor(cell.host.clock.wall()) + Math.round(delayed.delay)
  const payload = encodeValue(envelope.payload)
  const name = delayed.message
  const version = envelope.header.unfit?.version ?? payloadVersion(cell.definition, { name })
  builder.setTimer({ id: tick.timer, name, lane: Lane.normal, due, version, payload })
}

/** Writes that a turn is about to be aborted (M6). */
export function writeInterrupt(
  builder: SegmentBuilder,
  cell: Recorded,
  envelope: Envelope,
  reason: unknown,
): void {
  builder.record({
    kind: RecordKind.interrupt,
    time: Math.floor(cell.host.clock.wall()),
    flags: cell.takeRebase(),
    ...subject(cell, envelope),
    error: encodeValue(encodeError(reason)),
  })
  writeInline(builder, cell, envelope, payloadIfAny(envelope))
}

interface Subject {
  readonly actor: string
  /** Of the state, and so of the code that ran (D9). */
  readonly version: number
  readonly message?: MessageRef
  readonly lane?: number
  readonly sender?: string
  readonly name?: string
}

/** Whose record it is and which message it is about. */
export function subject(cell: Recorded, envelope: Envelope | undefined): Subject {
  const { version } = cell.definition.past.state
  if (envelope === undefined) return { actor: cell.id, version }
  return {
    actor: cell.id,
    version,
    message: { position: envelope.a, index: envelope.b },
    lane: envelope.lane,
    sender: envelope.from,
    name: envelope.name,
  }
}

export function writeInline(
  builder: SegmentBuilder,
  cell: Recorded,
  envelope: Envelope,
  payload: Uint8Array | undefined,
): void {
  if (envelope.stored) return
  const { header, name } = envelope
  builder.message({
    to: cell.id,
    from: envelope.from,
    name,
    lane: envelope.lane,
    version: payloadVersion(cell.definition, { name, topic: header.topic }),
    flags:
      PartFlag.inline |
      PartFlag.durable |
      (header.reply === undefined ? 0 : PartFlag.ask) |
      (payload === undefined ? PartFlag.headerOnly : 0),
    deadline: wallDeadline(header, cell.host.clock),
    cause: { position: envelope.causeA, index: envelope.causeB },
    payload,
    header: encodeHeader(header, header.topic),
    ownId: header.ownId,
  })
}
