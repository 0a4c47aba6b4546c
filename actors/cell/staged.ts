/**
 * What a durable turn says, held back until its commit (D1): messages, timers, subscriptions and
 * signals. Everything that can fail (encoding, size) fails here, inside the turn, so that writing
 * the record cannot.
 */
import { Envelope } from '../../mailbox/envelope.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { PartFlag } from '../../persistence/record.ts'
import type { SegmentBuilder } from '../../persistence/segment.ts'
import type { Ack } from '../../persistence/store.ts'
import type { ActorDefinition } from '../actor.ts'
import type { CellHost } from './ports.ts'
import { payloadVersion } from './present.ts'
import { copied } from './recoded.ts'
import type { Signal } from './signal.ts'
import { encodeHeader, wallDeadline } from './stored-message.ts'

/** A message of the outbox, encoded. */
export interface StagedMessage {
  readonly envelope: Envelope
  /** A copy of its own: the state it came from may change later in the turn. */
  readonly payload: unknown
  readonly bytes: Uint8Array
  readonly header: Uint8Array | undefined
  readonly deadline: number
  readonly flags: number
  /** Of the payload (D9). */
  readonly version: number
}

interface TimerSet {
  readonly name: string
  readonly due: number
  readonly every: number
  /** Of the payload (D9). */
  readonly version: number
}

interface StagedTimer {
  readonly id: string
  readonly set?: TimerSet
  readonly payload?: Uint8Array
}

interface StagedSubscription {
  readonly pattern: string
  /** Message name; absent to unsubscribe. */
  readonly name?: string
}

export class Staged {
  readonly #host: CellHost
  readonly messages: StagedMessage[] = []
  readonly #timers: StagedTimer[] = []
  readonly #subscriptions: StagedSubscription[] = []
  readonly signals: { readonly to: string; readonly signal: Signal }[] = []

  constructor(host: CellHost) {
    this.#host = host
  }

  get isEmpty(): boolean {
    return (
      this.messages.length === 0 &&
      this.#timers.length === 0 &&
      this.#subscriptions.length === 0 &&
      this.signals.length === 0
    )
  }

  /**
   * Stages a message; the same own id to the same receiver counts once.
   * @param flags more bits of `PartFlag`
   * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
   */
  message(envelope: Envelope, flags = 0): void {
    const { ownId } = envelope.header
    const isSame = ({ envelope: other }: StagedMessage): boolean =>
      other.header.ownId === ownId && other.to === envelope.to
    if (ownId !== undefined && this.messages.some(isSame)) return
    this.messages.push(stage(this.#host, envelope, flags))
  }

  signal(to: string, signal: Signal): void {
    this.signals.push({ to, signal })
  }

  timer(id: string, set: TimerSet, payload: unknown): void {
    this.#timers.push({ id, set, payload: encodeValue(payload, `payload of timer "${id}"`) })
  }

  cancelTimer(id: string): void {
    this.#timers.push({ id })
  }

  /** True when this turn has set or cancelled the timer itself. */
  hasTimer(id: string): boolean {
    return this.#timers.some((timer) => timer.id === id)
  }

  subscription(pattern: string, name?: string): void {
    this.#subscriptions.push(name === undefined ? { pattern } : { pattern, name })
  }

  /** Writes all of it as parts of the record begun last. */
  write(builder: SegmentBuilder): void {
    for (const message of this.messages) writeMessage(builder, message)
    for (const { id, set, payload } of this.#timers) {
      if (set === undefined) builder.cancelTimer(id)
      else builder.setTimer({ id, ...set, lane: normalLane, ...(payload && { payload }) })
    }
    for (const { pattern, name } of this.#subscriptions) {
      if (name === undefined) builder.unsubscribe(pattern)
      else builder.subscribe({ pattern, name, lane: normalLane })
    }
  }

  /** The commit happened: sends everything on its way, in the order it was said. */
  release(position: number, ack: Ack): void {
    this.messages.forEach((message, index) => {
      if (!isDropped(ack, position, index)) releaseMessage(this.#host, message, position, index)
    })
    fanOut(this.#host, ack, position)
    for (const { to, signal } of this.signals) this.#host.signal(to, signal)
  }
}

const normalLane = 3

/** Its own id was accepted before: the first one counts. */
export function isDropped(ack: Ack, position: number, index: number): boolean {
  return ack.dropped.some(({ message }) => message.position === position && message.index === index)
}

/** Durable subscribers have a published message in the store; they only need to look. */
export function fanOut(host: CellHost, ack: Ack, position: number): void {
  for (const { message, to } of ack.published) {
    if (message.position === position) for (const actor of to) host.arrivedInStore(actor)
  }
}

/** True when the store keeps such a message until its turn: reads have none, and change nothing. */
export function isKept(host: CellHost, to: string, name: string): boolean {
  const definition = definitionOf(host, to)
  return definition?.behavior.durable === true && !definition.reads.has(name)
}

function definitionOf(host: CellHost, to: string): ActorDefinition | undefined {
  return host.definition(to.slice(0, to.indexOf('/')))
}

/**
 * Encodes a message for the outbox.
 * @param more further bits of `PartFlag`
 */
export function stage(host: CellHost, envelope: Envelope, more = 0): StagedMessage {
  const { header } = envelope
  const what = `payload of "${envelope.name || header.topic}"`
  const payload = copied(envelope.payload, what)
  const isPublication = isPublished(envelope)
  const hasReceiver = !isPublication && !(more & PartFlag.end)
  const durable = hasReceiver && isKept(host, envelope.to, envelope.name)
  return {
    envelope,
    payload,
    bytes: header.bytes ?? encodeValue(payload, what),
    header: encodeHeader(header, isPublication ? undefined : header.topic),
    version: payloadVersion(definitionOf(host, envelope.to), { ...header, name: envelope.name }),
    deadline: wallDeadline(header, host.clock),
    flags:
      more |
      (durable ? PartFlag.durable : 0) |
      (isPublication ? PartFlag.topic : 0) |
      (header.reply === undefined && !header.asked ? 0 : PartFlag.ask),
  }
}

/** To whoever subscribes; one that a subscriber has already is to that one, and has the topic as well. */
function isPublished({ to, header }: Envelope): boolean {
  return to === '' && header.topic !== undefined
}

export function writeMessage(builder: SegmentBuilder, message: StagedMessage): void {
  const { envelope, bytes, header, deadline, flags, version } = message
  builder.message({
    to: flags & PartFlag.topic ? (envelope.header.topic as string) : envelope.to,
    from: envelope.from,
    name: envelope.name,
    lane: envelope.lane,
    flags,
    deadline,
    version,
    cause: { position: envelope.causeA, index: envelope.causeB },
    payload: bytes,
    ...(header && { header }),
    ...(envelope.header.ownId !== undefined && { ownId: envelope.header.ownId }),
  })
}

/** Sends one committed message on, under the identity its record gave it. */
export function releaseMessage(
  host: CellHost,
  message: StagedMessage,
  position: number,
  index: number,
): void {
  const { envelope, payload, bytes, flags } = message
  // Its receivers have it in the store, and are woken there.
  if (flags & PartFlag.end) return
  const { header } = envelope
  const released = new Envelope(
    envelope.to,
    envelope.from,
    envelope.name,
    payload,
    envelope.lane,
    position,
    index,
    envelope.causeA,
    envelope.causeB,
    { ...header, bytes },
  )
  if (flags & PartFlag.topic) return host.publish(released, position)
  if (flags & PartFlag.durable) released.position = position
  host.route(released)
}
