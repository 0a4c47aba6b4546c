/**
 * Collects items into one frame. Owns how a frame looks, with `frame-reader.ts`; what items there are
 * stands in `protocol.ts`.
 *
 * ```
 * f64 0: how many numbers there are, this one included     1: number of the first new text
 * numbers: each item's tag, then the fields that its tag has
 * one array in MessagePack: the new texts, then what the items have that is no number, in their order;
 *   it is left out when there is nothing in it
 * ```
 * Large texts and byte arrays travel beside it, as the port takes them.
 *
 * Most of what crosses are small messages, and most of a small message are numbers once its texts have
 * been said: those are stored and read as they are, and MessagePack sees payloads.
 */
import type { ErrorData } from '../../actors/cell/error-data.ts'
import type { Envelope, Header } from '../../mailbox/envelope.ts'
import { encodeFrame } from '../../persistence/codec.ts'
import { LargeValues } from '../../persistence/large-values.ts'
import { Parcel } from './parcel.ts'
import { absent, Form, type RareHeader, Tag, type Word } from './protocol.ts'
import { TextWriter } from './texts.ts'

/** Numbers before the first item. */
const preamble = 2
/** Most numbers of one item. */
const mostNumbers = 16

export class FrameWriter {
  readonly #texts = new TextWriter()
  #numbers = new Float64Array(64 * mostNumbers)
  #length = preamble
  /** The first is the place of the new texts. */
  #values: unknown[] = [undefined]
  #items = 0
  #messages = 0

  get items(): number {
    return this.#items
  }

  /** Messages and publishes among them: what needs credit. */
  get messages(): number {
    return this.#messages
  }

  /**
   * @param reply number of its reply sink on this side, 0 for none
   * @param accepted the same for whoever waits for room
   */
  message(envelope: Envelope, reply: number, accepted: number): void {
    const position = envelope.stored ? envelope.position : -envelope.heard
    this.#message(Tag.message, envelope, position, reply, accepted)
  }

  /** @param position in the history, 0 without a store */
  publish(envelope: Envelope, position: number): void {
    this.#message(Tag.publish, envelope, position, 0, 0)
  }

  #message(
    tag: number,
    { to, from, name, payload, lane, a, b, causeA, causeB, header }: Envelope,
    position: number,
    reply: number,
    accepted: number,
  ): void {
    const texts = this.#texts
    const rare = rareOf(header)
    const numbers = this.#room()
    let at = this.#length
    numbers[at++] = tag
    numbers[at++] = texts.numberOf(to, 0)
    numbers[at++] = texts.numberOf(from, 1)
    numbers[at++] = texts.numberOf(name, 2)
    numbers[at++] = lane
    numbers[at++] = a
    numbers[at++] = b
    numbers[at++] = causeA
    numbers[at++] = causeB
    numbers[at++] = position
    numbers[at++] = header.deadline ?? absent
    numbers[at++] = reply
    numbers[at++] = accepted
    this.#length = at
    if (rare !== undefined) this.#values.push(rare)
    const content = header.bytes === undefined ? payload : undefined
    this.#put(content, rare === undefined ? 0 : Form.rare)
    this.#messages += 1
  }

  /** @param sink its number on the other side */
  reply(sink: number, value: unknown): void {
    const numbers = this.#room()
    numbers[this.#length++] = Tag.reply
    numbers[this.#length++] = sink
    this.#put(value, 0)
  }

  failure(sink: number, error: ErrorData): void {
    const numbers = this.#room()
    numbers[this.#length++] = Tag.failure
    numbers[this.#length++] = sink
    this.#values.push(error)
  }

  /** A payload or a reply, where it takes least. */
  #put(value: unknown, more: number): void {
    const numbers = this.#numbers
    if (typeof value === 'number') {
      numbers[this.#length++] = Form.number + more
      numbers[this.#length++] = value
    } else if (value === undefined) {
      numbers[this.#length++] = Form.nothing + more
    } else {
      numbers[this.#length++] = Form.value + more
      this.#values.push(value)
    }
  }

  /** That much has arrived, and may be sent again. */
  credit(messages: number, bytes: number): void {
    const numbers = this.#room()
    numbers[this.#length++] = Tag.credit
    numbers[this.#length++] = messages
    numbers[this.#length++] = bytes
  }

  word(word: Word): void {
    const numbers = this.#room()
    numbers[this.#length++] = Tag.word
    this.#values.push(word)
  }

  /** The frame and its large values, ready to be posted; the next one is open. */
  take(): Parcel {
    const texts = this.#texts
    const numbers = this.#numbers.subarray(0, this.#length)
    numbers[0] = this.#length
    numbers[1] = texts.base
    const values = this.#values
    values[0] = texts.fresh
    this.#values = [undefined]
    this.#length = preamble
    this.#items = 0
    this.#messages = 0
    const head = new Uint8Array(numbers.buffer, 0, numbers.byteLength)
    if (values.length === 1 && texts.fresh.length === 0) return new Parcel(head.slice())
    const large = new LargeValues()
    const frame = encodeFrame(values, head, large)
    texts.said()
    return new Parcel(frame, large.all, large.moved)
  }

  /** Counts one more item, whose numbers fit. */
  #room(): Float64Array {
    this.#items += 1
    if (this.#length + mostNumbers <= this.#numbers.length) return this.#numbers
    const larger = new Float64Array(this.#numbers.length * 2)
    larger.set(this.#numbers)
    this.#numbers = larger
    return larger
  }
}

/** Undefined for the tells and asks that most messages are. */
function rareOf(header: Header): RareHeader | undefined {
  const { chain, trace, ownId, topic, asked, keep, tick, earlier, bytes } = header
  if (
    chain === undefined &&
    trace === undefined &&
    ownId === undefined &&
    topic === undefined &&
    asked === undefined &&
    keep === undefined &&
    tick === undefined &&
    earlier === undefined &&
    bytes === undefined
  ) {
    return undefined
  }
  return {
    ...(chain !== undefined && { chain }),
    ...(trace !== undefined && { trace }),
    ...(ownId !== undefined && { ownId }),
    ...(topic !== undefined && { topic }),
    ...(asked !== undefined && { asked }),
    ...(keep !== undefined && { keep }),
    ...(tick !== undefined && { tick }),
    ...(earlier !== undefined && { earlier }),
    ...(bytes !== undefined && { bytes }),
  }
}
