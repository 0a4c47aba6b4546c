/** The trace of whoever calls from outside: OpenTelemetry's own context on the main thread. */
import { formatTraceparent } from './traceparent.ts'

/** Without `@opentelemetry/api` there is none; with it, what its context manager says at each call. */
export async function callersTrace(): Promise<() => string | undefined> {
  const api = await import('@opentelemetry/api').catch(() => undefined)
  if (api === undefined) return () => undefined
  const { context, trace, isSpanContextValid } = api
  return () => {
    const span = trace.getSpanContext(context.active())
    if (span === undefined || !isSpanContextValid(span)) return undefined
    const { traceId, spanId, traceFlags } = span
    return formatTraceparent({ traceId, spanId, isSampled: (traceFlags & 1) === 1 })
  }
}
