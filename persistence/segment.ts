/**
 * Builds frames: what a client thread sends to the store and the store writes as one segment row.
 * Owns the encoding of records into directory and body; knows nothing of positions, which the
 * store gives out.
 *
 * This runs once per durable turn on every host, so it reuses its buffers and allocates only at
 * `take`. Values come already encoded: nothing here can fail half-way through a record.
 *
 * Invariant: parts belong to the record begun last.
 */
import { crc32 } from './crc.ts'
import { At, entrySize, inlineIndex, MessageAt, setU48, TimerAt, viewOf } from './directory.ts'
import {
  type MessageInput,
  noMessage,
  PartFlag,
  PartKind,
  RecordFlag,
  type RecordInput,
  Section,
  type SubscriptionInput,
  type TimerFiredInput,
  type TimerInput,
} from './record.ts'

/** Many records of one client, numbered by it, checked and written by the store. */
export interface Frame {
  /** The client: a host's slot, or the main thread's. */
  readonly slot: number
  /** Generation of the slot; the store refuses an older one (F4). */
  readonly epoch: number
  /** Consecutive per slot and epoch, from 1. */
  readonly seq: number
  /** Records in it. */
  readonly count: number
  /** Entries as in `directory.ts`. The store writes its numbers into it: commit a frame once. */
  readonly directory: Uint8Array
  readonly body: Uint8Array
  /** Texts that the directory refers to by index + 1. */
  readonly strings: readonly string[]
}

const sectionHead = 5
const utf8 = new TextEncoder()

export class SegmentBuilder {
  readonly #slot: number
  readonly #epoch: number
  #seq: number
  #directory = new Uint8Array(64 * entrySize)
  #view = viewOf(this.#directory)
  #end = 0
  #body = new Uint8Array(16 * 1024)
  #used = 0
  #record = 0
  #messages = 0
  #count = 0
  #strings: string[] = []
  readonly #numbers = new Map<string, number>()

  /**
   * @param slot the client's slot
   * @param epoch as `Store.beginEpoch` gave it
   * @param seq number of the first frame; after `Store.reopen` one more than the tail's
   */
  constructor(slot: number, epoch: number, seq = 1) {
    this.#slot = slot
    this.#epoch = epoch
    this.#seq = seq
  }

  /** Records since the last `take`. */
  get count(): number {
    return this.#count
  }

  /** Bytes since the last `take`, for the store's credit (M5). */
  get bytes(): number {
    return this.#end + this.#used
  }

