/** Metrics as Prometheus reads them: its text format, version 0.0.4. */
import { type Metric, metricOf } from './catalogue.ts'
import type { Sampled } from './totals.ts'

/** The `Content-Type` of what `system.metrics()` gives. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8'

export function prometheusText(all: readonly Sampled[]): string {
  return all.map(linesOf).join('')
}

function linesOf({ name, series }: Sampled): string {
  const metric: Metric = metricOf(name)
  const lines = [`# HELP ${name} ${metric.help}`, `# TYPE ${name} ${metric.kind}`]
  for (const { labels, values } of series) {
    const pairs = pairsOf(metric, labels)
    if (metric.buckets === undefined) lines.push(`${name}${braced(pairs)} ${values[0]}`)
    else lines.push(...bucketLines(name, metric.buckets, pairs, values))
  }
  return `${lines.join('\n')}\n`
}

function bucketLines(
  name: string,
  buckets: readonly number[],
  pairs: readonly string[],
  values: Float64Array,
): string[] {
  const lines: string[] = []
  let count = 0
  for (const [i, bound] of [...buckets, '+Inf'].entries()) {
    count += values[i] as number
    lines.push(`${name}_bucket${braced([...pairs, `le="${bound}"`])} ${count}`)
  }
  lines.push(`${name}_sum${braced(pairs)} ${values[buckets.length + 1]}`)
  lines.push(`${name}_count${braced(pairs)} ${count}`)
  return lines
}

/** An empty label is none. */
function pairsOf({ labels = [] }: Metric, values: readonly string[]): string[] {
  return labels.flatMap((label, i) => {
    const value = values[i] ?? ''
    return value === '' ? [] : [`${label.replaceAll('.', '_')}="${escaped(value)}"`]
  })
}

const braced = (pairs: readonly string[]): string =>
  pairs.length === 0 ? '' : `{${pairs.join(',')}}`

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
