/** W3C trace context as text, and the ids in it. */
import { createHash, randomFillSync } from 'node:crypto'

/** A trace, the span in it that one goes on from, and whether it is recorded. */
export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly isSampled: boolean
}

const pattern = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/

/** Undefined for what is no `traceparent`: anybody may write that header. */
export function parseTraceparent(text: string): TraceContext | undefined {
  const [, traceId, spanId, flags] = pattern.exec(text) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`
}

/** Where ids of traces and spans come from, and the chance by which a trace is recorded. */
export interface TraceIds {
  traceId(): string
  spanId(): string
  /** From 0 to 1. */
  chance(): number
}

/** Ids as good as random numbers of the machine. */
export class RandomTraceIds implements TraceIds {
  readonly #pool = Buffer.allocUnsafe(2_048)
  #at = this.#pool.length

  traceId(): string {
    return this.#hex(16)
  }

  spanId(): string {
    return this.#hex(8)
  }

  chance(): number {
    return Math.random()
  }

  #hex(bytes: number): string {
    if (this.#at + bytes > this.#pool.length) {
      randomFillSync(this.#pool)
      this.#at = 0
    }
    this.#at += bytes
    const text = this.#pool.toString('hex', this.#at - bytes, this.#at)
    return /^0+$/.test(text) ? this.#hex(bytes) : text
  }
}

/** The id of a span that comes again after a crash: the same for the same seed. */
export function spanIdOf(seed: string): string {
  return createHash('sha256').update(seed).digest('hex').slice(0, 16)
}
