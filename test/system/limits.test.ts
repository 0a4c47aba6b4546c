/** T5: what is too large, or cannot be encoded, is refused where it is sent, on every road over threads. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MAX_BYTES } from '../../persistence/codec.ts'
import { createSystem } from '../../runtime/main/create-system.ts'
import type { System } from '../../runtime/main/system.ts'
import limits, { Shelf } from './limits.app.ts'
import { keyOn } from './support.ts'

const tooLarge = { code: 'PAYLOAD_TOO_LARGE' }
/** Bytes that need a header of five bytes to be exactly at the limit. */
const largest = MAX_BYTES - 5
const nearly = 15 * 1024 * 1024
const [a, b] = [keyOn(0, 'shelf'), keyOn(1, 'shelf')]
const listener = keyOn(1, 'shelf', 1)

let system: System
before(async () => {
  system = await createSystem(limits, { workers: 2, log: () => undefined })
})
after(() => system.close())

test('T5: a payload over 16 MiB is refused at once, exactly that much arrives', async () => {
  const ref = system.ref(Shelf, a)
  const outcome = ref.tell.put(new Uint8Array(largest + 1))
  assert.ok(outcome.status === 'refused' && outcome.reason === 'too-large', outcome.status)
  assert.equal(outcome.error.code, tooLarge.code)
  await assert.rejects(ref.ask.put(new Uint8Array(largest + 1)), tooLarge)
  await assert.rejects(ref.deliver.put(new Uint8Array(largest + 1)), tooLarge)
  await ref.ask.put(new Uint8Array(largest))
  assert.equal(await ref.ask.count(), 1)
  await system.quiet()
  assert.equal(system.stats().imbalance, 0)
})

test('M4: what waits for an actor of another thread is told by type and lane', async () => {
  const busy = system.ref(Shelf, a)
  // Nothing overtakes it in its lane: it is out before any other is taken.
  const waiting = busy.ask.wait(undefined, { lane: 'control' })
  const lanes = ['control', 'high', 'high', 'normal', 'low', 'low'] as const
  // Acknowledged when it has its place in the mailbox.
  for (const lane of lanes) await busy.deliver.put(new Uint8Array(1), { lane })
  const byLane = { control: 1, high: 2, normal: 1, low: 2 }
  assert.deepEqual(system.stats().waiting['shelf'], { byLane, inStore: 0 })
  assert.equal(system.stats().byType['shelf']?.pending, lanes.length)
  await system.ref(Shelf, keyOn(0, 'shelf', 1)).ask.open()
  await waiting
  await system.quiet()
  const nothing = { control: 0, high: 0, normal: 0, low: 0 }
  assert.deepEqual(system.stats().waiting['shelf'], { byLane: nothing, inStore: 0 })
})

test('T5, M5: between hosts too, and large messages of one turn are held back by their bytes', async () => {
  const from = system.ref(Shelf, a)
  const sizes = [largest + 1, nearly, nearly, nearly]
  assert.deepEqual(await from.ask.tell({ to: b, sizes }), [tooLarge.code, 'queued', 'full', 'full'])
  await system.quiet()
  assert.deepEqual(await from.ask.deliver({ to: b, sizes: [nearly, nearly, largest + 1, 8] }), [
    'in',
    'in',
    tooLarge.code,
    'in',
  ])
  assert.equal(await system.ref(Shelf, b).ask.count(), 4)
  await system.quiet()
  assert.equal(system.stats().imbalance, 0)
})

test('T5: a reply and a stream item that cannot cross end in an error, and their thread goes on', async () => {
  const ref = system.ref(Shelf, a)
  const thread = await ref.ask.thread()
  const message = /^reply of shelf\.give takes \d+ bytes/
  await assert.rejects(ref.ask.give(largest + 1), { ...tooLarge, message })
  assert.equal((await ref.ask.give(largest)).length, largest)
  let closed = 0
  for (const [bad, code, message] of [
    [largest + 1, tooLarge.code, /^stream item of shelf\.pour takes/],
    [-1, 'NOT_ENCODABLE', /^stream item of shelf\.pour is a function/],
  ] as const) {
    const pour = ref.stream.pour([3, bad, 3])
    const seen: number[] = []
    await assert.rejects(
      async () => {
        for await (const item of pour) seen.push(item.length)
      },
      { code, message },
    )
    assert.deepEqual(seen, [3])
    closed += 1
    assert.equal(await ref.ask.closed(), closed)
  }
  assert.equal(await ref.ask.thread(), thread)
})

test('T5: what cannot cross is published to nobody', async () => {
  await system.ref(Shelf, listener).ask.listen('news')
  let heard = 0
  system.subscribe('news', () => {
    heard += 1
  })
  assert.throws(() => system.publish('news', new Uint8Array(largest + 1)), tooLarge)
  assert.throws(() => system.publish('news', () => 1), { code: 'NOT_ENCODABLE' })
  system.publish('news', new Uint8Array(largest))
  await system.quiet()
  assert.deepEqual([heard, await system.ref(Shelf, listener).ask.allHeard()], [1, 1])
})
