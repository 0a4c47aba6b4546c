/** What a thread builds for its actors, when it can and when it cannot. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import deps, { Kept, Light, obstacle } from './deps.app.ts'
import { eventOf, folderOf, systemOf } from './support.ts'

test('F1, F4: a replaced thread whose deps cannot be built keeps what waits, and goes on when they can', async (t) => {
  const file = join(folderOf(t), 'obstacle')
  process.env[obstacle] = file
  t.after(() => delete process.env[obstacle])
  const system = await systemOf(t, deps, { workers: 1, store: 'memory' })
  const [kept, light] = [system.ref(Kept, 'a'), system.ref(Light, 'a')]
  assert.deepEqual(await Promise.all([kept.ask.add(1), light.ask.add(1)]), [2, 2])
  writeFileSync(file, '')
  const failures = [kept, light].map(({ type }) =>
    eventOf(system, 'actor-restarted', ({ actor }) => actor.startsWith(`${type}/`)),
  )
  const back = eventOf(system, 'host-started')
  assert.equal(system.killHost(0), true)
  await back
  await Promise.all([kept.deliver.add(3), light.deliver.add(3)])
  for (const { error } of await Promise.all(failures))
    assert.match(String(error), /database is away/)
  assert.deepEqual(
    (await system.health()).hosts.map(({ state }) => state),
    ['running'],
  )
  const started = [kept, light].map(({ type }) =>
    eventOf(system, 'actor-started', ({ actor }) => actor.startsWith(`${type}/`)),
  )
  rmSync(file)
  await Promise.all(started)
  await system.quiet()
  // The volatile one begins afresh, the durable one goes on; neither lost what waited.
  assert.deepEqual(await Promise.all([kept.ask.sum(), light.ask.sum()]), [8, 6])
  assert.deepEqual(system.deadLetters.list(), [])
  assert.equal(system.stats().imbalance, 0)
  // Counted by lane over both threads, the dead one's too.
  assert.deepEqual(system.stats().taken['light'], { control: 0, high: 0, normal: 3, low: 0 })
})
