/**
 * One thread's end of the connection to one other: what is said goes into the open frame, which is
 * encoded once and transferred; what the other side says is acted on. Order is kept.
 *
 * Owns credits (M5) and the sinks of what it sent. Does not own how a frame looks (`frame-writer.ts`,
 * `frame-reader.ts`), nor where a message goes next.
 *
 * Invariants
 * 1. At most `linkMessages` messages or `linkBytes` bytes are out without returned credit. Frames
 *    without a message take none: nobody would return it.
 * 2. `#out` holds exactly the messages whose credit has not come back, oldest first: if the other
 *    side dies, these are the ones nobody can vouch for (F4).
 */

import type { Ask, Whereabouts } from '../../actors/cell/ask-table.ts'
import { Doorstep } from '../../actors/cell/doorstep.ts'
import { decodeError, encodeError } from '../../actors/cell/error-data.ts'
import { itemOf, replyTo } from '../../actors/cell/reply-names.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import type { Envelope, ReplySink } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import { Ring } from '../../mailbox/ring.ts'
import { assertSendable } from '../../persistence/codec.ts'
import { FrameReader, type FrameTaker } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import type { LinkCounts } from './link-counts.ts'
import { OwedCredit } from './owed-credit.ts'
import { payloadBytes } from './payload.ts'
import type { Word } from './protocol.ts'
import { RemoteSink, type SinkWire } from './remote-sink.ts'

/** Most messages without returned credit. */
export const linkMessages = 1_024
/** Most bytes without returned credit. */
export const linkBytes = 1024 * 1024
/** Items after which a frame is sent before its slice ends. */
const frameItems = 256
/** Bytes after which it is, so that no frame is larger than this and its last item. */
const frameBytes = 256 * 1024
/** A quarter: of the other side's room, what may wait for answers to take it along. */
const patientCredit = { messages: linkMessages / 4, bytes: linkBytes / 4 }

/** This end of the way to the other thread. */
export interface FramePort {
  postMessage(frame: Uint8Array, transfer: readonly ArrayBuffer[]): void
  /** The next frame that has come, without waiting for the event loop to bring it. */
  next(): Uint8Array<ArrayBuffer> | undefined
  close(): void
}

/** What a link hands to the thread it belongs to. */
export interface LinkOwner {
  readonly faults?: Faults | undefined
  arrived(envelope: Envelope): void
  signalled(to: string, signal: Signal): void
  /** A published message for this thread's subscribers. */
  fanOut(envelope: Envelope, position: number): void
  /** The other thread begins or stops to want a pattern. */
  interested(slot: number, pattern: string, wanted: boolean): void
  /** Takes a message back that somebody gave up; says where it was. */
  takenBack(to: string, a: number, b: number): Whereabouts | undefined
  /** Monotonic ms. */
  readonly coarse: number
  /** A delivery that waited for credit leaves now. */
  waitIsOver(envelope: Envelope): void
  /** Nobody waits for this delivery any more; it never left. */
  gaveUpWaiting(envelope: Envelope): void
  /** There is something to flush. */
  touched(): void
}

/** What is left when the other side has died. */
export interface Wreck {
  /** Messages nobody can vouch for, oldest first; asks among them have failed already. */
  readonly out: readonly Envelope[]
  /** Deliveries that never left; they have failed already. */
  readonly waiting: readonly Envelope[]
}

