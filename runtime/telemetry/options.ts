/**
 * The option `telemetry` of `createSystem`: one part for each signal, each checked by its own folder.
 * Owns which parts there are. Loads no library: that happens when a system starts.
 */
import { anObject, checkOptions } from '../../mailbox/options.ts'
import { checkMetrics, type MetricOptions, type MetricPlan } from './metrics/options.ts'
import { checkTraces, type TraceOptions, type TracePlan } from './traces/options.ts'

/** What a system tells others about itself. Each part is off until it is given. */
export interface TelemetryOptions {
  /** OpenTelemetry traces; see `docs/telemetry.md`. */
  readonly traces?: TraceOptions
  /** Counters, gauges and histograms; see `docs/telemetry.md`. */
  readonly metrics?: MetricOptions
}

/** The same, checked. */
export interface TelemetryPlan {
  readonly traces: TracePlan | undefined
  readonly metrics: MetricPlan | undefined
}

/** @throws OPTION_INVALID */
export function checkTelemetry(options: TelemetryOptions = {}): TelemetryPlan {
  checkOptions('createSystem telemetry', options, { traces: anObject, metrics: anObject })
  return Object.freeze({
    traces: checkTraces(options.traces),
    metrics: checkMetrics(options.metrics),
  })
}
