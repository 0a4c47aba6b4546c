/** Payloads that will cross to another thread. */
import { Envelope } from '../../mailbox/envelope.ts'
import { assertSendable, encodeValue } from '../../persistence/codec.ts'

/**
 * Checks that a message may cross.
 *
 * @returns most bytes of its payload in a frame
 * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
 */
export function payloadBytes({ header, payload, name }: Envelope): number {
  if (typeof payload === 'number') return mostOfNumber
  return header.bytes?.length ?? assertSendable(payload, `payload of "${name}"`)
}

const mostOfNumber = 9

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
