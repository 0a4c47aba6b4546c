/**
 * A span from its start to its end, on the thread where it happens. Owns its times, attributes and the
 * spans begun within it. What becomes of it when it has ended is the recorder's.
 *
 * Invariant: it is told once; and no span within it ends later.
 */

import type { OpenSpan, SpanAttributes, SpanKind } from '../../../actors/span.ts'
import { errorType, Own } from '../../../actors/span-names.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import { formatTraceparent, type TraceIds } from './traceparent.ts'

/** As in OpenTelemetry. */
export type Kind = SpanKind | 'producer' | 'consumer'

/** A span that has ended: what crosses between threads. */
export interface SpanData {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: Kind
  /** Wall ms, with fractions. */
  readonly start: number
  readonly end: number
  readonly attributes: Readonly<Record<string, string | number | boolean | readonly string[]>>
  /** Spans of the same trace. */
  readonly links: readonly string[]
  readonly isFailed: boolean
}

/** What all spans of one thread share. */
export interface Recorder {
  readonly ids: TraceIds
  /** Whether to keep what was said. */
  readonly content: boolean
  /** Wall ms, with fractions. */
  now(): number
  ended(span: SpanData): void
}

/** Where a span stands. */
export interface SpanPlace {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly links?: readonly string[]
}

const longestText = 4_096
const mostAttributes = 128
const none: readonly never[] = Object.freeze([])

export class LiveSpan implements OpenSpan {
  readonly traceparent: string
  readonly #recorder: Recorder
  readonly #place: SpanPlace
  readonly #name: string
  readonly #kind: Kind
  readonly #start: number
  readonly #attributes: Record<string, string | number | boolean | readonly string[]> = {}
  #count = 0
  #within: Set<LiveSpan> | undefined
  #around: LiveSpan | undefined
  #isOver = false

  constructor(recorder: Recorder, place: SpanPlace, name: string, kind: Kind) {
    this.#recorder = recorder
    this.#place = place
    this.#name = name
    this.#kind = kind
    this.#start = recorder.now()
    const { traceId, spanId } = place
    this.traceparent = formatTraceparent({ traceId, spanId, isSampled: true })
  }

  set(attributes: SpanAttributes): void {
    if (this.#isOver) return
    for (const [name, value] of Object.entries(attributes)) {
      const fit = fitting(value)
      if (fit === undefined) continue
      if (!Object.hasOwn(this.#attributes, name)) {
        if (this.#count === mostAttributes) continue
        this.#count += 1
      }
      this.#attributes[name] = fit
    }
  }

  content(make: () => SpanAttributes): void {
    if (this.#recorder.content && !this.#isOver) this.set(make())
  }

  start(name: string, attributes: SpanAttributes = {}, kind: SpanKind = 'internal'): OpenSpan {
    const { traceId, spanId: parentId } = this.#place
    const place = { traceId, spanId: this.#recorder.ids.spanId(), parentId }
    const span = new LiveSpan(this.#recorder, place, String(name).slice(0, 256), kind)
    span.set(attributes)
    if (this.#isOver) return span
    span.#around = this
    this.#within ??= new Set()
    this.#within.add(span)
    return span
  }

  end(error?: unknown): void {
    if (this.#isOver) return
    for (const span of this.#within ?? none) span.end(error)
    if (error !== undefined) this.#failed(error)
    this.#isOver = true
    this.#around?.left(this)
    const { traceId, spanId, parentId, links = none } = this.#place
    this.#recorder.ended({
      traceId,
      spanId,
      parentId,
      name: this.#name,
      kind: this.#kind,
      start: this.#start,
      end: Math.max(this.#start, this.#recorder.now()),
      attributes: this.#attributes,
      links,
      isFailed: error !== undefined,
    })
  }

  /** A span within it has ended. */
  left(span: LiveSpan): void {
    this.#within?.delete(span)
  }

  /** What an error says may be what a user said: its type alone is always told. */
  #failed(error: unknown): void {
    this.set({ [errorType]: typeOf(error) })
    this.content(() => ({
      [Own.errorMessage]: error instanceof Error ? error.message : '',
    }))
  }
}

/** Anybody may throw anything. */
function typeOf(error: unknown): string {
  if (error instanceof TroupeError) return error.code
  try {
    const name: unknown = (error as { name?: unknown } | null | undefined)?.name
    if (typeof name === 'string' && /^[A-Za-z_$][\w$.]{0,63}$/.test(name)) return name
  } catch {
    // An accessor that throws.
  }
  return '_OTHER'
}

function fitting(value: unknown): string | number | boolean | readonly string[] | undefined {
  switch (typeof value) {
    case 'string':
      return value.length > longestText ? value.slice(0, longestText) : value
    case 'number':
      return Number.isFinite(value) ? value : undefined
    case 'boolean':
      return value
    default:
      return Array.isArray(value) ? texts(value) : undefined
  }
}

const texts = (values: readonly unknown[]): readonly string[] =>
  values
    .slice(0, mostAttributes)
    .flatMap((one) => (typeof one === 'string' ? [one.slice(0, longestText)] : []))
