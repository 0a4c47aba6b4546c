/** What crosses threads: order, asks, errors, streams, topics, and that nothing grows without bound. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BroadcastChannel, isMainThread, receiveMessageOnPort } from 'node:worker_threads'
import type { TroupeError } from '../../mailbox/errors.ts'
import { eventOf, fileOf, keyOn, systemOf } from './support.ts'
import wire, { Asker, Feed, Keeper, Listener, Log } from './wire.app.ts'

const here = keyOn(0, 'log')
const there = keyOn(1, 'log')

test('S1: handlers never run on the main thread, and it is free while all hosts burn', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  assert.equal(isMainThread, true)
  for (const key of [here, there]) assert.equal(await system.ref(Log, key).ask.isMain(), false)
  const channel = new BroadcastChannel('S1')
  let burning = 0
  const allBurn = new Promise<void>((resolve) => {
    channel.onmessage = () => {
      burning += 1
      if (burning === 2) resolve()
    }
  })
  const burns = [here, there].map(async (key) => {
    await system.ref(Log, key).ask.burnUntilTold('S1')
    burning -= 1
  })
  await allBurn
  // Both hosts are blocked until this thread says so: here the event loop goes round meanwhile.
  for (let turn = 0; turn < 1_000; turn += 1) await new Promise(setImmediate)
  assert.equal(burning, 2)
  channel.postMessage('stop')
  await Promise.all(burns)
  channel.close()
})

test('S1: two hosts talk to each other while the main thread is blocked', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const channel = new BroadcastChannel('between')
  const ready = new Promise((resolve) => {
    channel.onmessage = resolve
  })
  const talk = system.ref(Log, here).ask.between({ to: there, count: 20, channel: 'between' })
  await ready
  channel.onmessage = () => undefined
  channel.postMessage('go')
  // From here on this thread does nothing else: if a frame went through it, there would be no end.
  const patience = performance.now() + 20_000
  let said: unknown
  while (said !== 'done' && performance.now() < patience) {
    said = receiveMessageOnPort(channel as never)?.message
  }
  assert.equal(said, 'done')
  channel.close()
  await talk
  assert.equal((await system.ref(Log, there).ask.read()).length, 20)
})

test('T2: first in, first out between two threads, for each sender', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const senders = [0, 1, 2].map((nth) => keyOn(1, 'log', nth))
  await Promise.all(senders.map((key) => system.ref(Log, key).ask.flood({ to: here, count: 300 })))
  for (let n = 0; n < 300; n += 1) system.ref(Log, here).tell.put({ from: 'main', n })
  await system.quiet()
  const seen = await system.ref(Log, here).ask.read()
  for (const from of [...senders, 'main']) {
    const numbers = seen.filter((entry) => entry.from === from).map(({ n }) => n)
    assert.deepEqual(
      numbers,
      Array.from({ length: 300 }, (_, n) => n),
      from,
    )
  }
})

test('T4: an ask that closes a cycle over threads fails at once and names it', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const [a, b] = [keyOn(0, 'asker'), keyOn(1, 'asker')]
  const error = await system
    .ref(Asker, a)
    .ask.along([b, a])
    .catch((reason: TroupeError) => reason)
  assert.equal((error as TroupeError).code, 'ASK_CYCLE')
  assert.deepEqual((error as TroupeError).fields['cycle'], [
    `asker/${a}`,
    `asker/${b}`,
    `asker/${a}`,
  ])
})

test('T4: crossing asks over threads: exactly one fails', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const [a, b] = [keyOn(0, 'asker'), keyOn(1, 'asker')]
  const ends = await Promise.allSettled([
    system.ref(Asker, a).ask.cross({ to: b, channel: 'T4' }),
    system.ref(Asker, b).ask.cross({ to: a, channel: 'T4' }),
  ])
  const failed = ends.filter((end) => end.status === 'rejected')
  assert.deepEqual(
    failed.map((end) => (end.reason as TroupeError).code),
    ['ASK_CYCLE'],
  )
})

test('T5: refs cross threads as addresses', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const answer = await system.ref(Log, here).ask.refs(system.ref(Log, there))
  assert.equal(answer, there)
})

test('T5: what cannot be encoded is refused with its path, in both directions', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const log = system.ref(Log, here)
  const bad = { from: 'x', n: Symbol('no') as unknown as number }
  const outcome = log.tell.put(bad)
  assert.equal(outcome.status, 'refused')
  assert.match(outcome.status === 'refused' ? outcome.error.message : '', /n\b/)
  await assert.rejects(log.ask.put(bad), { code: 'NOT_ENCODABLE' })
  await assert.rejects(log.deliver.put(bad), { code: 'NOT_ENCODABLE' })
  await assert.rejects(system.ref(Asker, 'a').ask.bad(), (error: TroupeError) => {
    assert.equal(error.code, 'NOT_ENCODABLE')
    assert.match(error.message, /list\[1\]/)
    return true
  })
  await system.quiet()
  assert.equal(system.stats().imbalance, 0)
})

test('an error that crosses threads keeps code, fields, cause and both stacks', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const asks = async function theCaller(): Promise<unknown> {
    return await system.ref(Asker, keyOn(0, 'asker')).ask.failsBeside(keyOn(1, 'asker'))
  }
  const error = (await asks().catch((reason: unknown) => reason)) as TroupeError
  assert.equal(error.code, 'ACTOR_FAILED')
  assert.match(error.message, /broken on purpose/)
  assert.deepEqual(error.fields, { shelf: 3 })
  assert.ok(error.cause instanceof Error)
  assert.equal((error.cause as Error).name, 'RangeError')
  assert.match(error.stack ?? '', /wire\.app\.ts[\s\S]*asked from[\s\S]*theCaller/)
})

test('M5: tells to a busy thread answer full when credits are out, and recover', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const log = system.ref(Log, here)
  await log.ask.read()
  const burnt = log.ask.burn(400)
  const sent = Array.from({ length: 3_000 }, (_, n) => log.tell.put({ from: 'm', n }).status)
  assert.equal(sent.filter((status) => status === 'queued').length, 1_023)
  assert.equal(sent.filter((status) => status === 'full').length, 3_000 - 1_023)
  assert.equal(system.deadLetters.list({ reason: 'link-full', limit: 5_000 }).length, 1_977)
  await burnt
  await system.quiet()
  assert.equal(log.tell.put({ from: 'm', n: 0 }).status, 'queued')
  await system.quiet()
  assert.equal((await log.ask.read()).length, 1_024)
  await system.quiet()
  assert.equal(system.stats().imbalance, 0)
})

test('M5: a flood from one host to another never has more out than its credits', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const burnt = system.ref(Log, there).ask.burn(400)
  const statuses = await system.ref(Log, here).ask.flood({ to: there, count: 5_000 })
  assert.ok(statuses.filter((status) => status === 'queued').length <= 1_024)
  assert.ok(statuses.includes('full'))
  await burnt
  await system.quiet()
  const seen = await system.ref(Log, there).ask.read()
  assert.equal(seen.length, statuses.filter((status) => status === 'queued').length)
})

test('M3: deliver over threads arrives, all of it, in order', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  await system.ref(Log, here).ask.deliver({ to: there, count: 200 })
  const seen = await system.ref(Log, there).ask.read()
  assert.deepEqual(
    seen.map(({ n }) => n),
    Array.from({ length: 200 }, (_, n) => n),
  )
})

test('M3: deliveries to a busy thread beyond its credits wait, and then arrive', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const log = system.ref(Log, here)
  const burnt = log.ask.burn(300)
  const deliveries = Array.from({ length: 1_500 }, (_, n) => log.deliver.put({ from: 'm', n }))
  await Promise.all([burnt, ...deliveries])
  assert.equal((await log.ask.read()).length, 1_500)
})

test('M3: stored messages beyond the credits wait in the store, and arrive', async (t) => {
  const system = await systemOf(t, wire, { store: fileOf(t) })
  const keeper = system.ref(Keeper, keyOn(0, 'keeper'))
  await keeper.ask.all()
  const burnt = system.ref(Log, here).ask.burn(300)
  await Promise.all(Array.from({ length: 3_000 }, (_, n) => keeper.deliver.heard(n)))
  await burnt
  await system.quiet()
  assert.deepEqual(
    await keeper.ask.all(),
    Array.from({ length: 3_000 }, (_, n) => n),
  )
  await system.quiet()
  assert.equal(system.stats().imbalance, 0)
  assert.equal(system.stats().total.pending, 0)
})

test('M5: a stream over threads waits for its reader, and ends when the reader leaves', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const feed = system.ref(Feed, 'f')
  const numbers = feed.stream.numbers(1_000_000)
  let last = 0
  for await (const n of numbers) {
    last = n
    if (n === 500) break
  }
  assert.equal(last, 500)
  await assert.rejects(numbers.reply, { code: 'CANCELLED' })
  await system.quiet()
  const produced = await feed.ask.produced()
  assert.ok(produced < 2_000, `${produced} items were made for a reader that took 500`)
})

test('a stream over threads brings all its items in order, then its end', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const [a, b] = [keyOn(0, 'feed'), keyOn(1, 'feed')]
  assert.equal(await system.ref(Feed, a).ask.reads({ from: b, to: 1_000 }), 500_500)
  const broken = system.ref(Feed, a).stream.breaks(4)
  const seen: number[] = []
  await assert.rejects(async () => {
    for await (const n of broken) seen.push(n)
  }, /broke at 4/)
  assert.deepEqual(seen, [1, 2, 3])
  await assert.rejects(broken.reply, /broke at 4/)
})

test('topics: what anybody publishes reaches subscribers on every thread once', async (t) => {
  const system = await systemOf(t, wire, { store: fileOf(t) })
  const listeners = [0, 1].map((slot) => system.ref(Listener, keyOn(slot, 'listener')))
  const keepers = [0, 1].map((slot) => system.ref(Keeper, keyOn(slot, 'keeper')))
  for (const ref of [...listeners, ...keepers]) await ref.ask.listen('news.*')
  await keepers[0]?.ask.listen('news.**')
  const called: unknown[] = []
  const stop = system.subscribe('news.**', ({ payload }) => called.push(payload))
  const read: unknown[] = []
  const reading = (async () => {
    for await (const { payload } of system.subscribe('news.*')) {
      read.push(payload)
      if (read.length === 3) return
    }
  })()
  await system.quiet()
  system.publish('news.main', 1)
  await keepers[0]?.ask.say({ topic: 'news.first', payload: 2 })
  await keepers[1]?.ask.say({ topic: 'news.second', payload: 3 })
  await keepers[1]?.ask.say({ topic: 'other.thing', payload: 4 })
  await system.quiet()
  await reading
  const all = [1, 2, 3]
  for (const ref of [...listeners, ...keepers]) {
    assert.deepEqual((await ref.ask.all()).toSorted(), all, `${ref.type}/${ref.key}`)
  }
  assert.deepEqual((called as number[]).toSorted(), all)
  assert.deepEqual((read as number[]).toSorted(), all)
  stop()
  system.publish('news.main', 5)
  await system.quiet()
  assert.equal(called.length, 3)
  const published = await system.history.query({ topic: 'news.*' })
  const heard = new Set(
    published.filter(({ what }) => what !== 'processed').map(({ payload }) => payload as number),
  )
  // Sorted: three senders on three threads, no law puts one sender's before another's.
  assert.deepEqual([...heard].toSorted(), [1, 2, 3, 5])
})

test('a late subscriber reads what it missed from a position of the history', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  for (let n = 1; n <= 5; n += 1) system.publish('news.main', n)
  await system.quiet()
  const all = (await system.history.query({ topic: 'news.*' })).filter(
    ({ what }) => what !== 'processed',
  )
  const after = all[1]?.position as number
  const missed = await system.history.query({ topic: 'news.*', after })
  assert.deepEqual(
    missed.map(({ payload }) => payload),
    [3, 4, 5],
  )
})

test('F4: links carry on after a host was replaced, in both directions', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  await system.ref(Log, here).ask.flood({ to: there, count: 10 })
  const back = eventOf(system, 'host-started')
  system.killHost(1)
  await back
  await system.quiet()
  await system.ref(Log, here).ask.flood({ to: there, count: 10 })
  await system.ref(Log, there).ask.flood({ to: here, count: 10 })
  await system.quiet()
  assert.equal((await system.ref(Log, there).ask.read()).length, 10)
  assert.equal((await system.ref(Log, here).ask.read()).length, 10)
})
