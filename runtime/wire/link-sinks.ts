/**
 * Who waits for an answer over a link, by number: on this side those who sent a message, on the other
 * those of whose messages this side has the answer to give.
 */
import type { Whereabouts } from '../../actors/cell/ask-table.ts'
import type { ReplySink } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import type { RemoteSink } from './remote-sink.ts'

type Found = (where: Whereabouts | undefined) => void

export class LinkSinks {
  #last = 0
  readonly #waiting = new Map<number, ReplySink>()
  readonly #questions = new Map<number, Found>()
  /** Streams of this side, whose readers have room now and then. */
  readonly #streams = new Map<number, RemoteSink>()

  /** The number under which its answer will come; 0 stands for nobody. */
  numberOf(sink: ReplySink | undefined): number {
    if (sink === undefined) return 0
    this.#last += 1
    this.#waiting.set(this.#last, sink)
    return this.#last
  }

  settle(number: number, settled: Settled): void {
    const sink = this.#waiting.get(number)
    this.#waiting.delete(number)
    sink?.settle(settled)
  }

  /** An item of a stream: whether its reader wants more, now or later. */
  item(number: number, value: unknown): boolean | Promise<boolean> {
    return this.#waiting.get(number)?.item?.(value) ?? false
  }

  // ── where a message is that was given up ──────────────────────────────────────────────────────

  question(found: Found): number {
    this.#last += 1
    this.#questions.set(this.#last, found)
    return this.#last
  }

  answer(number: number, where: Whereabouts | undefined): void {
    this.#questions.get(number)?.(where)
    this.#questions.delete(number)
  }

  // ── streams of this side ──────────────────────────────────────────────────────────────────────

  opened(stream: RemoteSink): void {
    this.#streams.set(stream.number, stream)
  }

  ended(stream: RemoteSink): void {
    this.#streams.delete(stream.number)
  }

  credit(number: number, wanted: boolean): void {
    this.#streams.get(number)?.credit(wanted)
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /** Nobody answers any more (F4). */
  lose(slot: number): void {
    for (const sink of this.#waiting.values()) sink.settle({ ok: false, error: lostError(slot) })
    this.#waiting.clear()
    for (const stream of this.#streams.values()) stream.credit(false)
    for (const found of this.#questions.values()) found(undefined)
  }
}

export function lostError(slot: number): TroupeError {
  return new TroupeError(
    'HOST_LOST',
    `the thread of slot ${slot} died before it answered; the message may have been processed: retry with an id of your own, or ask the actor`,
    { fields: { slot } },
  )
}
