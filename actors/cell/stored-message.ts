/**
 * Messages between memory and the store: header extras as bytes, deadlines as wall time, and stored
 * messages back as envelopes.
 */
import type { Clock } from '../../mailbox/clock.ts'
import { Envelope, type Header, type ReplySink } from '../../mailbox/envelope.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { noMessage, PartFlag } from '../../persistence/record.ts'
import type { Damage, StoredMessage } from '../../persistence/stored.ts'

/** The header fields that a message keeps in the store. */
interface StoredHeader {
  readonly trace?: string
  readonly chain?: readonly string[]
  readonly tick?: { readonly timer: string; readonly due: number; readonly missed: number }
}

export function encodeHeader({ trace, chain, tick }: Header): Uint8Array | undefined {
  if (trace === undefined && chain === undefined && tick === undefined) return undefined
  return encodeValue({
    ...(trace !== undefined && { trace }),
    ...(chain !== undefined && { chain }),
    ...(tick !== undefined && { tick }),
  })
}

/** Wall time of a deadline, 0 for none: monotonic time means nothing after a restart. */
export function wallDeadline(header: Header, clock: Clock): number {
  const { deadline } = header
  if (deadline === undefined || deadline === Number.POSITIVE_INFINITY) return 0
  return Math.max(1, Math.round(clock.wall() + deadline - clock.mono()))
}

/** What is left of a message whose bytes are damaged. */
export function envelopeOfDamage({ message, name, positions }: Damage, to: string): Envelope {
  const { position, index } = message ?? noMessage
  const lost = new Envelope(to, '', name ?? '', undefined, Lane.normal, position, index, 0, 0)
  lost.position = positions[0] ?? position
  return lost
}

/** An envelope of what the store holds. The payload is decoded now; it is about to be handled. */
export function envelopeOf(
  message: StoredMessage,
  to: string,
  clock: Clock,
  reply?: ReplySink,
): Envelope {
  const stored = message.header === undefined ? {} : (decodeValue(message.header) as StoredHeader)
  const payload = message.payload === undefined ? undefined : decodeValue(message.payload)
  const { ref, from, name, lane, cause } = message
  const envelope = new Envelope(
    to,
    from,
    name,
    payload,
    lane as LaneNumber,
    ref.position,
    ref.index,
    cause.position,
    cause.index,
    {
      ...stored,
      ...(reply && { reply }),
      ...(message.payload && { bytes: message.payload }),
      ...(message.topic !== undefined && { topic: message.topic }),
      ...(message.ownId !== undefined && { ownId: message.ownId }),
      ...((message.flags & PartFlag.ask) !== 0 && { asked: true }),
      ...(message.deadline > 0 && { deadline: clock.mono() + message.deadline - clock.wall() }),
    },
  )
  envelope.position = message.at.position
  return envelope
}
