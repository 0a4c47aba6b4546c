/** Envelopes as frame items and back. */
import { Envelope, type Header, type ReplySink } from '../../mailbox/envelope.ts'
import { assertSendable, decodeValue, encodeValue } from '../../persistence/codec.ts'
import { type MessageItem, Tag, type WireHeader } from './protocol.ts'

/**
 * Checks that a message may cross.
 *
 * @returns most bytes of its payload in a frame
 * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
 */
export function payloadBytes({ header, payload, name }: Envelope): number {
  return header.bytes?.length ?? assertSendable(payload, `payload of "${name}"`)
}

/**
 * With its payload as bytes, for a message that crosses to several threads.
 * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
 */
export function encoded(envelope: Envelope): Envelope {
  const { to, from, name, payload, lane, a, b, causeA, causeB, header } = envelope
  if (header.bytes !== undefined) return envelope
  const bytes = encodeValue(payload, `payload of "${name || header.topic}"`)
  const crossing = { ...header, bytes }
  return new Envelope(to, from, name, payload, lane, a, b, causeA, causeB, crossing)
}

/** @param reply, accepted numbers of the sinks that stay on this side */
export function toItem(
  envelope: Envelope,
  reply: number | undefined,
  accepted: number | undefined,
): MessageItem {
  const { bytes } = envelope.header
  return [
    Tag.message,
    envelope.to,
    envelope.from,
    envelope.name,
    envelope.lane,
    envelope.a,
    envelope.b,
    envelope.causeA,
    envelope.causeB,
    envelope.position,
    bytes === undefined ? envelope.payload : undefined,
    wireHeader(envelope.header, reply, accepted),
  ]
}

export function toEnvelope(
  item: MessageItem,
  reply: ReplySink | undefined,
  accepted: ReplySink | undefined,
): Envelope {
  const [, to, from, name, lane, a, b, causeA, causeB, position, payload, header] = item
  const envelope = new Envelope(
    to,
    from,
    name,
    header?.bytes === undefined ? payload : decodeValue(header.bytes),
    lane,
    a,
    b,
    causeA,
    causeB,
    header && localHeader(header, reply, accepted),
  )
  envelope.position = position
  return envelope
}

/** Undefined for the plain tells that most messages are. */
function wireHeader(
  header: Header,
  reply: number | undefined,
  accepted: number | undefined,
): WireHeader | undefined {
  const { deadline, chain, trace, ownId, topic, asked, keep, tick, earlier, bytes } = header
  const crossing: WireHeader = {
    ...(deadline !== undefined && { deadline }),
    ...(chain !== undefined && { chain }),
    ...(trace !== undefined && { trace }),
    ...(ownId !== undefined && { ownId }),
    ...(topic !== undefined && { topic }),
    ...(asked !== undefined && { asked }),
    ...(keep !== undefined && { keep }),
    ...(tick !== undefined && { tick }),
    ...(earlier !== undefined && { earlier }),
    ...(bytes !== undefined && { bytes }),
    ...(reply !== undefined && { reply }),
    ...(accepted !== undefined && { accepted }),
  }
  return Object.keys(crossing).length === 0 ? undefined : crossing
}

function localHeader(
  { reply: _reply, accepted: _accepted, ...header }: WireHeader,
  reply: ReplySink | undefined,
  accepted: ReplySink | undefined,
): Header {
  return { ...header, ...(reply && { reply }), ...(accepted && { accepted }) }
}
