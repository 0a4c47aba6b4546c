/** What metrics may be told, checked once at the edge. */
import { TroupeError } from '../../../mailbox/errors.ts'
import { aDuration, checkOptions } from '../../../mailbox/options.ts'
import { anEndpoint, aRecordOf } from '../checks.ts'

/**
 * Counting is on once this is given, `{}` is enough: `system.metrics()` then tells all as Prometheus text.
 * With an endpoint it is sent there, too.
 */
export interface MetricOptions {
  /** Where to send them by OTLP over HTTP: `http://localhost:4318/v1/metrics`. Default: nowhere. */
  readonly endpoint?: string
  /** Headers of every request to the endpoint, such as an API key. */
  readonly headers?: Readonly<Record<string, string>>
  /** Attributes of this process in OTLP, such as `{ 'service.name': 'support' }`. */
  readonly resource?: Readonly<Record<string, string | number | boolean>>
  /** Ms between two exports. Default 60,000. */
  readonly every?: number
}

/** {@link MetricOptions}, checked. */
export interface MetricPlan {
  readonly export:
    | {
        readonly endpoint: string
        readonly headers: Readonly<Record<string, string>>
        readonly resource: Readonly<Record<string, string | number | boolean>>
        readonly every: number
      }
    | undefined
}

const what = 'createSystem telemetry.metrics'

const checks = {
  endpoint: anEndpoint('v1/metrics'),
  headers: aRecordOf('texts', 'string'),
  resource: aRecordOf('texts, numbers and flags', 'string', 'number', 'boolean'),
  every: aDuration,
}

/** @throws OPTION_INVALID */
export function checkMetrics(options: MetricOptions | undefined): MetricPlan | undefined {
  if (options === undefined) return undefined
  checkOptions(what, options, checks)
  const { endpoint, headers = {}, resource = {}, every = 60_000 } = options
  if (endpoint !== undefined) {
    // Not twice within a few ms, and often enough to be noticed by a timer.
    const pace = Math.min(Math.max(every, 100), 86_400_000)
    return Object.freeze({ export: { endpoint, headers, resource, every: pace } })
  }
  const stray = (['headers', 'resource', 'every'] as const).find((name) => name in options)
  if (stray === undefined) return Object.freeze({ export: undefined })
  throw new TroupeError('OPTION_INVALID', `${what}: "${stray}" goes with "endpoint" only`)
}
