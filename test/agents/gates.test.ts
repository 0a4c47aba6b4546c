/** One gate for all hosts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gates, gates } from '../../actors/agents/models/gates.ts'
import type { App } from '../../actors/app.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'
import { eventOf, keyOn, systemOf } from '../system/support.ts'
import gatesApp, { Caller, Witness } from './gates.app.ts'

test('one gate for all hosts', async (t) => {
  const options = { store: 'memory' } as const
  const system = await systemOf(t, gatesApp as unknown as App, options)

  await t.test('no more pass than it lets through, whichever host they come from', async () => {
    const callers = [0, 1].flatMap((slot) =>
      Array.from({ length: 6 }, (_, nth) => system.ref(Caller, keyOn(slot, 'caller', nth))),
    )
    const answers = await Promise.all(callers.map((caller) => caller.ask.call()))
    assert.deepEqual([...new Set(answers.map(({ slot }) => slot))].sort(), [0, 1])
    assert.equal(await system.ref(Witness, 'w').ask.most(), 2)
  })

  await t.test('a refusal crosses threads with its code', async () => {
    assert.equal(await system.ref(Caller, keyOn(0, 'caller')).ask.refused(), 'GATE_TOO_LARGE')
  })

  await t.test('F4: what a dead host held comes free with its lease', async () => {
    const [here, there] = [0, 1].map((slot) => system.ref(Caller, keyOn(slot, 'caller')))
    assert.ok(here !== undefined && there !== undefined)
    await here.ask.hold()
    const gone = eventOf(system, 'host-lost')
    here.tell.exit()
    await gone
    // It waits in line until then.
    assert.equal(await there.ask.hold(), 1)
  })
})

test('a gate works in a system of one thread, where deps reach actors too', async (t) => {
  const system = await createTestSystem(gatesApp)
  t.after(() => system.close())
  const callers = ['a', 'b', 'c', 'd'].map((key) => system.ref(Caller, key))
  await Promise.all(callers.map((caller) => caller.ask.call()))
  assert.equal(await system.ref(Witness, 'w').ask.most(), 2)
  assert.equal(await system.ref(Caller, 'a').ask.refused(), 'GATE_TOO_LARGE')
})

test('a gate of no name, and limits that are none, are refused', () => {
  const host = { ref: () => assert.fail('nothing is sent') }
  assert.throws(() => gates({ model: {} }, host).at('modle'), {
    code: 'OPTION_INVALID',
    message: /did you mean "model"/,
  })
  assert.throws(() => gates({ model: { concurrency: -1 } }, host), { code: 'OPTION_INVALID' })
  assert.ok(gates({}, host) instanceof Gates)
})
