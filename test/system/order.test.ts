/**
 * T2 where a message has two ways to its actor: told, over the link between the threads; delivered, through
 * the store. Threads are stopped so that what was sent first comes last, if anything lets it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { BroadcastChannel } from 'node:worker_threads'
import order, { Keeper, Sender } from './order.app.ts'
import { keyOn, systemOf } from './support.ts'
import { threadStop } from './thread-stop.ts'

const [here, there] = [0, 1]
const to = keyOn(there, 'keeper')
const sender = keyOn(here, 'sender')

/** The store is on this thread: it takes in what was sent to it, and answers. */
async function turnsOfTheLoop(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await turnOfTheLoop()
}

test('T2: a page of the store that shows a delivery waits for what its sender told before', async (t) => {
  const stop = threadStop(there)
  const system = await systemOf(t, order, { store: 'memory', faults: stop.faults })
  const keeper = system.ref(Keeper, to)
  const channel = new BroadcastChannel('order')
  t.after(() => channel.close())
  const holding = new Promise((resolve) => {
    channel.onmessage = resolve
  })
  keeper.tell.hold('order')
  await holding
  // The second finds no room: it is to be read from the store.
  for (const n of [1, 2]) await keeper.deliver.take(n)
  await keeper.ask.all()
  const inHand = stop.at('turn:before-handler')
  channel.postMessage('go on')
  await inHand
  await system.ref(Sender, sender).ask.send({ to, from: 3, ways: ['tell', 'deliver'] })
  // Behind its turn the keeper asks for a page, and its thread looks into no port before that has come.
  const reading = stop.at('journal:before-frame')
  stop.release()
  await reading
  await turnsOfTheLoop()
  stop.release()
  await system.quiet()
  assert.deepEqual(await keeper.ask.all(), [1, 2, 3, 4])
  assert.equal(system.stats().imbalance, 0)
})

test('T2: what was told before a delivery has left its thread when the store gets that', async (t) => {
  const stop = threadStop(here)
  const system = await systemOf(t, order, { store: 'memory', faults: stop.faults })
  const stopped = stop.at('journal:frame-sent')
  const sent = system.ref(Sender, sender).ask.send({ to, from: 1, ways: ['tell', 'deliver'] })
  // The sender's thread stands still right behind its record, which is committed here.
  await stopped
  await turnsOfTheLoop()
  const keeper = system.ref(Keeper, to)
  while (!(await keeper.ask.all()).includes(2));
  stop.release()
  await sent
  await system.quiet()
  assert.deepEqual(await keeper.ask.all(), [1, 2])
})

test('T2: what was told after a delivery comes after it, although the actor is only being read', async (t) => {
  const stop = threadStop(there)
  const system = await systemOf(t, order, { store: 'memory', faults: stop.faults })
  const loading = stop.at('actor:before-load')
  const sent = system.ref(Sender, sender).ask.send({ to, from: 1, ways: ['deliver', 'tell'] })
  await loading
  await sent
  stop.release()
  await system.quiet()
  assert.deepEqual(await system.ref(Keeper, to).ask.all(), [1, 2])
})
