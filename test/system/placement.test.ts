/** Where actors live. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import app, { Alone, Pinned, PinnedToo, Shared } from './placement.app.ts'
import { systemOf } from './support.ts'

test('placement: a pin is one thread for its types, an isolated type has its own, others share', async (t) => {
  const system = await systemOf(t, app)
  const thread = (ref: { ask: { thread(): Promise<number> } }): Promise<number> => ref.ask.thread()
  const pinned = await thread(system.ref(Pinned, 'a'))
  assert.equal(await thread(system.ref(Pinned, 'b')), pinned)
  assert.equal(await thread(system.ref(PinnedToo, 'c')), pinned)
  const alone = await thread(system.ref(Alone, 'a'))
  assert.equal(await thread(system.ref(Alone, 'b')), alone)
  const shared = new Set<number>()
  for (let i = 0; i < 20; i += 1) shared.add(await thread(system.ref(Shared, `k${i}`)))
  assert.equal(shared.size, 2)
  assert.equal(new Set([...shared, pinned, alone]).size, 4)
  // The same address is the same thread, every time.
  assert.equal(await thread(system.ref(Shared, 'k1')), await thread(system.ref(Shared, 'k1')))
})
