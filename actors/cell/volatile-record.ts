/**
 * The history of a volatile actor whose definition asks for one (`record`): each message as it is
 * taken into hand, in that order, its header only or in full. Without a store there is none.
 *
 * Nothing is built on these records: no reply waits for them, and one that is refused harms no other.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { PartFlag, RecordKind } from '../../persistence/record.ts'
import type { ActorDefinition } from '../actor.ts'
import type { CellHost, Journal } from './ports.ts'
import { payloadVersion } from './present.ts'
import { encodeHeader } from './stored-message.ts'

/** The actor whose history it is. */
interface Recorded {
  readonly id: string
  readonly definition: ActorDefinition
  readonly host: CellHost
}

/** @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE */
export function recordTaken(cell: Recorded, envelope: Envelope): void {
  const { journal } = cell.host
  const { record } = cell.definition.behavior
  if (record === undefined || journal === undefined) return
  const payload = record === 'full' ? payloadOf(envelope) : undefined
  append(journal, cell, envelope, Math.floor(cell.host.clock.wall()), payload)
}

function payloadOf({ header, payload }: Envelope): Uint8Array {
  return header.bytes ?? encodeValue(payload)
}

function append(
  journal: Journal,
  cell: Recorded,
  envelope: Envelope,
  time: number,
  payload: Uint8Array | undefined,
): void {
  write(journal, cell, envelope, time, payload)
  journal.append({
    // Whoever waits for the thread to be quiet waits for this answer, too.
    committed: () => cell.host.touched(cell),
    // Lost with a failed commit: it did happen, so it is said again (D5).
    undone: (refusal) => {
      if (refusal === undefined) append(journal, cell, envelope, time, payload)
    },
  })
}

function write(
  { builder }: Journal,
  { id, definition }: Recorded,
  { a, b, lane, from, name, header, causeA, causeB }: Envelope,
  time: number,
  payload: Uint8Array | undefined,
): void {
  const extras = encodeHeader(header)
  const asked = header.reply === undefined ? 0 : PartFlag.ask
  builder.record({
    kind: RecordKind.event,
    time,
    actor: id,
    message: { position: a, index: b },
    lane,
    sender: from,
    name,
  })
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