export class Link {
  readonly slot: number
  readonly #port: FramePort
  readonly #owner: LinkOwner
  readonly #sent: LinkCounts
  readonly #received: LinkCounts
  readonly #open = new FrameWriter()
  readonly #reader: FrameReader
  /** At most so many bytes of values are in the open frame. */
  #openBytes = 0
  readonly #out = new Ring<Envelope>()
  #outBytes = 0
  /** Deliveries that wait for credit. */
  readonly #door = new Doorstep()
  readonly #sinks = new Map<number, ReplySink>()
  #sinkNumbers = 0
  readonly #questions = new Map<number, (where: Whereabouts | undefined) => void>()
  readonly #serving = new Map<number, RemoteSink>()
  readonly #sinkWire: SinkWire = {
    settle: (sink, settled) => {
      this.#serving.delete(sink.number)
      this.#answer(sink, settled)
    },
    item: (sink, value) => {
      const bytes = assertSendable(value, itemOf(sink))
      this.#say(['item', sink.number, value], bytes)
      this.#owner.touched()
    },
    opened: (sink) => this.#serving.set(sink.number, sink),
  }
  readonly #owed = new OwedCredit(patientCredit)
  #closed = false

  constructor(
    slot: number,
    port: FramePort,
    owner: LinkOwner,
    counts: { readonly sent: LinkCounts; readonly received: LinkCounts },
  ) {
    this.slot = slot
    this.#port = port
    this.#owner = owner
    this.#sent = counts.sent
    this.#received = counts.received
    this.#reader = new FrameReader(this.#taker())
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────

  /**
   * Puts a message into the open frame. False when there is no credit.
   * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
   */
  send(envelope: Envelope): boolean {
    if (!this.#hasCredit) return false
    this.put(envelope)
    return true
  }

  /**
   * The same for a message that has its credit already: it waited for this link.
   * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
   */
  put(envelope: Envelope): void {
    const bytes = payloadBytes(envelope)
    if (this.#closed) return
    const { reply, accepted } = envelope.header
    this.#open.message(
      envelope,
      reply === undefined ? 0 : this.#sink(reply),
      accepted === undefined ? 0 : this.#sink(accepted),
    )
    this.#sent.sent(envelope.to, envelope.stored)
    this.#out.push(envelope)
    this.#takeBackOnAbort(envelope)
    this.#pushed(bytes)
  }

  /**
   * Keeps a delivery until there is credit for it; false when too many wait already.
   * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
   */
  wait(envelope: Envelope): boolean {
    if (this.#closed) return false
    payloadBytes(envelope)
    envelope.since = this.#owner.coarse
    return this.#door.push(envelope)
  }

  get waitingSince(): number | undefined {
    return this.#door.first?.since
  }

  /** Puts a published message into the open frame; the other side fans it out. */
  publish(envelope: Envelope, position: number): boolean {
    if (!this.#hasCredit) return false
    const bytes = payloadBytes(envelope)
    this.#open.publish(envelope, position)
    this.#out.push(envelope)
    this.#pushed(bytes)
    return true
  }

  signal(to: string, signal: Signal): void {
    this.#say(['signal', to, portable(signal)])
  }

  interest(pattern: string, wanted: boolean): void {
    this.#say(['interest', pattern, wanted])
  }

  /** Asks the other side to give a message up and to say where it was. */
  giveUp(ask: Ask): Promise<Whereabouts | undefined> {
    const waiting = this.#door.remove(({ a, b }) => a === ask.a && b === ask.b)
    if (waiting !== undefined) {
      this.#owner.gaveUpWaiting(waiting.envelope)
      return Promise.resolve({ position: waiting.position })
    }
    if (this.#closed) return Promise.resolve(undefined)
    this.#sinkNumbers += 1
    const id = this.#sinkNumbers
    this.#say(['give-up', id, ask.to, ask.a, ask.b])
    this.#owner.touched()
    return new Promise((resolve) => this.#questions.set(id, resolve))
  }

  /** Sends the open frame, with the credit to return. */
  flush(): void {
    const open = this.#open
    if (this.#owed.isDue || (open.items > 0 && !this.#owed.isNone)) this.#returnCredit()
    if (open.items === 0 || this.#closed) return
    const takesCredit = open.messages > 0
    this.#openBytes = 0
    const frame = open.take()
    if (takesCredit) this.#outBytes += frame.byteLength
    this.#owner.faults?.('link:before-frame')
    this.#sent.frameSent()
    this.#port.postMessage(frame, [frame.buffer])
    this.#owner.faults?.('link:frame-sent')
  }

  get #hasCredit(): boolean {
    const bytes = this.#outBytes + this.#openBytes
    return !this.#closed && this.#out.length < linkMessages && bytes < linkBytes
  }

  /** @param bytes most that its values take */
  #say(word: Word, bytes = 0): void {
    if (this.#closed) return
    this.#open.word(word)
    this.#pushed(bytes)
  }

  /** Something is in the open frame, whose values take at most so many bytes. */
  #pushed(bytes: number): void {
    this.#openBytes += bytes
    if (this.#open.items >= frameItems || this.#openBytes >= frameBytes) this.flush()
  }

  #sink(sink: ReplySink): number {
    this.#sinkNumbers += 1
    this.#sinks.set(this.#sinkNumbers, sink)
    return this.#sinkNumbers
  }

  /** An abort signal cannot cross: its abort does. */
  #takeBackOnAbort(envelope: Envelope): void {
    const { signal, reply } = envelope.header
    if (signal === undefined || reply !== undefined) return
    const { to, a, b } = envelope
    const abort = (): void => this.signal(to, { kind: 'give-up', a, b })
    signal.addEventListener('abort', abort, { once: true })
  }

  #returnCredit(): void {
    this.#open.credit(this.#owed.messages, this.#owed.bytes)
    this.#owed.paid()
  }

  // ── receiving ─────────────────────────────────────────────────────────────────────────────────

  /** Takes in what has come. */
  takeIn(): void {
    for (let frame = this.#port.next(); frame; frame = this.#port.next()) this.receive(frame)
  }

  /** Takes a frame apart. */
  receive(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#closed) return
    this.#owner.faults?.('link:frame-arrived')
    const bytes = frame.byteLength
    if (this.#reader.read(frame) > 0) this.#owed.frame(bytes)
    this.#owner.faults?.('link:frame-taken')
    this.#owner.touched()
    this.#received.frameTaken()
  }

  #taker(): FrameTaker {
    return {
      sinkFor: (number, to, name) => new RemoteSink(number, to, name, this.#sinkWire),
      message: (envelope) => this.#arrived(envelope),
      publish: (envelope, position) => {
        this.#owed.message(false)
        this.#owner.fanOut(envelope, position)
      },
      reply: (sink, value) => this.#settle(sink, { ok: true, value }),
      failure: (sink, error) => this.#settle(sink, { ok: false, error: decodeError(error) }),
      credit: (messages, bytes) => this.#credit(messages, bytes),
      word: (word) => this.#heard(word),
    }
  }

  #arrived(envelope: Envelope): void {
    const { reply, accepted } = envelope.header
    this.#owed.message(reply !== undefined || accepted !== undefined)
    this.#received.received(envelope.to, envelope.stored)
    this.#owner.arrived(envelope)
  }

  #settle(number: number, settled: Settled): void {
    const sink = this.#sinks.get(number)
    this.#sinks.delete(number)
    sink?.settle(settled)
  }

  #heard(word: Word): void {
    switch (word[0]) {
      case 'item':
        return this.#itemArrived(word[1], word[2])
      case 'item-credit':
        return this.#serving.get(word[1])?.credit(word[2])
      case 'signal':
        return this.#owner.signalled(word[1], revived(word[2]))
      case 'interest':
        return this.#owner.interested(this.slot, word[1], word[2])
      case 'give-up':
        return this.#say(['whereabouts', word[1], this.#owner.takenBack(word[2], word[3], word[4])])
      case 'whereabouts':
        this.#questions.get(word[1])?.(word[2])
        this.#questions.delete(word[1])
        return
      default:
        word satisfies never
    }
  }

  /** A reply that cannot be encoded becomes the error that says so. */
  #answer(sink: RemoteSink, settled: Settled): void {
    if (this.#closed) return
    let bytes = 0
    try {
      if (!settled.ok) throw settled.error
      bytes = assertSendable(settled.value, replyTo(sink))
      this.#open.reply(sink.number, settled.value)
    } catch (error) {
      this.#open.failure(sink.number, encodeError(error))
    }
    this.#pushed(bytes)
    this.#owner.touched()
  }

  #itemArrived(number: number, value: unknown): void {
    const room = this.#sinks.get(number)?.item?.(value) ?? false
    const answer = (wanted: boolean): void => {
      this.#say(['item-credit', number, wanted])
      this.#owner.touched()
    }
    if (typeof room === 'boolean') answer(room)
    else void room.then(answer)
  }

  #credit(messages: number, bytes: number): void {
    for (let left = messages; left > 0; left -= 1) this.#out.shift()
    this.#outBytes -= bytes
    this.#letIn()
  }

  /** There is credit again: deliveries that waited for it leave first, unless they were given up. */
  #letIn(): void {
    while (this.#door.size > 0 && this.#hasCredit) {
      const envelope = this.#door.shift() as Envelope
      if (envelope.header.signal?.aborted) {
        this.#owner.gaveUpWaiting(envelope)
        continue
      }
      this.#owner.waitIsOver(envelope)
      this.send(envelope)
      this.#owner.touched()
    }
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /** The other side is gone: everything that waited for it fails with HOST_LOST (F4). */
  wreck(): Wreck {
    this.close()
    for (const [, sink] of this.#sinks) sink.settle({ ok: false, error: lostError(this.slot) })
    this.#sinks.clear()
    for (const [, sink] of this.#serving) sink.credit(false)
    for (const [, resolve] of this.#questions) resolve(undefined)
    const waiting = [...this.#door]
    for (const { header } of waiting) {
      header.accepted?.settle({ ok: false, error: lostError(this.slot) })
    }
    return { out: [...this.#out], waiting }
  }

  close(): void {
    if (this.#closed) return
    this.flush()
    this.#closed = true
    this.#port.close()
  }
}

function lostError(slot: number): TroupeError {
  return new TroupeError(
    'HOST_LOST',
    `the thread of slot ${slot} died before it answered; the message may have been processed: retry with an id of your own, or ask the actor`,
    { fields: { slot } },
  )
}

/** Errors inside signals cross as data. */
function portable(signal: Signal): Signal {
  if (signal.kind !== 'child-ended' || signal.error === undefined) return signal
  return { ...signal, error: encodeError(signal.error) }
}

function revived(signal: Signal): Signal {
  if (signal.kind !== 'child-ended' || signal.error === undefined) return signal
  return { ...signal, error: decodeError(signal.error) }
}
