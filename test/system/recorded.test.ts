/** What the history keeps of volatile actors. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import recorded, { Full, Headers, Silent } from './recorded.app.ts'
import { fileOf, systemOf } from './support.ts'

test('a volatile actor is recorded as its definition asks: in full, by headers, or not', async (t) => {
  const system = await systemOf(t, recorded, { workers: 1, store: fileOf(t) })
  for (const contract of [Full, Headers, Silent]) {
    const ref = system.ref(contract, 'a')
    await ref.ask.say('first', { lane: 'low' })
    await ref.ask.say('second')
  }
  await system.quiet()
  const entries = await system.history.query()
  assert.deepEqual(
    entries.map(({ what, to, name, lane, payload }) => [what, to, name, lane, payload]),
    [
      ['recorded', 'full/a', 'say', 'low', 'first'],
      ['recorded', 'full/a', 'say', 'normal', 'second'],
      ['recorded', 'headers/a', 'say', 'low', undefined],
      ['recorded', 'headers/a', 'say', 'normal', undefined],
    ],
  )
})

test('without a store a recorded actor works, and there is no history', async (t) => {
  const system = await systemOf(t, recorded, { workers: 0 })
  assert.equal(await system.ref(Full, 'a').ask.say('x'), 1)
  assert.deepEqual(await system.history.query(), [])
})

test('S2: a flood of recorded messages is in the history when the system is quiet', async (t) => {
  const system = await systemOf(t, recorded, { workers: 1, store: fileOf(t) })
  const ref = system.ref(Full, 'a')
  const text = 'x'.repeat(4_000)
  for (let n = 0; n < 4_000; n += 1) await ref.deliver.say(text)
  await system.quiet()
  const entries = await system.history.query({ type: 'full', limit: 10_000 })
  assert.equal(entries.length, 4_000)
})
