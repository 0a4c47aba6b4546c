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
import { At, entrySize, inlineIndex, MessageAt, setU48, TimerAt } from './directory.ts'
import { FrameBuffer } from './frame-buffer.ts'
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

const utf8 = new TextEncoder()

/** Builds one client's frames: `record`, then its parts, then the next record; `take` ends a frame. */
export class SegmentBuilder {
  readonly #slot: number
  readonly #epoch: number
  #seq: number
  readonly #buffer = new FrameBuffer()
  #record = 0
  #messages = 0
  #count = 0

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
    return this.#buffer.size
  }

  /** Begins a record. Returns its ordinal in the frame, which acks and refusals name. */
  record(input: RecordInput): number {
    const buffer = this.#buffer
    const at = buffer.entry(input.kind, input.lane ?? 0)
    const view = buffer.view
    const message = input.message ?? noMessage
    view.setUint32(at + At.actor, buffer.number(input.actor), true)
    view.setUint32(at + At.sender, buffer.number(input.sender), true)
    view.setUint32(at + At.name, buffer.number(input.name), true)
    view.setFloat64(at + At.position, message.position, true)
    view.setUint32(at + At.index, message.index, true)
    view.setUint32(at + At.parts, 0, true)
    setU48(view, at + At.turn, input.turn ?? 0)
    view.setUint16(at + At.version, input.version ?? 0, true)
    const start = buffer.used
    this.#sections(input)
    const whole = input.state === undefined ? 0 : RecordFlag.whole
    view.setUint16(at + At.flags, (input.flags ?? 0) | whole, true)
    buffer.slice(at, start)
    setU48(view, at + At.previous, 0)
    setU48(view, at + At.time, input.time)
    this.#record = at
    this.#messages = 0
    this.#count += 1
    return this.#count - 1
  }

  /** Adds a message. Returns its index in the record, by which its identity is known once committed. */
  message(input: MessageInput): number {
    const buffer = this.#buffer
    const flags = (input.flags ?? 0) | (input.ownId === undefined ? 0 : PartFlag.ownId)
    const at = this.#part(PartKind.message, input.lane, flags)
    const view = buffer.view
    const cause = input.cause ?? noMessage
    const index = flags & PartFlag.inline ? inlineIndex : this.#messages++
    view.setUint32(at + MessageAt.to, buffer.number(input.to), true)
    view.setUint32(at + MessageAt.from, buffer.number(input.from), true)
    view.setUint32(at + MessageAt.name, buffer.number(input.name), true)
    view.setFloat64(at + MessageAt.deadline, input.deadline ?? 0, true)
    view.setFloat64(at + MessageAt.causePosition, cause.position, true)
    view.setUint32(at + MessageAt.causeIndex, cause.index, true)
    view.setUint32(at + MessageAt.index, index, true)
    const start = buffer.used
    const headerLength = buffer.add(input.header)
    buffer.add(input.payload)
    buffer.slice(at, start)
    view.setUint32(at + MessageAt.headerLength, headerLength, true)
    this.#version(at, input.version)
    if (input.ownId !== undefined) this.#bytesPart(PartKind.ownId, utf8.encode(input.ownId), 0)
    return index
  }

  /** Adds the answer to the message this record consumes; needed only where somebody may ask later. */
  reply(value: Uint8Array, failed = false): void {
    this.#bytesPart(PartKind.reply, value, failed ? PartFlag.failed : 0)
  }

  /** A part: the record's actor sets a timer, replacing the one with its id (D8). */
  setTimer({ id, name, lane, due, every = 0, version, payload }: TimerInput): void {
    const at = this.#part(PartKind.timerSet, lane, 0)
    this.#timer(at, this.#ownActor(), id, name, due, every, 0, payload, version)
  }

  /** A part: the record's actor ends a timer. */
  cancelTimer(id: string): void {
    const at = this.#part(PartKind.timerCancelled, 0, 0)
    this.#timer(at, this.#ownActor(), id, '', 0, 0, 0)
  }

  /** Says that a timer came due; the message part that carries the tick stands beside it (D8). */
  timerFired({ actor, id, due, next }: TimerFiredInput): void {
    const at = this.#part(PartKind.timerFired, 0, 0)
    this.#timer(at, this.#buffer.number(actor), id, '', due, 0, next)
  }

  /** A part: from this record on, matching topic messages are pending for the record's actor. */
  subscribe({ pattern, name, lane }: SubscriptionInput): void {
    const at = this.#part(PartKind.subscribed, lane, 0)
    this.#timer(at, this.#ownActor(), pattern, name, 0, 0, 0)
  }

  /** A part: ends the subscription with exactly this pattern. */
  unsubscribe(pattern: string): void {
    const at = this.#part(PartKind.unsubscribed, 0, 0)
    this.#timer(at, this.#ownActor(), pattern, '', 0, 0, 0)
  }

  /** The frame so far, in buffers of its own (they may be transferred), and a fresh start. */
  take(): Frame {
    const { directory, body, strings } = this.#buffer.take()
    const count = this.#count
    const frame = { slot: this.#slot, epoch: this.#epoch, seq: this.#seq, count }
    this.#seq += 1
    this.#count = 0
    return { ...frame, directory, body, strings }
  }

  /** Forgets what was built since the last `take`. */
  discard(): void {
    this.#buffer.clear()
    this.#count = 0
  }

  /** Number of the actor of the record begun last. */
  #ownActor(): number {
    return this.#buffer.view.getUint32(this.#record + At.actor, true)
  }

  #timer(
    at: number,
    actor: number,
    id: string,
    name: string,
    due: number,
    every: number,
    next: number,
    payload?: Uint8Array,
    version?: number,
  ): void {
    const buffer = this.#buffer
    const view = buffer.view
    view.setUint32(at + TimerAt.actor, actor, true)
    view.setUint32(at + TimerAt.id, buffer.number(id), true)
    view.setUint32(at + TimerAt.name, buffer.number(name), true)
    view.setFloat64(at + TimerAt.due, due, true)
    view.setFloat64(at + TimerAt.every, every, true)
    view.setFloat64(at + TimerAt.next, next, true)
    const start = buffer.used
    buffer.add(payload)
    buffer.slice(at, start)
    view.setUint32(at + MessageAt.headerLength, 0, true)
    this.#version(at, version)
  }

  #bytesPart(kind: PartKind, bytes: Uint8Array, flags: number): void {
    const buffer = this.#buffer
    const at = this.#part(kind, 0, flags)
    buffer.zero(at + MessageAt.to, at + entrySize)
    const start = buffer.used
    buffer.add(bytes)
    buffer.slice(at, start)
  }

  #part(kind: PartKind, lane: number, flags: number): number {
    const at = this.#buffer.entry(kind, lane)
    const view = this.#buffer.view
    const parts = this.#record + At.parts
    view.setUint16(at + At.flags, flags, true)
    view.setUint32(parts, view.getUint32(parts, true) + 1, true)
    return at
  }

  /** Version, and the zeros to the end of a part. */
  #version(at: number, version = 0): void {
    this.#buffer.view.setUint32(at + MessageAt.version, version, true)
    this.#buffer.view.setUint32(at + MessageAt.version + 4, 0, true)
  }

  #sections(input: RecordInput): void {
    const buffer = this.#buffer
    if (input.state !== undefined) buffer.section(Section.state, input.state)
    if (input.patch !== undefined) buffer.section(Section.patch, input.patch)
    if (input.meta !== undefined) buffer.section(Section.meta, input.meta)
    if (input.inputs !== undefined) buffer.section(Section.inputs, input.inputs)
    if (input.error !== undefined) buffer.section(Section.error, input.error)
    if (input.step !== undefined) buffer.section(Section.step, input.step)
    if (input.result !== undefined) buffer.section(Section.result, input.result)
  }
}
