/**
 * A span as handlers see it: a stretch of work in a trace that others read. Owns the shape; what becomes
 * of a span is `runtime/telemetry`'s.
 *
 * There is one only where a trace is recorded: `ctx.span?.set(...)` costs nothing otherwise. It is no
 * input of a turn: a turn that is run again from its record has none (R1, R2).
 */

/** What is known of a span. Ids belong here, never in a name. */
export interface SpanAttributes {
  readonly [name: string]: string | number | boolean | readonly string[]
}

/** `client`: it waits for somebody outside. `internal`: it works here. */
export type SpanKind = 'internal' | 'client'

/** A span that is open. */
export interface Span {
  /** W3C `traceparent`, for calls to services that take part in the trace. */
  readonly traceparent: string
  /** Adds attributes. Texts beyond 4,096 characters are cut, more than 128 attributes left out. */
  set(attributes: SpanAttributes): void
  /** Adds attributes that tell what was said: made and kept only where content is asked for. */
  content(make: () => SpanAttributes): void
  /**
   * Begins a span within this one. It ends with this one at the latest.
   *
   * @param name of few different ones: `chat MODEL`, never an id or what a user wrote
   */
  start(name: string, attributes?: SpanAttributes, kind?: SpanKind): OpenSpan
}

/** A span that whoever began it ends. */
export interface OpenSpan extends Span {
  /** Ends it, once. @param error why it failed, if it did */
  end(error?: unknown): void
}
