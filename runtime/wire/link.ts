/**
 * One thread's end of the connection to one other: what is said goes into the open frame, which is
 * encoded once and transferred; what the other side says is acted on. Order is kept.
 *
 *   send ──► credit? ──► open frame ──► port         port ──► reader ──► owner
 *              └─ no ──► door (deliveries)                       └──► sinks, credit
 *
 * Owns the way of each item. Does not own credit (`link-credit.ts`), who waits for answers
 * (`link-sinks.ts`), how a frame looks (`frame-writer.ts`, `frame-reader.ts`), nor where a message
 * goes next.
 */
import type { Ask, Whereabouts } from '../../actors/cell/ask-table.ts'
import { Doorstep } from '../../actors/cell/doorstep.ts'
import { decodeError, encodeError } from '../../actors/cell/error-data.ts'
import { itemOf, replyTo } from '../../actors/cell/reply-names.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import { assertSendable } from '../../persistence/codec.ts'
import { FrameReader, type FrameTaker } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import type { LinkCounts } from './link-counts.ts'
import { LinkCredit, linkBytes, linkMessages } from './link-credit.ts'
import type { FramePort, LinkOwner, Wreck } from './link-owner.ts'
import { LinkSinks, lostError } from './link-sinks.ts'
import { OwedCredit } from './owed-credit.ts'
import type { Parcel } from './parcel.ts'
import { payloadBytes } from './payload.ts'
import type { Word } from './protocol.ts'
import { RemoteSink, type SinkWire } from './remote-sink.ts'
import { portable, revived } from './signal-data.ts'

/** Items after which a frame is sent before its slice ends. */
const frameItems = 256
/** Bytes after which it is, so that no frame is larger than this and its last item. */
const frameBytes = 256 * 1024
/** A quarter: of the other side's room, what may wait for answers to take it along. */
const patientCredit = { messages: linkMessages / 4, bytes: linkBytes / 4 }

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
  readonly #credit = new LinkCredit()
  readonly #owed = new OwedCredit(patientCredit)
  /** Deliveries that wait for credit. */
  readonly #door = new Doorstep()
  readonly #sinks = new LinkSinks()
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
    this.#open.message(envelope, this.#sinks.numberOf(reply), this.#sinks.numberOf(accepted))
    this.#sent.sent(envelope.to, envelope.stored)
    this.#credit.spend(envelope)
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
    this.#credit.spend(envelope)
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
    return new Promise((resolve) => {
      this.#say(['give-up', this.#sinks.question(resolve), ask.to, ask.a, ask.b])
      this.#owner.touched()
    })
  }

  /** Sends the open frame, with the credit to return. */
  flush(): void {
    const isWorthIt = this.#open.items > 0 && !this.#owed.isNone
    if (this.#owed.isDue || isWorthIt) this.#returnCredit()
    if (this.#open.items === 0 || this.#closed) return
    const takesCredit = this.#open.messages > 0
    this.#openBytes = 0
    const parcel = this.#open.take()
    if (takesCredit) this.#credit.spendBytes(parcel.bytes)
    this.#owner.faults?.('link:before-frame')
    this.#sent.frameSent()
    this.#port.post(parcel)
    this.#owner.faults?.('link:frame-sent')
  }

  #returnCredit(): void {
    this.#open.credit(this.#owed.messages, this.#owed.bytes)
    this.#owed.paid()
  }

  get #hasCredit(): boolean {
    return !this.#closed && this.#credit.has(this.#openBytes)
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

  /** An abort signal cannot cross: its abort does. */
  #takeBackOnAbort({ header, to, a, b }: Envelope): void {
    const { signal, reply } = header
    if (signal === undefined || reply !== undefined) return
    const abort = (): void => this.signal(to, { kind: 'give-up', a, b })
    signal.addEventListener('abort', abort, { once: true })
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

  // ── receiving ─────────────────────────────────────────────────────────────────────────────────

  /** Takes in what has come. */
  takeIn(): void {
    for (let parcel = this.#port.next(); parcel; parcel = this.#port.next()) this.receive(parcel)
  }

  /** Takes a frame apart. */
  receive(parcel: Parcel): void {
    if (this.#closed) return
    this.#owner.faults?.('link:frame-arrived')
    if (this.#reader.read(parcel) > 0) this.#owed.frame(parcel.bytes)
    this.#owner.faults?.('link:frame-taken')
    this.#owner.touched()
    this.#received.frameTaken()
  }

  #taker(): FrameTaker {
    const wire = this.#sinkWire()
    return {
      sinkFor: (number, to, name) => new RemoteSink(number, to, name, wire),
      message: (envelope) => this.#arrived(envelope),
      publish: (envelope, position) => {
        this.#owed.message(false)
        this.#owner.fanOut(envelope, position)
      },
      reply: (sink, value) => this.#sinks.settle(sink, { ok: true, value }),
      failure: (sink, error) => this.#sinks.settle(sink, { ok: false, error: decodeError(error) }),
      credit: (messages, bytes) => {
        this.#credit.returned(messages, bytes)
        this.#letIn()
      },
      word: (word) => this.#heard(word),
    }
  }

  /** How what is asked from there is answered. */
  #sinkWire(): SinkWire {
    return {
      settle: (sink, settled) => {
        this.#sinks.ended(sink)
        this.#answer(sink, settled)
      },
      item: (sink, value) => {
        const bytes = assertSendable(value, itemOf(sink))
        this.#say(['item', sink.number, value], bytes)
        this.#owner.touched()
      },
      opened: (sink) => this.#sinks.opened(sink),
    }
  }

  #arrived(envelope: Envelope): void {
    const { reply, accepted } = envelope.header
    this.#owed.message(reply !== undefined || accepted !== undefined)
    this.#received.received(envelope.to, envelope.stored)
    this.#owner.arrived(envelope)
  }

  #heard(word: Word): void {
    switch (word[0]) {
      case 'item':
        return this.#itemArrived(word[1], word[2])
      case 'item-credit':
        return this.#sinks.credit(word[1], word[2])
      case 'signal':
        return this.#owner.signalled(word[1], revived(word[2]))
      case 'interest':
        return this.#owner.interested(this.slot, word[1], word[2])
      case 'give-up':
        return this.#say(['whereabouts', word[1], this.#owner.takenBack(word[2], word[3], word[4])])
      case 'whereabouts':
        return this.#sinks.answer(word[1], word[2])
      default:
        word satisfies never
    }
  }

  #itemArrived(number: number, value: unknown): void {
    const room = this.#sinks.item(number, value)
    const answer = (wanted: boolean): void => {
      this.#say(['item-credit', number, wanted])
      this.#owner.touched()
    }
    if (typeof room === 'boolean') answer(room)
    else void room.then(answer)
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
    this.#sinks.lose(this.slot)
    const waiting = [...this.#door]
    for (const { header } of waiting) {
      header.accepted?.settle({ ok: false, error: lostError(this.slot) })
    }
    return { out: this.#credit.out, waiting }
  }

  close(): void {
    if (this.#closed) return
    this.flush()
    this.#closed = true
    this.#port.close()
  }
}
