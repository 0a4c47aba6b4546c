/**
 * Everything that crosses a link between two threads: the closed list of items. A frame is an array
 * of items, encoded once and transferred. Only messages and publishes need credit (M5).
 *
 * Items are tuples with a number first: they are written and read millions of times.
 */

import type { Whereabouts } from '../../actors/cell/ask-table.ts'
import type { ErrorData } from '../../actors/cell/error-data.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import type { EarlierLife } from '../../mailbox/envelope.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'

export const Tag = Object.freeze({
  message: 0,
  publish: 1,
  reply: 2,
  item: 3,
  itemCredit: 4,
  signal: 5,
  interest: 6,
  giveUp: 7,
  whereabouts: 8,
  credit: 9,
})

/** The header fields that cross; sinks become numbers, signals become give-ups. */
export interface WireHeader {
  readonly deadline?: number
  readonly chain?: readonly string[]
  readonly trace?: string
  readonly ownId?: string
  readonly topic?: string
  readonly asked?: boolean
  readonly keep?: boolean
  readonly tick?: { readonly timer: string; readonly due: number; readonly missed: number }
  readonly earlier?: EarlierLife
  /** Number of the reply sink on the sender's side. */
  readonly reply?: number
  readonly accepted?: number
  /** The payload is here, as the codec encoded it. */
  readonly bytes?: Uint8Array
}

export type MessageItem = readonly [
  tag: typeof Tag.message,
  to: string,
  from: string,
  name: string,
  lane: LaneNumber,
  a: number,
  b: number,
  causeA: number,
  causeB: number,
  position: number,
  payload: unknown,
  header: WireHeader | undefined,
]

export type Item =
  | MessageItem
  /** A message item's fields with the topic in its header, and the position in the history. */
  | readonly [tag: typeof Tag.publish, position: number, message: MessageItem]
  | readonly [tag: typeof Tag.reply, sink: number, ok: true, value: unknown]
  | readonly [tag: typeof Tag.reply, sink: number, ok: false, error: ErrorData]
  /** One item of a stream. */
  | readonly [tag: typeof Tag.item, sink: number, value: unknown]
  /** The consumer took an item; `wanted` is false when it has gone. */
  | readonly [tag: typeof Tag.itemCredit, sink: number, wanted: boolean]
  | readonly [tag: typeof Tag.signal, to: string, signal: Signal]
  | readonly [tag: typeof Tag.interest, pattern: string, wanted: boolean]
  | readonly [tag: typeof Tag.giveUp, id: number, to: string, a: number, b: number]
  | readonly [tag: typeof Tag.whereabouts, id: number, where: Whereabouts | undefined]
  /** Messages and bytes that arrived: that much more may be sent. */
  | readonly [tag: typeof Tag.credit, messages: number, bytes: number]
