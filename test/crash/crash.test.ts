/** D1, D2, D4, D6, D8, M4, T2: a process that is killed again and again loses nothing and does nothing twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crash } from './harness.ts'

// More seeds, more kills and more threads: npm run test:crash.
test('D1: killed three times at random moments, all sums come out', async () => {
  assert.deepEqual(await crash({ seed: 2, kills: 3, orders: 60, workers: 0 }), [])
})
