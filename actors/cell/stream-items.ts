/**
 * The consumer's end of a stream: a bounded buffer between the actor that yields and the loop that
 * reads. The producer waits while the buffer is full; `break` tells it to stop.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import { Ring } from '../../mailbox/ring.ts'
import type { ReplyStream } from '../ref.ts'
import type { Ask } from './ask-table.ts'

/** Items on their way before the producer waits. */
export const streamWindow = 64

export class StreamItems {
  readonly #items = new Ring<unknown>()
  #room: ((wanted: boolean) => void) | undefined
  #arrived: (() => void) | undefined
  #gone = false

  /** Takes an item: true when there is room for more, false when nobody reads any more. */
  push(item: unknown): boolean | Promise<boolean> {
    if (this.#gone) return false
    this.#items.push(item)
    this.#wake()
    if (this.#items.length < streamWindow) return true
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  /** The next item, once there is one. */
  take(): unknown {
    const item = this.#items.shift()
    this.#answer(true)
    return item
  }

  get size(): number {
    return this.#items.length
  }

  /** Resolves when something changed: an item came, or the stream ended. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve
    })
  }

  /** The stream ended; whoever waits for an item looks again. */
  ended(): void {
    this.#wake()
  }

  /** Nobody reads any more. */
  leave(): void {
    this.#gone = true
    this.#answer(false)
  }

  #answer(wanted: boolean): void {
    const room = this.#room
    this.#room = undefined
    room?.(wanted)
  }

  #wake(): void {
    const arrived = this.#arrived
    this.#arrived = undefined
    arrived?.()
  }
}

/** What `ref.stream` returns, over an open ask. */
export class OpenStream implements ReplyStream<unknown, unknown> {
  readonly reply: Promise<unknown>
  readonly ask: Ask
  /** Resolves when the stream has ended and its reader, if there is one, has left its loop. */
  readonly over: Promise<void>
  /** Somebody reads its items. */
  isRead = false
  #taken = false
  #ended!: () => void
  readonly #items: StreamItems
  readonly #giveUp: () => void

  constructor(ask: Ask, items: StreamItems, reply: Promise<unknown>, giveUp: () => void) {
    this.ask = ask
    this.#items = items
    this.reply = reply
    this.#giveUp = giveUp
    // Whoever only iterates learns of a failure there; `reply` alone must not be an unhandled one.
    const ended = (): void => {
      items.ended()
      if (!this.isRead) this.#ended()
    }
    this.over = new Promise((resolve) => {
      this.#ended = resolve
    })
    reply.then(ended, ended)
  }

  cancel(): void {
    if (this.ask.settled) return
    this.#items.leave()
    this.ask.fail(
      new TroupeError('CANCELLED', `the reader of "${this.ask.name}" from ${this.ask.to} left`),
    )
    this.#giveUp()
  }

  /** @throws STREAM_BROKEN the second time: items go to one reader */
  [Symbol.asyncIterator](): AsyncGenerator<unknown, unknown, void> {
    if (this.#taken) {
      throw new TroupeError(
        'STREAM_BROKEN',
        'a stream has one reader: keep its items to read twice',
      )
    }
    this.#taken = true
    return this.#read()
  }

  async *#read(): AsyncGenerator<unknown, unknown, void> {
    this.isRead = true
    try {
      for (;;) {
        if (this.#items.size > 0) yield this.#items.take()
        else if (this.ask.settled) return await this.reply
        else await this.#items.arrival()
      }
    } finally {
      this.cancel()
      this.#ended()
    }
  }
}
