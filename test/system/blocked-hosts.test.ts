/** F5: a turn that does not let its thread go is reported from outside, and past a limit ended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventOf, keyOn, systemOf } from './support.ts'
import trouble, { Trouble } from './trouble.app.ts'

for (const how of ['spin', 'spinLater', 'spinAfterAsk'] as const) {
  test(`F5: ${how}: reported within 1.5 s with actor and message, and seen in health`, async (t) => {
    const system = await systemOf(t, trouble, { store: 'memory', blockLimit: 2_000 })
    const key = keyOn(0, 'trouble')
    const blocked = eventOf(system, 'host-blocked')
    const back = eventOf(system, 'host-started', ({ slot }) => slot === 0)
    const bystander = system.ref(Trouble, keyOn(1, 'trouble'))
    system.ref(Trouble, key).tell[how]()
    const report = await blocked
    assert.ok(report.for >= 1_000 && report.for < 1_500, `reported after ${report.for} ms`)
    const { slot, actor, message } = report
    assert.deepEqual({ slot, actor, message }, { slot: 0, actor: `trouble/${key}`, message: how })
    const { status, hosts } = await system.health()
    assert.equal(status, 'hosts-blocked')
    assert.equal(hosts[0]?.blocked?.message, how)
    assert.equal(hosts[1]?.blocked, undefined)
    // The bystander works while the other thread burns.
    assert.equal(await bystander.ask.ping(), bystander.key)
    await back
    await system.quiet()
    assert.equal((await system.health()).status, 'ok')
  })
}

/** Timers that this process waits for. */
const timers = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

test('F5, S4: while no host has anything to do nobody looks at it', async (t) => {
  const before = timers()
  const system = await systemOf(t, trouble, { store: 'memory' })
  await system.ref(Trouble, keyOn(0, 'trouble')).ask.ping()
  await system.quiet()
  const end = performance.now() + 5_000
  while (timers() > before && performance.now() < end) await new Promise(setImmediate)
  assert.equal(timers(), before)
})
