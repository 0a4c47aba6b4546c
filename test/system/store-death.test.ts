/** D5 through threads: the store's own thread dies, and nothing is lost, done twice or left hanging. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import load, { Ledger } from './load.app.ts'
import { eventOf, fileOf, systemOf } from './support.ts'

const keys = Array.from({ length: 8 }, (_, i) => `k${i}`)

test('D5: a store whose thread dies is opened again; what was under way is done, once', async (t) => {
  const system = await systemOf(t, load, { store: fileOf(t) })
  const work: Promise<unknown>[] = []
  let id = 0
  const send = (): void => {
    for (const key of keys) {
      const ledger = system.ref(Ledger, key)
      work.push(ledger.deliver.note({ id: `m${id++}` }), ledger.ask.note({ id: `m${id++}` }))
      work.push(ledger.ask.step({ id: `m${id++}` }))
      work.push(ledger.ask.note({ id: `m${id++}` }, { id: `own ${id}` }))
    }
  }
  for (let death = 0; death < 3; death += 1) {
    const stalled = eventOf(system, 'store-stalled')
    const resumed = eventOf(system, 'store-resumed')
    for (let i = 0; i < 20; i += 1) send()
    assert.equal(system.killHost('store'), true)
    for (let i = 0; i < 5; i += 1) send()
    await stalled
    await resumed
  }
  // Nothing hangs, and nothing that was asked failed.
  await Promise.all(work)
  await system.quiet()
  const notes = new Map<string, number>()
  for (const key of keys) {
    for (const [note, times] of Object.entries(await system.ref(Ledger, key).ask.notes())) {
      notes.set(note, times)
    }
  }
  assert.equal(notes.size, id)
  assert.ok([...notes.values()].every((times) => times === 1))
  await system.quiet()
  const { imbalance, total } = system.stats()
  assert.equal(imbalance, 0)
  assert.equal(total.pending + total.running + total.lost, 0)
  assert.equal((await system.health()).status, 'ok')
})
