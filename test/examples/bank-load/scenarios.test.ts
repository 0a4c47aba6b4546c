/** The two example scenarios, shortened and on one thread: they run, and their own check of the money holds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import spike from '../../../examples/bank-load/spike.ts'
import steady from '../../../examples/bank-load/steady.ts'
import { type CheckedScenario, runScenario } from '../../../runtime/bench/index.ts'

function measured(scenario: CheckedScenario, change: Partial<CheckedScenario>) {
  const short = { ...scenario, system: { workers: 0 }, warmUp: 0, ...change }
  return runScenario(short, { command: 'troupe bench' })
}

test('bank-load: a steady load moves money and makes none', async () => {
  const { cases } = await measured(steady, { duration: 200 })
  assert.deepEqual(cases.map((one) => one.case).sort(), [
    'bank, steady',
    'bank, steady: balance',
    'bank, steady: transfer',
  ])
  assert.equal(cases[0]?.ours.facts?.['failed'], 0)
})

test('bank-load: a spike is told by message and by lane', async () => {
  const load = {
    rate: [
      { duration: 100, rate: 200 },
      { duration: 100, rate: 1_000 },
    ],
  }
  const { cases } = await measured(spike, { load, duration: 200 })
  assert.equal(cases[0]?.ours.facts?.['sent'], 120)
  assert.deepEqual(cases.flatMap((one) => (one.case.includes('lane') ? [one.case] : [])).sort(), [
    'bank, spike: lane high',
    'bank, spike: lane low',
  ])
})
