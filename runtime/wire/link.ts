/**
 * One thread's end of the connection to one other: collects items into frames, encodes each once,
 * transfers it; takes frames apart on the other side. Order is kept.
 *
 * Owns credits (M5) and the sinks of what it sent. Does not own where a message goes next.
 *
 * Invariants
 * 1. At most `linkMessages` messages or `linkBytes` bytes are out without returned credit.
 * 2. `#out` holds exactly the messages whose credit has not come back, oldest first: if the other
 *    side dies, these are the ones nobody can vouch for (F4).
 */

import type { Ask, Whereabouts } from '../../actors/cell/ask-table.ts'
import { Doorstep } from '../../actors/cell/doorstep.ts'
import { decodeError, encodeError } from '../../actors/cell/error-data.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import { typeOf } from '../../mailbox/address.ts'
import type { Envelope, ReplySink } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { Ring } from '../../mailbox/ring.ts'
import { assertSendable, decodeFrame, encodeFrame } from '../../persistence/codec.ts'
import type { LinkCounts } from './link-counts.ts'
import { payloadBytes, toEnvelope, toItem } from './message-item.ts'
import { type Item, type MessageItem, Tag } from './protocol.ts'
import { RemoteSink } from './remote-sink.ts'

/** Most messages without returned credit. */
export const linkMessages = 1_024
/** Most bytes without returned credit. */
export const linkBytes = 1024 * 1024
/** Items after which a frame is sent before its slice ends. */
const frameItems = 256
/** Bytes after which it is, so that no frame is larger than this and its last item. */
const frameBytes = 256 * 1024

/** The side that frames leave by. */
export interface FramePort {
  postMessage(frame: Uint8Array, transfer: readonly ArrayBuffer[]): void
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
  #items: Item[] = []
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
  #creditMessages = 0
  #creditBytes = 0
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
    this.#push(this.#itemOf(envelope), bytes)
    this.#sent.sent(typeOf(envelope.to), envelope.stored)
    this.#out.push(envelope)
    this.#takeBackOnAbort(envelope)
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
    this.#push([Tag.publish, position, this.#itemOf(envelope)], bytes)
    this.#out.push(envelope)
    return true
  }

  signal(to: string, signal: Signal): void {
    this.#push([Tag.signal, to, portable(signal)])
  }

  interest(pattern: string, wanted: boolean): void {
    this.#push([Tag.interest, pattern, wanted])
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
    this.#push([Tag.giveUp, id, ask.to, ask.a, ask.b])
    this.#owner.touched()
    return new Promise((resolve) => this.#questions.set(id, resolve))
  }

  /** Sends the open frame, with the credit to return. */
  flush(): void {
    if (this.#creditMessages > 0) this.#returnCredit()
    if (this.#items.length === 0 || this.#closed) return
    const items = this.#items
    this.#items = []
    this.#openBytes = 0
    const frame = encodeFrame(items)
    this.#outBytes += frame.byteLength
    this.#owner.faults?.('link:before-frame')
    this.#port.postMessage(frame, [frame.buffer])
    this.#owner.faults?.('link:frame-sent')
  }

  get #hasCredit(): boolean {
    const bytes = this.#outBytes + this.#openBytes
    return !this.#closed && this.#out.length < linkMessages && bytes < linkBytes
  }

  /** @param bytes most that its values take */
  #push(item: Item, bytes = 0): void {
    if (this.#closed) return
    this.#items.push(item)
    this.#openBytes += bytes
    if (this.#items.length >= frameItems || this.#openBytes >= frameBytes) this.flush()
  }

  #itemOf(envelope: Envelope): MessageItem {
    const { reply, accepted } = envelope.header
    return toItem(envelope, reply && this.#sink(reply), accepted && this.#sink(accepted))
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
    this.#items.push([Tag.credit, this.#creditMessages, this.#creditBytes])
    this.#creditMessages = 0
    this.#creditBytes = 0
  }

  // ── receiving ─────────────────────────────────────────────────────────────────────────────────

  /** Takes a frame apart. */
  receive(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#closed) return
    this.#owner.faults?.('link:frame-arrived')
    this.#creditBytes += frame.byteLength
    for (const item of decodeFrame(frame) as Item[]) this.#take(item)
    this.#owner.faults?.('link:frame-taken')
    this.#owner.touched()
  }

  #take(item: Item): void {
    switch (item[0]) {
      case Tag.message:
        return this.#arrived(item)
      case Tag.publish:
        this.#creditMessages += 1
        return this.#owner.fanOut(toEnvelope(item[2], undefined, undefined), item[1])
      case Tag.reply:
        return this.#settle(item)
      case Tag.item:
        return this.#itemArrived(item[1], item[2])
      case Tag.itemCredit:
        return this.#serving.get(item[1])?.credit(item[2])
      case Tag.signal:
        return this.#owner.signalled(item[1], revived(item[2]))
      case Tag.interest:
        return this.#owner.interested(this.slot, item[1], item[2])
      case Tag.giveUp:
        this.#push([Tag.whereabouts, item[1], this.#owner.takenBack(item[2], item[3], item[4])])
        return
      case Tag.whereabouts:
        this.#questions.get(item[1])?.(item[2])
        this.#questions.delete(item[1])
        return
      case Tag.credit:
        return this.#credit(item[1], item[2])
      default:
        item satisfies never
    }
  }

  #arrived(item: MessageItem): void {
    const header = item[11]
    const envelope = toEnvelope(
      item,
      this.#remoteSink(header?.reply),
      this.#remoteSink(header?.accepted),
    )
    this.#creditMessages += 1
    this.#received.received(typeOf(envelope.to), envelope.stored)
    this.#owner.arrived(envelope)
  }

  #remoteSink(number: number | undefined): ReplySink | undefined {
    if (number === undefined) return undefined
    const sink = new RemoteSink(number, {
      settle: (settled) => {
        this.#serving.delete(number)
        this.#reply(number, settled)
      },
      item: (value) => {
        const bytes = assertSendable(value, 'stream item')
        this.#push([Tag.item, number, value], bytes)
        this.#owner.touched()
      },
      opened: () => this.#serving.set(number, sink),
    })
    return sink
  }

  /** A reply that cannot be encoded becomes the error that says so. */
  #reply(number: number, settled: Parameters<ReplySink['settle']>[0]): void {
    try {
      if (settled.ok) {
        const bytes = assertSendable(settled.value, 'reply')
        this.#push([Tag.reply, number, true, settled.value], bytes)
      } else {
        this.#push([Tag.reply, number, false, encodeError(settled.error)])
      }
    } catch (error) {
      this.#push([Tag.reply, number, false, encodeError(error)])
    }
    this.#owner.touched()
  }

  #settle(item: Item & readonly [typeof Tag.reply, ...unknown[]]): void {
    const sink = this.#sinks.get(item[1])
    this.#sinks.delete(item[1])
    sink?.settle(
      item[2] ? { ok: true, value: item[3] } : { ok: false, error: decodeError(item[3]) },
    )
  }

  #itemArrived(number: number, value: unknown): void {
    const room = this.#sinks.get(number)?.item?.(value) ?? false
    const answer = (wanted: boolean): void => {
      this.#push([Tag.itemCredit, number, wanted])
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