  /** Begins a record. Returns its ordinal in the frame, which acks and refusals name. */
  record(input: RecordInput): number {
    const at = this.#entry(input.kind, input.lane ?? 0)
    const view = this.#view
    const message = input.message ?? noMessage
    view.setUint32(at + At.actor, this.#number(input.actor), true)
    view.setUint32(at + At.sender, this.#number(input.sender), true)
    view.setUint32(at + At.name, this.#number(input.name), true)
    view.setFloat64(at + At.position, message.position, true)
    view.setUint32(at + At.index, message.index, true)
    view.setUint32(at + At.parts, 0, true)
    setU48(view, at + At.turn, input.turn ?? 0)
    view.setUint16(at + At.version, input.version ?? 0, true)
    const start = this.#used
    this.#sections(input)
    const whole = input.state === undefined ? 0 : RecordFlag.whole
    view.setUint16(at + At.flags, (input.flags ?? 0) | whole, true)
    this.#slice(at, At.offset, start)
    setU48(view, at + At.previous, 0)
    setU48(view, at + At.time, input.time)
    this.#record = at
    this.#messages = 0
    this.#count += 1
    return this.#count - 1
  }

  /** Adds a message. Returns its index in the record, by which its identity is known once committed. */
  message(input: MessageInput): number {
    const flags = (input.flags ?? 0) | (input.ownId === undefined ? 0 : PartFlag.ownId)
    const at = this.#part(PartKind.message, input.lane, flags)
    const view = this.#view
    const cause = input.cause ?? noMessage
    const index = flags & PartFlag.inline ? inlineIndex : this.#messages++
    view.setUint32(at + MessageAt.to, this.#number(input.to), true)
    view.setUint32(at + MessageAt.from, this.#number(input.from), true)
    view.setUint32(at + MessageAt.name, this.#number(input.name), true)
    view.setFloat64(at + MessageAt.deadline, input.deadline ?? 0, true)
    view.setFloat64(at + MessageAt.causePosition, cause.position, true)
    view.setUint32(at + MessageAt.causeIndex, cause.index, true)
    view.setUint32(at + MessageAt.index, index, true)
    const start = this.#used
    const headerLength = this.#bytes(input.header)
    this.#bytes(input.payload)
    this.#slice(at, MessageAt.offset, start)
    view.setUint32(at + MessageAt.headerLength, headerLength, true)
    view.setUint32(at + MessageAt.version, input.version ?? 0, true)
    setTail(view, at)
    if (input.ownId !== undefined) this.#ownId(input.ownId)
    return index
  }

  /** Adds the answer to the message this record consumes; needed only where somebody may ask later. */
  reply(value: Uint8Array, failed = false): void {
    const at = this.#part(PartKind.reply, 0, failed ? PartFlag.failed : 0)
    this.#view.setFloat64(at + MessageAt.to, 0, true)
    this.#bodyOnly(at, value)
  }

  setTimer(input: TimerInput): void {
    const at = this.#part(PartKind.timerSet, input.lane, 0)
    this.#view.setUint32(
      at + TimerAt.actor,
      this.#view.getUint32(this.#record + At.actor, true),
      true,
    )
    this.#timer(at, input.id, input.name, input.due, input.every ?? 0, 0)
    this.#timerBody(at, input.payload, input.version ?? 0)
  }

  cancelTimer(id: string): void {
    const at = this.#part(PartKind.timerCancelled, 0, 0)
    this.#view.setUint32(
      at + TimerAt.actor,
      this.#view.getUint32(this.#record + At.actor, true),
      true,
    )
    this.#timer(at, id, '', 0, 0, 0)
    this.#timerBody(at, undefined, 0)
  }

  /** Says that a timer came due; the message part that carries the tick stands beside it (D8). */
  timerFired(input: TimerFiredInput): void {
    const at = this.#part(PartKind.timerFired, 0, 0)
    this.#view.setUint32(at + TimerAt.actor, this.#number(input.actor), true)
    this.#timer(at, input.id, '', input.due, 0, input.next)
    this.#timerBody(at, undefined, 0)
  }

  subscribe(input: SubscriptionInput): void {
    this.#subscription(PartKind.subscribed, input.lane, input.pattern, input.name)
  }

  unsubscribe(pattern: string): void {
    this.#subscription(PartKind.unsubscribed, 0, pattern, '')
  }

  /** The frame so far, in buffers of its own (they may be transferred), and a fresh start. */
  take(): Frame {
    const frame: Frame = {
      slot: this.#slot,
      epoch: this.#epoch,
      seq: this.#seq,
      count: this.#count,
      directory: this.#directory.slice(0, this.#end),
      body: this.#body.slice(0, this.#used),
      strings: this.#strings,
    }
    this.#seq += 1
    this.discard()
    return frame
  }

  /** Forgets what was built since the last `take`. */
  discard(): void {
    this.#end = 0
    this.#used = 0
    this.#count = 0
    this.#strings = []
    this.#numbers.clear()
  }

  #subscription(kind: PartKind, lane: number, pattern: string, name: string): void {
    const at = this.#part(kind, lane, 0)
    this.#view.setUint32(
      at + TimerAt.actor,
      this.#view.getUint32(this.#record + At.actor, true),
      true,
    )
    this.#timer(at, pattern, name, 0, 0, 0)
    this.#timerBody(at, undefined, 0)
  }

  #timer(at: number, id: string, name: string, due: number, every: number, next: number): void {
    const view = this.#view
    view.setUint32(at + TimerAt.id, this.#number(id), true)
    view.setUint32(at + TimerAt.name, this.#number(name), true)
    view.setFloat64(at + TimerAt.due, due, true)
    view.setFloat64(at + TimerAt.every, every, true)
    view.setFloat64(at + TimerAt.next, next, true)
  }

  #timerBody(at: number, payload: Uint8Array | undefined, version: number): void {
    const start = this.#used
    this.#bytes(payload)
    this.#slice(at, TimerAt.offset, start)
    this.#view.setUint32(at + 52, 0, true)
    this.#view.setUint32(at + TimerAt.version, version, true)
    setTail(this.#view, at)
  }

  #ownId(id: string): void {
    const at = this.#part(PartKind.ownId, 0, 0)
    this.#view.setFloat64(at + MessageAt.to, 0, true)
    this.#bodyOnly(at, utf8.encode(id))
  }

  #bodyOnly(at: number, bytes: Uint8Array): void {
    this.#view.setUint32(at + MessageAt.name, 0, true)
    this.#directory.fill(0, at + MessageAt.deadline, at + MessageAt.offset)
    const start = this.#used
    this.#bytes(bytes)
    this.#slice(at, MessageAt.offset, start)
    this.#directory.fill(0, at + MessageAt.headerLength, at + entrySize)
  }

