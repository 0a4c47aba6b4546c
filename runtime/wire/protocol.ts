/**
 * Everything that crosses a link between two threads: the closed list of items. They are collected into
 * frames, encoded once and transferred (`frame-writer.ts`). Only messages and publishes need credit (M5).
 */

import type { Whereabouts } from '../../actors/cell/ask-table.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import type { EarlierLife, Tick } from '../../mailbox/envelope.ts'

/** What an item's first number says. The common ones are numbers; the rest is one value, a {@link Word}. */
export const Tag = Object.freeze({
  /**
   * to, from, name, lane, a, b, causeA, causeB, position, deadline, reply, accepted, {@link Form}, [number]; [rare header,] [payload]
   *
   * The position of one that is only in memory is minus its `heard`.
   */
  message: 0,
  /** The same, with its position in the history, 0 without a store; the topic is in its rare header. */
  publish: 1,
  /** sink, {@link Form}, [number]; [value] */
  reply: 2,
  /** sink; error data */
  failure: 3,
  /** Messages and bytes that arrived: that much more may be sent. */
  credit: 4,
  word: 5,
})

/** Where a payload or a reply is; with `rare` added when a rare header is among the values. */
export const Form = Object.freeze({
  /** Among the values. */
  value: 0,
  /** It is a number, and comes next. */
  number: 1,
  /** It is undefined: nowhere. */
  nothing: 2,
  rare: 4,
})

/** In the place of a deadline that there is none of: monotonic time is never negative. */
export const absent = -1

/** The header fields that few messages have; sinks cross as numbers, signals as give-ups. */
export interface RareHeader {
  readonly chain?: readonly string[]
  readonly trace?: string
  readonly ownId?: string
  readonly topic?: string
  readonly asked?: boolean
  readonly keep?: boolean
  readonly tick?: Tick
  readonly earlier?: EarlierLife
  /** The payload is here, as the codec encoded it, and nowhere else. */
  readonly bytes?: Uint8Array
}

/** An item that is no number: what it is, then its fields. */
export type Word =
  /** One item of a stream. */
  | readonly [kind: 'item', sink: number, value: unknown]
  /** The consumer took an item; `wanted` is false when it has gone. */
  | readonly [kind: 'item-credit', sink: number, wanted: boolean]
  | readonly [kind: 'signal', to: string, signal: Signal]
  | readonly [kind: 'interest', pattern: string, wanted: boolean]
  | readonly [kind: 'give-up', id: number, to: string, a: number, b: number]
  | readonly [kind: 'whereabouts', id: number, where: Whereabouts | undefined]
