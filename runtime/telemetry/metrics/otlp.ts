/**
 * Metrics on their way out by OTLP over HTTP. OpenTelemetry's own reader says when and its exporter how;
 * what is sent are the totals of all threads, aggregated already, so that its meters are not used.
 *
 * Loaded with its packages only when an endpoint is given.
 */
import type { MetricData, MetricProducer } from '@opentelemetry/sdk-metrics'
import { notInstalled } from '../../../actors/agents/models/optional.ts'
import { type Metric, metricOf } from './catalogue.ts'
import type { MetricPlan } from './options.ts'
import type { Sampled } from './totals.ts'

/** An export that runs until it is ended. */
export interface MetricExport {
  /** Sends the last figures. @param within ms */
  end(within: number): Promise<void>
}

/** What is exported, and when it began to be counted. */
export interface MetricSource {
  /** Wall time in ms. */
  readonly since: number
  now(): number
  read(): Promise<readonly Sampled[]>
}

/** Ms for one export, its retries included: so long may one keep a process whose system has closed. */
const exportWithin = 3_000

/** @throws PACKAGE_MISSING */
export async function exportMetrics(
  { endpoint, headers, resource, every }: NonNullable<MetricPlan['export']>,
  source: MetricSource,
): Promise<MetricExport> {
  const [sdk, { OTLPMetricExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-metrics').catch(notInstalled('@opentelemetry/sdk-metrics')),
    import('@opentelemetry/exporter-metrics-otlp-proto').catch(
      notInstalled('@opentelemetry/exporter-metrics-otlp-proto'),
    ),
    import('@opentelemetry/resources').catch(notInstalled('@opentelemetry/resources')),
  ])
  const timeout = Math.min(every, exportWithin)
  const exporter = new OTLPMetricExporter({
    url: endpoint,
    headers: { ...headers },
    timeoutMillis: timeout,
  })
  const reader = new sdk.PeriodicExportingMetricReader({
    exporter: exporter as never,
    exportIntervalMillis: every,
    exportTimeoutMillis: timeout,
  })
  const attributes = resourceFromAttributes({ 'service.name': 'troupe', ...resource })
  const producer: MetricProducer = {
    collect: async () => ({
      resourceMetrics: {
        resource: attributes,
        scopeMetrics: [
          { scope: { name: 'troupe' }, metrics: metricData(await source.read(), source) },
        ],
      },
      errors: [],
    }),
  }
  reader.setMetricProducer(producer)
  return { end: (within) => reader.shutdown({ timeoutMillis: within }).catch(() => undefined) }
}

/** Numbers of OpenTelemetry's enumerations, whose module is loaded late. */
const cumulative = 1
const double = 1
const pointType = { histogram: 0, gauge: 2, counter: 3 } as const

/** @param source when they began to be counted, and what time it is */
export function metricData(
  all: readonly Sampled[],
  { since, now }: Pick<MetricSource, 'since' | 'now'>,
): MetricData[] {
  const times = { startTime: hrTime(since), endTime: hrTime(now()) }
  return all
    .filter(({ series }) => series.length > 0)
    .map(({ name, series }) => {
      const metric: Metric = metricOf(name)
      const { kind, help, unit, otlp } = metric
      return {
        descriptor: { name: otlp ?? name, description: help, unit, valueType: double },
        aggregationTemporality: cumulative,
        dataPointType: pointType[kind],
        ...(kind === 'counter' && { isMonotonic: true }),
        dataPoints: series.map(({ labels, values }) => ({
          ...times,
          attributes: attributesOf(metric, labels),
          value: kind === 'histogram' ? histogramOf(metric, values) : values[0],
        })),
      } as unknown as MetricData
    })
}

function attributesOf({ labels = [] }: Metric, values: readonly string[]): Record<string, string> {
  const pairs = labels.map((label, i) => [label, values[i] ?? ''] as const)
  return Object.fromEntries(pairs.filter(([, value]) => value !== ''))
}

function histogramOf({ buckets = [] }: Metric, values: Float64Array) {
  const counts = [...values.subarray(0, buckets.length + 1)]
  return {
    buckets: { boundaries: [...buckets], counts },
    sum: values[buckets.length + 1],
    count: counts.reduce((sum, each) => sum + each, 0),
  }
}

const hrTime = (ms: number): [number, number] => [
  Math.floor(ms / 1_000),
  Math.round((ms % 1_000) * 1e6),
]
