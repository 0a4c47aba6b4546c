/** Dead letters as data, for the main thread's list and for the store. */
import { encodeError } from '../../actors/cell/error-data.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { encodeValue } from '../../persistence/codec.ts'
import type { LetterData } from '../wire/host-control.ts'

/** @param at wall time in ms */
export function letterOf(
  envelope: Envelope,
  reason: DeadLetterReason,
  error: unknown,
  position: number | undefined,
  at: number,
): LetterData {
  const payload = reason === 'host-lost' ? undefined : encoded(envelope)
  const { unfit, tick, topic } = envelope.header
  return {
    id: envelope.id,
    to: envelope.to,
    from: envelope.from,
    name: envelope.name,
    lane: envelope.lane,
    reason,
    at,
    position: position ?? 0,
    ...(error !== undefined && { error: encodeError(error) }),
    ...(payload !== undefined && { payload }),
    ...(topic !== undefined && { topic }),
    ...(unfit && { version: unfit.version }),
    ...(tick && { tick: { ...tick } }),
  }
}

/** A payload that cannot be encoded leaves its header behind. */
function encoded(envelope: Envelope): Uint8Array | undefined {
  try {
    // A copy: both are views on memory that is shared with much else.
    return new Uint8Array(envelope.header.bytes ?? encodeValue(envelope.payload))
  } catch {
    return undefined
  }
}
