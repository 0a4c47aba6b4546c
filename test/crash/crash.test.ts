/** D1, D2, D4, D6, D8, F3, F4, M4, T2: a process that is killed again and again loses nothing and does nothing twice. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { crash } from './harness.ts'

// More seeds, more kills, more orders: npm run test:crash.
const kills = 3
const orders = 30

/** On threads: a start costs more there. */
const threaded: ReadonlySet<number> = new Set([3])

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
  const workers = threaded.has(seed) ? 2 : 0
  test(`D1: seed ${seed}: killed three times, all sums come out (workers: ${workers})`, async () => {
    assert.deepEqual(await crash({ seed, kills, orders, workers }), [])
  })
}

for (const fresh of ['first', 'second']) {
  test(`D1: a fresh seed, the ${fresh}: killed three times, all sums come out`, async () => {
    const seed = randomInt(2 ** 30)
    const again = `npm run test:crash -- --seed ${seed} --kills ${kills} --orders ${orders} --workers 0`
    assert.deepEqual(await crash({ seed, kills, orders, workers: 0 }), [], again)
  })
}
