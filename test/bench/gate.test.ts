/** Gates: which figures they compare, which way, and that a missing figure reaches none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spreadOf } from '../../runtime/bench/figure.ts'
import { type Gate, judge } from '../../runtime/bench/gate.ts'
import { Latency } from '../../runtime/bench/latency.ts'
import { aCase, figure } from './reports.ts'

const latency = new Latency()
for (let ms = 1; ms <= 100; ms += 1) latency.record(ms)

const found = aCase(
  'a',
  {
    ...figure('troupe', 60),
    toBound: { bound: 'bare', ...spreadOf([0.5, 0.6, 0.7]) },
    latency: latency.figures,
    facts: { 'bytes/turn': 80 },
  },
  { bounds: [figure('bare', 100)], peers: [figure('nact', 3)] },
)

const verdict = (gate: Gate, quick = false) => {
  const { found: value, reached } = judge(gate, found, quick)
  return [value === undefined ? undefined : Math.round(value * 100) / 100, reached]
}

test('bench: a gate compares with the bound, round by round', () => {
  assert.deepEqual(verdict({ ratioToBound: 0.6 }), [0.6, true])
  assert.deepEqual(verdict({ ratioToBound: 0.61 }), [0.6, false])
})

test('bench: a gate compares with a peer, a number, a percentile and a fact', () => {
  assert.deepEqual(verdict({ ratioTo: 'nact', wanted: 20 }), [20, true])
  assert.deepEqual(verdict({ limit: 61 }), [60, false])
  assert.deepEqual(verdict({ fact: 'bytes/turn', better: 'lower', limit: 80 }), [80, true])
  const [p99, reached] = verdict({ fact: 'p99', better: 'lower', limit: 98 })
  assert.ok(Math.abs(Number(p99) - 99) < 0.2, `p99 is ${p99}`)
  assert.equal(reached, false)
})

test('bench: what is missing or quick is not judged, never reached', () => {
  assert.deepEqual(verdict({ ratioTo: 'Erlang', wanted: 3 }), [undefined, undefined])
  assert.deepEqual(verdict({ of: 'polling', ratioToBound: 1.5 }), [undefined, undefined])
  assert.deepEqual(verdict({ ratioToBound: 0.6 }, true), [0.6, undefined])
})
