/** Pages of counts, their totals, and what becomes of them as text. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type catalogue, metricNames, metricOf } from '../../runtime/telemetry/metrics/catalogue.ts'
import { MetricPage } from '../../runtime/telemetry/metrics/page.ts'
import { prometheusText } from '../../runtime/telemetry/metrics/prometheus.ts'
import { ThreadMeter } from '../../runtime/telemetry/metrics/thread-meter.ts'
import { Totals } from '../../runtime/telemetry/metrics/totals.ts'
import { parsed } from './scrape.ts'

const queries = 'agent_queries_total'

function pageOf(totals: Totals): { page: MetricPage; meter: ThreadMeter } {
  const page = new MetricPage()
  totals.add(page)
  return { page, meter: new ThreadMeter(page, 0, ['a', 'b']) }
}

const textOf = (totals: Totals, ...names: readonly (keyof typeof catalogue)[]): string =>
  prometheusText(names.map((name) => totals.read(name)))

test('metrics: another thread reads what one writes, also when that is dead', () => {
  const page = new MetricPage()
  const meter = new ThreadMeter(page, 3, ['a', 'b'])
  meter.taken(1, 2, 30)
  meter.add(queries, 2, 'order', 'done')
  const seen = new MetricPage(page.shared)
  assert.deepEqual(
    seen.series('troupe_turns_total').map(({ labels, values }) => [...labels, ...values]),
    [
      ['a', 0],
      ['b', 1],
    ],
  )
  assert.deepEqual(seen.series(queries), [
    { labels: ['order', 'done'], values: Float64Array.of(2) },
  ])
})

test('metrics: a hostile label makes no more series than 64 and one for the rest, on all threads together', () => {
  const totals = new Totals()
  const [one, two] = [pageOf(totals), pageOf(totals)]
  for (let i = 0; i < 1_000; i += 1) {
    one.meter.add(queries, 1, `one ${i} ${'x'.repeat(500)}`, 'done')
    two.meter.add(queries, 1, `two ${i}`, i % 2 === 0 ? 'done' : 'failed')
    one.meter.add(queries, 1, i as never, undefined)
  }
  const overflow = one.page.series(queries).find(({ labels }) => labels.join() === 'other,done')
  assert.ok(
    (overflow?.values[0] ?? 0) > 900,
    'what does not fit is counted as other, not as another',
  )
  const { series } = totals.read(queries)
  assert.ok(series.length <= 64 + 3, `${series.length} series`)
  assert.equal(
    series.reduce((sum, { values }) => sum + (values[0] as number), 0),
    3_000,
  )
  assert.ok(series.every(({ labels }) => labels.every((label) => Buffer.byteLength(label) <= 64)))
  const before = parsed(textOf(totals, queries))
  totals.retire(two.page)
  totals.retire(one.page)
  const three = pageOf(totals)
  three.meter.add(queries, 1, 'three', 'done')
  const after = parsed(textOf(totals, queries))
  for (const [key, value] of before) assert.ok((after.get(key) ?? 0) >= value, key)
  assert.equal(after.size, before.size)
})

test('metrics: of a thread that is gone counts stay and gauges end, once', () => {
  const totals = new Totals()
  const { page, meter } = pageOf(totals)
  meter.add(queries, 3, 'order', 'done')
  meter.add('agent_active_queries', 1)
  meter.observe('agent_query_duration_seconds', 0.2, 'order')
  totals.retire(page)
  totals.retire(page)
  const text = textOf(totals, queries, 'agent_active_queries', 'agent_query_duration_seconds')
  const found = parsed(text)
  assert.equal(found.get('agent_queries_total{query_type="order",status="done"}'), 3)
  assert.equal(found.get('agent_active_queries'), undefined)
  assert.equal(found.get('agent_query_duration_seconds_count{query_type="order"}'), 1)
})

test('metrics: a histogram counts a value in the bucket whose bound it does not exceed', () => {
  const totals = new Totals()
  const { meter } = pageOf(totals)
  for (const seconds of [0.005, 0.0051, 120, 121, Number.NaN, -1]) {
    meter.observe('agent_query_duration_seconds', seconds, 'order')
  }
  const found = parsed(textOf(totals, 'agent_query_duration_seconds'))
  const upTo = (bound: string): number | undefined =>
    found.get(`agent_query_duration_seconds_bucket{query_type="order",le="${bound}"}`)
  assert.deepEqual(
    [upTo('0.005'), upTo('0.01'), upTo('90'), upTo('120'), upTo('+Inf')],
    [1, 2, 2, 3, 4],
  )
})

test('metrics: label values are escaped as Prometheus reads them', () => {
  const totals = new Totals()
  const { meter } = pageOf(totals)
  meter.add(queries, 1, 'a"b\\c\nd', 'done')
  const line = textOf(totals, queries).split('\n')[2]
  assert.equal(line, 'agent_queries_total{query_type="a\\"b\\\\c\\nd",status="done"} 1')
})

test('metrics: none has an id as a label, and all that only grow say so', () => {
  for (const name of metricNames) {
    const { kind, labels = [], unit } = metricOf(name)
    assert.equal(kind === 'counter', name.endsWith('_total'), name)
    if (unit === 's') assert.match(name, /_seconds$/)
    for (const label of labels) assert.doesNotMatch(label, /(^|[._])(id|key|user|session)$/, name)
  }
})

test('docs/telemetry.md: lists every metric as the catalogue has it', () => {
  const page = readFileSync(new URL('../../docs/telemetry.md', import.meta.url), 'utf8')
  const listed = page
    .split('\n')
    .filter((line) => /^\| `\w+` \| (counter|gauge|histogram) \|/.test(line))
  const expected = metricNames.map((name) => {
    const { kind, labels = [], help } = metricOf(name)
    const shown = labels.map((label) => `\`${label.replaceAll('.', '_')}\``).join(', ')
    return `| \`${name}\` | ${kind} | ${shown} | ${help} |`
  })
  assert.deepEqual(listed, expected)
  for (const name of metricNames) {
    const { otlp } = metricOf(name)
    if (otlp !== undefined) assert.ok(page.includes(`\`${otlp}\``), otlp)
  }
})
