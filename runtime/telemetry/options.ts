/**
 * The option `telemetry` of `createSystem`: one part for each signal, each checked by its own folder.
 * Owns which parts there are. Loads no library: that happens when a system starts.
 */
import { anObject, checkOptions } from '../../mailbox/options.ts'
import { checkLogs, type LogOptions, type LogPlan } from './logs/options.ts'
import { checkMetrics, type MetricOptions, type MetricPlan } from './metrics/options.ts'
import { checkTraces, type TraceOptions, type TracePlan } from './traces/options.ts'

/** What a system tells others about itself. Each part is off until it is given. */
export interface TelemetryOptions {
  /** OpenTelemetry traces; see `docs/telemetry.md`. */
  readonly traces?: TraceOptions
  /** Counters, gauges and histograms; see `docs/telemetry.md`. */
  readonly metrics?: MetricOptions
  /** Log lines of all threads as JSON, by pino; see `docs/telemetry.md`. */
  readonly logs?: LogOptions
}

/** The same, checked. */
export interface TelemetryPlan {
  readonly traces: TracePlan | undefined
  readonly metrics: MetricPlan | undefined
  readonly logs: LogPlan | undefined
}

/** @throws OPTION_INVALID */
export function checkTelemetry(options: TelemetryOptions = {}): TelemetryPlan {
  checkOptions('createSystem telemetry', options, {
    traces: anObject,
    metrics: anObject,
    logs: anObject,
  })
  return Object.freeze({
    traces: checkTraces(options.traces),
    metrics: checkMetrics(options.metrics),
    logs: checkLogs(options.logs),
  })
}