  #part(kind: PartKind, lane: number, flags: number): number {
    const at = this.#entry(kind, lane)
    const parts = this.#record + At.parts
    this.#view.setUint16(at + At.flags, flags, true)
    this.#view.setUint32(parts, this.#view.getUint32(parts, true) + 1, true)
    return at
  }

  /** Room for one entry; buffers are reused, so every byte of it must be written. */
  #entry(kind: number, lane: number): number {
    const at = this.#end
    this.#end += entrySize
    if (this.#end > this.#directory.length) {
      this.#directory = grown(this.#directory, this.#end)
      this.#view = viewOf(this.#directory)
    }
    this.#view.setUint16(at, kind | (lane << 8), true)
    return at
  }

  #sections(input: RecordInput): void {
    if (input.state !== undefined) this.#section(Section.state, input.state)
    if (input.patch !== undefined) this.#section(Section.patch, input.patch)
    if (input.meta !== undefined) this.#section(Section.meta, input.meta)
    if (input.inputs !== undefined) this.#section(Section.inputs, input.inputs)
    if (input.error !== undefined) this.#section(Section.error, input.error)
    if (input.step !== undefined) this.#section(Section.step, input.step)
    if (input.result !== undefined) this.#section(Section.result, input.result)
  }

  #section(tag: number, bytes: Uint8Array): void {
    this.#room(sectionHead)
    const body = this.#body
    const at = this.#used
    body[at] = tag
    body[at + 1] = bytes.length
    body[at + 2] = bytes.length >>> 8
    body[at + 3] = bytes.length >>> 16
    body[at + 4] = bytes.length >>> 24
    this.#used += sectionHead
    this.#bytes(bytes)
  }

  #bytes(bytes: Uint8Array | undefined): number {
    if (bytes === undefined) return 0
    this.#room(bytes.length)
    copyInto(this.#body, this.#used, bytes)
    this.#used += bytes.length
    return bytes.length
  }

  #room(length: number): void {
    if (this.#used + length > this.#body.length) this.#body = grown(this.#body, this.#used + length)
  }

  /** Notes the body slice from `start` to here; offset, length and crc lie in a row in every entry. */
  #slice(at: number, field: number, start: number): void {
    const view = this.#view
    view.setUint32(at + field, start, true)
    view.setUint32(at + field + 4, this.#used - start, true)
    view.setUint32(at + field + 8, crc32(this.#body, start, this.#used), true)
  }

  /** Index + 1 of a text in this frame. */
  #number(text: string | undefined): number {
    if (text === undefined || text === '') return 0
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#strings.push(text)
    this.#numbers.set(text, number)
    return number
  }
}

function setTail(view: DataView, at: number): void {
  view.setUint32(at + 60, 0, true)
}

/** `set` crosses into C++; for a few dozen bytes a loop is faster. */
function copyInto(target: Uint8Array, at: number, source: Uint8Array): void {
  if (source.length > 48) {
    target.set(source, at)
    return
  }
  for (let i = 0; i < source.length; i += 1) target[at + i] = source[i] as number
}

function grown(bytes: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(needed, bytes.length * 2))
  larger.set(bytes)
  return larger
}
