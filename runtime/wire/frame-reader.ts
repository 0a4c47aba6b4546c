/**
 * Takes the frames of one link apart, item by item and in order. Owns how a frame is read, not what
 * becomes of an item.
 */
import type { ErrorData } from '../../actors/cell/error-data.ts'
import { Envelope, type Header, type ReplySink } from '../../mailbox/envelope.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'
import { decodeFrame, decodeValue } from '../../persistence/codec.ts'
import type { Parcel } from './parcel.ts'
import { absent, Form, type RareHeader, Tag, type Word } from './protocol.ts'
import { TextReader } from './texts.ts'

const nothing: readonly unknown[] = Object.freeze([])

/** Who the items are for. */
export interface FrameTaker {
  /** What stands for a sink of the other side, which waits for the answer to such a message. */
  sinkFor(number: number, to: string, name: string): ReplySink
  message(envelope: Envelope): void
  /** @param position in the history, 0 without a store */
  publish(envelope: Envelope, position: number): void
  reply(sink: number, value: unknown): void
  failure(sink: number, error: ErrorData): void
  credit(messages: number, bytes: number): void
  word(word: Word): void
}

export class FrameReader {
  readonly #texts = new TextReader()
  readonly #taker: FrameTaker

  constructor(taker: FrameTaker) {
    this.#taker = taker
  }

  /** Says how many messages and publishes were in it: what took credit. */
  read({ frame, large }: Parcel): number {
    const count = new Float64Array(frame.buffer, 0, 1)[0] as number
    const numbers = new Float64Array(frame.buffer, 0, count)
    const isAll = frame.byteLength === numbers.byteLength
    const values = isAll ? nothing : (decodeFrame(frame, numbers.byteLength, large) as unknown[])
    if (!isAll) this.#texts.learn(numbers[1] as number, values[0] as string[])
    const items = new Items(numbers, values, this.#texts, this.#taker)
    while (items.next()) {}
    return items.messages
  }
}

/** A frame as it is read: where its numbers and its values are. */
class Items {
  readonly #numbers: Float64Array
  readonly #values: readonly unknown[]
  readonly #texts: TextReader
  readonly #taker: FrameTaker
  #at = 2
  #value = 1
  /** Of the message read last. */
  #position = 0
  #form = 0
  messages = 0

  constructor(
    numbers: Float64Array,
    values: readonly unknown[],
    texts: TextReader,
    taker: FrameTaker,
  ) {
    this.#numbers = numbers
    this.#values = values
    this.#texts = texts
    this.#taker = taker
  }

  /** Hands one on; false when there is none. */
  next(): boolean {
    if (this.#at >= this.#numbers.length) return false
    const taker = this.#taker
    switch (this.#number()) {
      case Tag.message:
        this.#message()
        break
      case Tag.publish:
        taker.publish(this.#envelope(), this.#position)
        break
      case Tag.reply:
        taker.reply(this.#number(), this.#content(this.#number()))
        break
      case Tag.failure:
        taker.failure(this.#number(), this.#next() as ErrorData)
        break
      case Tag.credit:
        taker.credit(this.#number(), this.#number())
        break
      default:
        taker.word(this.#next() as Word)
    }
    return true
  }

  #message(): void {
    const envelope = this.#envelope()
    if (this.#position > 0) envelope.position = this.#position
    else envelope.heard = -this.#position
    this.#taker.message(envelope)
  }

  #number(): number {
    return this.#numbers[this.#at++] as number
  }

  #content(form: number): unknown {
    switch (form & ~Form.rare) {
      case Form.number:
        return this.#number()
      case Form.nothing:
        return undefined
      default:
        return this.#next()
    }
  }

  #next(): unknown {
    return this.#values[this.#value++]
  }

  #envelope(): Envelope {
    const numbers = this.#numbers
    const texts = this.#texts
    this.messages += 1
    let at = this.#at
    const to = texts.at(numbers[at++] as number)
    const from = texts.at(numbers[at++] as number)
    const name = texts.at(numbers[at++] as number)
    const lane = numbers[at++] as LaneNumber
    const a = numbers[at++] as number
    const b = numbers[at++] as number
    const causeA = numbers[at++] as number
    const causeB = numbers[at++] as number
    this.#position = numbers[at++] as number
    this.#at = at
    const header = this.#header(to, name)
    const content = this.#content(this.#form)
    const payload = header?.bytes === undefined ? content : decodeValue(header.bytes)
    return new Envelope(to, from, name, payload, lane, a, b, causeA, causeB, header)
  }

  /** Undefined for the plain tells that most messages are; asks are most of the others. */
  #header(to: string, name: string): Header | undefined {
    const deadline = this.#number()
    const reply = this.#number()
    const accepted = this.#number()
    this.#form = this.#number()
    const rare = this.#form < Form.rare ? undefined : (this.#next() as RareHeader)
    if (deadline === absent && reply + accepted === 0) return rare
    if (rare === undefined && reply !== 0 && accepted === 0 && deadline !== absent) {
      return { deadline, reply: this.#taker.sinkFor(reply, to, name) }
    }
    const sinks = {
      ...(deadline !== absent && { deadline }),
      ...(reply !== 0 && { reply: this.#taker.sinkFor(reply, to, name) }),
      ...(accepted !== 0 && { accepted: this.#taker.sinkFor(accepted, to, name) }),
    }
    return rare === undefined ? sinks : { ...rare, ...sinks }
  }
}
