/**
 * Messages between memory and the store: header extras as bytes, deadlines as wall time, and stored
 * messages back as envelopes.
 */
import type { Clock } from '../../mailbox/clock.ts'
import {
  type EarlierLife,
  Envelope,
  type Header,
  type ReplySink,
  type Tick,
} from '../../mailbox/envelope.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { noMessage, PartFlag } from '../../persistence/record.ts'
import type { Damage, StoredMessage } from '../../persistence/stored.ts'
import type { ActorDefinition } from '../actor.ts'
import {
  type Definitions,
  isOlderPayload,
  presentName,
  presentOwnPayload,
  presentPayload,
} from './present.ts'

/** The header fields that a message keeps in the store. */
export interface StoredHeader {
  readonly trace?: string
  /** Of a message that one subscriber has: what it was published to. Its part names the receiver. */
  readonly topic?: string
  readonly chain?: readonly string[]
  readonly tick?: Tick
  readonly earlier?: EarlierLife
}

/** @param topic that one subscriber has the message of; a publication's own part names its topic */
export function encodeHeader(
  { trace, chain, tick, earlier }: Header,
  topic?: string,
): Uint8Array | undefined {
  const isPlain = trace === undefined && chain === undefined && tick === undefined
  if (isPlain && earlier === undefined && topic === undefined) return undefined
  return encodeValue({
    ...(trace !== undefined && { trace }),
    ...(topic !== undefined && { topic }),
    ...(chain !== undefined && { chain }),
    ...(tick !== undefined && { tick }),
    ...(earlier !== undefined && { earlier }),
  })
}

export function decodeHeader(bytes: Uint8Array | undefined): StoredHeader {
  return bytes === undefined ? {} : (decodeValue(bytes) as StoredHeader)
}

/** Wall time of a deadline, 0 for none: monotonic time means nothing after a restart. */
export function wallDeadline(header: Header, clock: Clock): number {
  const { deadline } = header
  if (deadline === undefined || deadline === Number.POSITIVE_INFINITY) return 0
  return Math.max(1, Math.round(clock.wall() + deadline - clock.mono()))
}

/** A message that nobody here can read: its payload stays as it is (D9). */
export function envelopeAsStored(message: StoredMessage, to: string, error: unknown): Envelope {
  const { ref, from, name, lane, cause, payload: bytes, version, ownId } = message
  const payload = bytes && decodeValue(bytes)
  const header = {
    ...(bytes && { bytes }),
    ...(ownId !== undefined && { ownId }),
    unfit: { version, error },
  }
  const { position, index } = ref
  const { position: causeA, index: causeB } = cause
  const at = lane as LaneNumber
  return new Envelope(to, from, name, payload, at, position, index, causeA, causeB, header)
}

/** What is left of a message whose bytes are damaged. */
export function envelopeOfDamage({ message, name, positions }: Damage, to: string): Envelope {
  const { position, index } = message ?? noMessage
  const lost = new Envelope(to, '', name ?? '', undefined, Lane.normal, position, index, 0, 0)
  lost.position = positions[0] ?? position
  return lost
}

/**
 * An envelope of what the store holds. The payload is decoded now, and brought to the version that
 * its handler gets (D9); what cannot be says so in its header.
 */
export function envelopeOf(
  message: StoredMessage,
  definition: ActorDefinition,
  to: string,
  host: Definitions & { readonly clock: Clock },
  reply?: ReplySink,
): Envelope {
  const stored = decodeHeader(message.header)
  const { ref, from, lane, cause } = message
  const name = presentName(definition, message.name)
  const { clock } = host
  const topic = message.topic ?? stored.topic
  const { payload, bytes, unfit } = broughtUp(host, definition, to, message, topic)
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
      ...(bytes && { bytes }),
      ...(unfit && { unfit }),
      ...(topic !== undefined && { topic }),
      ...(message.ownId !== undefined && { ownId: message.ownId }),
      ...((message.flags & PartFlag.ask) !== 0 && { asked: true }),
      ...(message.deadline > 0 && { deadline: clock.mono() + message.deadline - clock.wall() }),
    },
  )
  envelope.position = message.at.position
  return envelope
}

interface BroughtUp {
  readonly payload: unknown
  /** As stored, while they say the same as the payload. */
  readonly bytes: Uint8Array | undefined
  readonly unfit?: Header['unfit']
}

function broughtUp(
  host: Definitions,
  definition: ActorDefinition,
  to: string,
  message: StoredMessage,
  topic: string | undefined,
): BroughtUp {
  const { name, payload: bytes, version } = message
  if (name.startsWith('$')) {
    return { payload: presentOwnPayload(host, bytes && decodeValue(bytes)), bytes: undefined }
  }
  try {
    const old = { name, topic, version, payload: bytes }
    const payload = presentPayload(definition, to, old)
    return { payload, bytes: isOlderPayload(definition, old) ? undefined : bytes }
  } catch (error) {
    return { payload: bytes && decodeValue(bytes), bytes, unfit: { version, error } }
  }
}
