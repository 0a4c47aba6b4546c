/** The same message again, with one thing changed. */
import { Envelope } from '../../mailbox/envelope.ts'

/** To one of those who subscribed. */
export function copyTo(envelope: Envelope, to: string, name: string): Envelope {
  const { from, payload, lane, a, b, causeA, causeB, header } = envelope
  return new Envelope(to, from, name, payload, lane, a, b, causeA, causeB, header)
}

export function withPayload(envelope: Envelope, payload: unknown): Envelope {
  const { to, from, name, lane, a, b, causeA, causeB, header } = envelope
  return new Envelope(to, from, name, payload, lane, a, b, causeA, causeB, header)
}
