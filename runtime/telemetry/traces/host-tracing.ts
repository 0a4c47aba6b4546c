/**
 * The traces of a host: its finished spans go to the main thread in frames, where one exporter sends
 * them; so a host loads no library for it, and what it has told survives it.
 *
 * Bounded: a main thread that does not keep up is seen by the count that it shares, and what would wait
 * for it is dropped and counted (M5).
 */
import type { Clock } from '../../../mailbox/clock.ts'
import { encodeFrame } from '../../../persistence/codec.ts'
import type { SpanData } from './live-span.ts'
import { ThreadTracing } from './thread-tracing.ts'
import { RandomTraceIds } from './traceparent.ts'

/** What a host is told. */
export interface HostTraces {
  readonly sampling: number
  readonly content: boolean
  /** {@link Tally} of what has arrived and what was dropped. */
  readonly tally: SharedArrayBuffer
}

/** Places in the shared tally. */
export const Tally = Object.freeze({ arrived: 0, dropped: 1 })
export const tallyBytes = 2 * Int32Array.BYTES_PER_ELEMENT

/** Spans of one frame. */
const batch = 128
/** Most spans on their way to the main thread. */
export const mostOnTheWay = 8_192

export type SendSpans = (spans: Uint8Array<ArrayBuffer>) => void

export class SpanPost {
  readonly #tally: Int32Array
  readonly #send: SendSpans
  readonly #soon: (run: () => void) => void
  #waiting: SpanData[] = []
  #sent = 0

  /** @param soon runs a function when the event loop has its turn */
  constructor(
    tally: SharedArrayBuffer,
    send: SendSpans,
    soon: (run: () => void) => void = setImmediate,
  ) {
    this.#tally = new Int32Array(tally)
    this.#send = send
    this.#soon = soon
  }

  add(span: SpanData): void {
    if (this.#onTheWay >= mostOnTheWay) return void Atomics.add(this.#tally, Tally.dropped, 1)
    this.#sent += 1
    if (this.#waiting.length === 0) this.#soon(() => this.flush())
    this.#waiting.push(span)
    if (this.#waiting.length >= batch) this.flush()
  }

  /** As 32-bit numbers that wrap. */
  get #onTheWay(): number {
    return (this.#sent - Atomics.load(this.#tally, Tally.arrived)) | 0
  }

  flush(): void {
    if (this.#waiting.length === 0) return
    const spans = this.#waiting
    this.#waiting = []
    this.#send(encodeFrame(spans))
  }
}

export interface HostTracing {
  readonly tracing: ThreadTracing
  readonly post: SpanPost
}

export function hostTracing(
  { sampling, content, tally }: HostTraces,
  slot: number,
  clock: Clock,
  send: SendSpans,
): HostTracing {
  const post = new SpanPost(tally, send)
  const ended = (span: SpanData): void => post.add(span)
  const ids = new RandomTraceIds()
  return { post, tracing: new ThreadTracing({ slot, sampling, content, clock, ids, ended }) }
}
