/**
 * The spans of one thread's messages and turns: what cells are told to make them by. Owns names and
 * attributes of messaging spans, and whether a trace is recorded.
 *
 * 1. That is decided once, where a trace begins: outside, or with a timer's tick. What is not recorded
 *    carries nothing, and costs nothing from there on.
 * 2. A turn's span has an id that follows from its message, its actor and its attempt, and the send of a
 *    recorded ask one that follows from its step: after a crash they are the same, and what the first run
 *    had begun hangs below the span of the second (docs/adr/012-telemetry.md).
 */
import type { TracedSender, Tracing } from '../../../actors/cell/tracing.ts'
import type { OpenSpan } from '../../../actors/span.ts'
import { Messaging, Operation, Own } from '../../../actors/span-names.ts'
import { typeOf } from '../../../mailbox/address.ts'
import type { Clock } from '../../../mailbox/clock.ts'
import type { Envelope } from '../../../mailbox/envelope.ts'
import { laneNames } from '../../../mailbox/lane.ts'
import { contentOf } from './content.ts'
import { LiveSpan, type Recorder, type SpanData, type SpanPlace } from './live-span.ts'
import { parseTraceparent, spanIdOf, type TraceIds } from './traceparent.ts'

export interface ThreadTracingParts {
  readonly slot: number
  readonly sampling: number
  readonly content: boolean
  readonly clock: Clock
  readonly ids: TraceIds
  /** Where the caller of a thread's outside stands. */
  readonly ambient?: () => string | undefined
  readonly ended: (span: SpanData) => void
}

/** Further than this the wall clock must have jumped, or the monotonic one drifted. */
const mostDrift = 20

export class ThreadTracing implements Tracing, Recorder {
  readonly ids: TraceIds
  readonly content: boolean
  readonly #parts: ThreadTracingParts
  /** From monotonic to wall time, with its fractions. */
  #offset: number

  constructor(parts: ThreadTracingParts) {
    this.#parts = parts
    this.ids = parts.ids
    this.content = parts.content
    this.#offset = parts.clock.wall() - parts.clock.mono()
  }

  now(): number {
    const { clock } = this.#parts
    const [wall, mono] = [clock.wall(), clock.mono()]
    if (Math.abs(this.#offset + mono - wall) > mostDrift) this.#offset = wall - mono
    return this.#offset + mono
  }

  ended(span: SpanData): void {
    this.#parts.ended(span)
  }

  get ambient(): string | undefined {
    return this.#parts.ambient?.()
  }

  sending(
    { from, beginsTraces = false }: TracedSender,
    to: string,
    message: string,
    trace: string | undefined,
    seed: string | undefined,
  ): OpenSpan | undefined {
    const place = this.#placeOf(trace, beginsTraces, seed)
    if (place === undefined) return undefined
    const type = typeOf(to)
    const span = new LiveSpan(this, place, `${Operation.send} ${type}`, 'producer')
    span.set({
      [Messaging.system]: 'troupe',
      [Messaging.operationName]: Operation.send,
      [Messaging.operationType]: Operation.send,
      [Messaging.destination]: type,
      [Own.key]: to.slice(type.length + 1),
      [Own.message]: message,
      [Own.sender]: from,
    })
    return span
  }

  /** A topic may say whose it is: it is no part of the name. */
  publishing(
    { from, beginsTraces = false }: TracedSender,
    topic: string,
    trace: string | undefined,
  ): OpenSpan | undefined {
    const place = this.#placeOf(trace, beginsTraces, undefined)
    if (place === undefined) return undefined
    const span = new LiveSpan(this, place, Operation.publish, 'producer')
    span.set({
      [Messaging.system]: 'troupe',
      [Messaging.operationName]: Operation.publish,
      [Messaging.operationType]: Operation.send,
      [Messaging.destination]: topic,
      [Own.sender]: from,
    })
    return span
  }

  processing(envelope: Envelope, attempt: number): OpenSpan | undefined {
    const { trace, tick } = envelope.header
    if (trace === undefined && tick === undefined) return undefined
    const place = this.#placeOfTurn(trace, envelope.to, attempt)
    if (place === undefined) return undefined
    const type = typeOf(envelope.to)
    const span = new LiveSpan(this, place, `${Operation.process} ${type}`, 'consumer')
    span.set({
      [Messaging.system]: 'troupe',
      [Messaging.operationName]: Operation.process,
      [Messaging.operationType]: Operation.process,
      [Messaging.destination]: type,
      [Messaging.messageId]: envelope.id,
      [Own.key]: envelope.to.slice(type.length + 1),
      [Own.message]: envelope.name,
      [Own.lane]: laneNames[envelope.lane] ?? '',
      [Own.attempt]: attempt,
      [Own.slot]: this.#parts.slot,
    })
    span.content(() => ({ [Own.payload]: contentOf(envelope.payload) }))
    return span
  }

  /** Below `trace`, or at the root of a new one; undefined where it is not recorded. */
  #placeOf(
    trace: string | undefined,
    mayBegin: boolean,
    seed: string | undefined,
  ): SpanPlace | undefined {
    const context = trace === undefined ? undefined : parseTraceparent(trace)
    if (context === undefined) return mayBegin ? this.#root() : undefined
    if (!context.isSampled) return undefined
    const { traceId, spanId: parentId } = context
    const spanId = seed === undefined ? this.ids.spanId() : spanIdOf(`${traceId}\n${seed}`)
    return { traceId, spanId, parentId }
  }

  /** Child of the send, and linked to it, as the conventions want it of one message. */
  #placeOfTurn(trace: string | undefined, to: string, attempt: number): SpanPlace | undefined {
    if (trace === undefined) return this.#root()
    const context = parseTraceparent(trace)
    if (context === undefined || !context.isSampled) return undefined
    const { traceId, spanId: parentId } = context
    const idOf = (nth: number): string => spanIdOf(`${traceId}\n${parentId}\n${to}\n${nth}`)
    const links = attempt > 1 ? [parentId, idOf(attempt - 1)] : [parentId]
    return { traceId, spanId: idOf(attempt), parentId, links }
  }

  #root(): SpanPlace | undefined {
    const { sampling } = this.#parts
    if (sampling < 1 && this.ids.chance() >= sampling) return undefined
    return { traceId: this.ids.traceId(), spanId: this.ids.spanId(), parentId: undefined }
  }
}
