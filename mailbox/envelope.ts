/**
 * A message with its header. Every field a small volatile tell needs is flat and always present, so
 * that all envelopes share one hidden class; what only some messages carry hangs off `header`.
 *
 * An envelope is immutable once sent (T5), except that a receiver may cache the decoded payload.
 */

import { type LaneNumber, laneNames } from './lane.ts'
import { formatMessageId, type MessageId } from './message-id.ts'
import type { Settled } from './outcome.ts'

/** Where the answer to an ask or a stream goes; settled exactly once. */
export interface ReplySink {
  settle(result: Settled): void
  /** An item of a stream; resolves when the consumer has room, to false when it has gone. */
  item?(value: unknown): boolean | Promise<boolean>
}

/** A step that an earlier life of a message recorded (D2). */
export interface EarlierStep {
  readonly name: string
  /** False for one that began and whose outcome is unknown. */
  readonly done: boolean
  /** Sections of its record. */
  readonly step: Uint8Array
  readonly result?: Uint8Array
  readonly error?: Uint8Array
}

/**
 * What a dead letter that is sent again takes over from the message it was: its steps, and the identity
 * that steps, random numbers and ids are derived from.
 */
export interface EarlierLife {
  readonly id: MessageId
  readonly a: number
  readonly b: number
  readonly steps: readonly EarlierStep[]
}

/** What a timer's message stands for. */
export interface Tick {
  readonly timer: string
  /** When it was due, wall ms. */
  readonly due: number
  /** How many ticks more were missed. */
  readonly missed: number
}

/** What only some envelopes carry. */
export interface Header {
  /** Monotonic time in ms after which the handler must not start. */
  readonly deadline?: number
  readonly reply?: ReplySink
  /** Told when the message has found room; it may wait for that (deliver). */
  readonly accepted?: ReplySink
  /** Addresses of the turns that wait for this one, outermost first (T4). */
  readonly chain?: readonly string[]
  /** W3C `traceparent`, carried untouched. */
  readonly trace?: string
  /** The caller's own id. */
  readonly ownId?: string
  /** The topic a published message came by. */
  readonly topic?: string
  /** Somebody waits for the reply, here or in the store under the message's own id. */
  readonly asked?: boolean
  /** Aborted when the caller gives up. */
  readonly signal?: AbortSignal
  /** The payload as the codec encoded it, when it arrived so. */
  readonly bytes?: Uint8Array
  /** Terminations and timer ticks: never shed, whatever the lane (M3). */
  readonly keep?: boolean
  readonly tick?: Tick
  /** Why the payload is still of an older version, and of which; no handler may get it (D9). */
  readonly unfit?: { readonly version: number; readonly error: unknown }
  /** It was a dead letter, and some of its steps are recorded. */
  readonly earlier?: EarlierLife
}

const noHeader: Header = Object.freeze({})

export class Envelope {
  /** Receiver, `type/key`. */
  readonly to: string
  /** Sender, `type/key`, or empty from outside. */
  readonly from: string
  /** Message name in the receiver's contract. */
  readonly name: string
  readonly payload: unknown
  readonly lane: LaneNumber
  /** Identity, see `message-id.ts`. Stable for ever: steps and random numbers are derived from it. */
  readonly a: number
  readonly b: number
  /** Identity of the message whose turn sent this one; 0, 0 from outside. */
  readonly causeA: number
  readonly causeB: number
  readonly header: Header
  /** Position of the record that accepted it, once the store holds it; 0 while only in memory. */
  position = 0
  /**
   * While only in memory: the position up to which its sender's thread had heard what became of its own
   * records when this was sent. What the store has of the same sender up to there was sent before, what
   * comes later after it (T2).
   */
  heard = 0
  /** Monotonic ms since which it waits in a mailbox; coarse, for health and timeouts. */
  since = 0

  constructor(
    to: string,
    from: string,
    name: string,
    payload: unknown,
    lane: LaneNumber,
    a: number,
    b: number,
    causeA: number,
    causeB: number,
    header: Header = noHeader,
  ) {
    this.to = to
    this.from = from
    this.name = name
    this.payload = payload
    this.lane = lane
    this.a = a
    this.b = b
    this.causeA = causeA
    this.causeB = causeB
    this.header = header
  }

  /** Text form of the identity: the caller's own id where it gave one. */
  get id(): MessageId {
    return this.header.ownId ?? formatMessageId(this.a, this.b)
  }

  /** True when the store holds this message: it may leave memory, but is never shed (M3). */
  get stored(): boolean {
    return this.position > 0
  }

  /**
   * True when overflow may drop it: not stored, not a termination or tick, and no delivery, whose
   * sender was told that it will be processed.
   */
  get sheddable(): boolean {
    const { keep, accepted } = this.header
    return this.position === 0 && keep !== true && accepted === undefined
  }

  /** For logs and errors. */
  toString(): string {
    return `${this.name} to ${this.to} (${this.id}, ${laneNames[this.lane]})`
  }
}
