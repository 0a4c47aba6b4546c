/** F4, F6: a host that dies is replaced; what happens to its messages, and who hears of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TroupeError } from '../../mailbox/errors.ts'
import type { SystemEvent } from '../../runtime/main/events.ts'
import type { System } from '../../runtime/main/system.ts'
import { eventOf, fileOf, keyOn, systemOf } from './support.ts'
import trouble, { Book, Trouble, Watcher } from './trouble.app.ts'
import wire, { Log } from './wire.app.ts'

/** Counts of lifecycle events by name. */
function countEvents(system: System): Record<string, number> {
  const counts: Record<string, number> = {}
  system.events.on('all', ({ event }: SystemEvent) => {
    counts[event] = (counts[event] ?? 0) + 1
  })
  return counts
}

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'answered',
    (error: TroupeError) => error.code,
  )

for (const [name, how] of [
  ['process.exit in a handler', 'exit'],
  ['an error thrown by a timer', 'throwLater'],
  ['a heap that is full', 'fill'],
  ['a handler that never returns', 'spin'],
] as const) {
  test(`F4: ${name} costs one host, which is replaced once`, async (t) => {
    const options = { store: 'memory', hostMemory: 96 } as const
    const system = await systemOf(t, trouble, options)
    const events = countEvents(system)
    const broken = system.ref(Trouble, keyOn(0, 'trouble'))
    const bystander = system.ref(Trouble, keyOn(1, 'trouble'))
    const before = [await broken.ask.thread(), await bystander.ask.thread()]
    const back = eventOf(system, 'host-started', ({ slot }) => slot === 0)
    const waiting = codeOf(system.ref(Trouble, keyOn(0, 'trouble', 1)).ask.hang())
    broken.tell[how]()
    if (how === 'spin') {
      // The bystander works while the other thread burns.
      assert.equal(await bystander.ask.ping(), bystander.key)
      assert.equal(system.killHost(0), true)
    }
    assert.equal(await waiting, 'HOST_LOST')
    await back
    await system.quiet()
    assert.notEqual(await broken.ask.thread(), before[0])
    assert.equal(await bystander.ask.thread(), before[1])
    assert.equal(events['host-lost'], 1)
    assert.equal(events['host-started'], 1)
    await system.quiet()
    const { imbalance, total } = system.stats()
    assert.equal(imbalance, 0)
    assert.equal(total.pending + total.running + total.inTransit, 0)
    assert.equal((await system.health()).status, 'ok')
  })
}

test('F4: what the store holds is redelivered in order, nothing twice', async (t) => {
  const system = await systemOf(t, trouble, { store: fileOf(t) })
  const book = system.ref(Book, keyOn(0, 'book'))
  await book.ask.add('first')
  system.ref(Trouble, keyOn(0, 'trouble')).tell.spin()
  const lines = Array.from({ length: 200 }, (_, i) => `line ${i}`)
  // Acknowledged by the store, while the actor's own thread is stuck.
  await Promise.all(lines.map((line) => book.deliver.add(line)))
  const back = eventOf(system, 'host-started')
  system.killHost(0)
  await back
  await system.quiet()
  assert.deepEqual(await book.ask.lines(), ['first', ...lines])
  await system.quiet()
  assert.equal(system.stats().byType['book']?.lost, 0)
  assert.equal(system.stats().imbalance, 0)
})

test('F4: tells without returned credit become dead letters, header only', async (t) => {
  const system = await systemOf(t, trouble, { store: 'memory' })
  const key = keyOn(0, 'trouble')
  const broken = system.ref(Trouble, key)
  await broken.ask.ping()
  broken.tell.spin()
  await new Promise(setImmediate)
  for (let i = 0; i < 10; i += 1) assert.equal(broken.tell.stop().status, 'queued')
  const back = eventOf(system, 'host-started')
  system.killHost(0)
  await back
  await system.quiet()
  const letters = system.deadLetters.list({ reason: 'host-lost' })
  const stops = letters.filter((letter) => letter.name === 'stop')
  assert.equal(stops.length, 10)
  for (const letter of stops) {
    assert.equal(letter.to, `trouble/${key}`)
    assert.equal(letter.payload, undefined)
    assert.throws(() => system.deadLetters.replay(letter.id), { code: 'DEAD_LETTER_GONE' })
  }
})

test('F4: messages to a slot without a thread wait for the next one, within credits, in order', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const log = system.ref(Log, keyOn(0, 'log'))
  const threadBefore = await log.ask.thread()
  const lost = eventOf(system, 'host-lost')
  system.killHost(0)
  await lost
  // The slot has no thread now: the next one takes a while to come up.
  const put = (n: number): string => log.tell.put({ from: 'main', n }).status
  const asked = log.ask.thread()
  const statuses = Array.from({ length: 1_100 }, (_, n) => put(n))
  const delivered = [2_000, 2_001].map((n) => log.deliver.put({ from: 'main', n }))
  assert.equal(statuses.filter((status) => status === 'queued').length, 1_023)
  assert.equal(statuses.indexOf('full'), 1_023)
  assert.notEqual(await asked, threadBefore)
  await Promise.all(delivered)
  await system.quiet()
  const seen = (await log.ask.read()).map(({ n }) => n)
  assert.deepEqual(seen, [...Array.from({ length: 1_023 }, (_, n) => n), 2_000, 2_001])
  await system.quiet()
  assert.equal(system.stats().imbalance, 0)
  assert.equal(system.deadLetters.list({ limit: 5_000 }).length, 1_100 - 1_023)
})

test('F4: what another host sends to a slot without a thread waits there', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory' })
  const [dead, alive] = [keyOn(0, 'log'), keyOn(1, 'log')]
  await system.ref(Log, alive).ask.flood({ to: dead, count: 1 })
  const back = eventOf(system, 'host-started')
  const lost = eventOf(system, 'host-lost')
  system.killHost(0)
  await lost
  const statuses = await system.ref(Log, alive).ask.flood({ to: dead, count: 500 })
  assert.deepEqual([...new Set(statuses)], ['queued'])
  assert.equal(await system.ref(Log, alive).ask.deliver({ to: dead, count: 2 }), 2)
  await back
  await system.quiet()
  const seen = (await system.ref(Log, dead).ask.read()).map(({ n }) => n)
  assert.deepEqual(seen, [...Array.from({ length: 500 }, (_, n) => n), 0, 1])
  await system.quiet()
  assert.equal(system.stats().imbalance, 0)
})

test('S2: what waits for a slot that has no thread when the system closes is told so', async (t) => {
  const system = await systemOf(t, wire, { store: 'memory', closeWithin: 5 })
  const log = system.ref(Log, keyOn(0, 'log'))
  await log.ask.thread()
  const lost = eventOf(system, 'host-lost')
  system.killHost(0)
  await lost
  const asked = codeOf(log.ask.thread())
  const delivered = codeOf(log.deliver.put({ from: 'main', n: 1 }))
  for (let n = 0; n < 3; n += 1) log.tell.put({ from: 'main', n })
  await new Promise(setImmediate)
  const { drained, leftover } = await system.close()
  assert.equal(drained, false)
  assert.equal(leftover, 5)
  assert.deepEqual([await asked, await delivered], ['SYSTEM_CLOSED', 'SYSTEM_CLOSED'])
  assert.equal(system.deadLetters.list({ reason: 'host-lost' }).length, 4)
  assert.equal(system.stats().imbalance, 0)
})

test('F4, F3: ten deaths in 60 s retire a slot; its addresses live elsewhere, and its suspects are tried there', async (t) => {
  const system = await systemOf(t, trouble, { store: fileOf(t) })
  const book = system.ref(Book, keyOn(0, 'book'))
  await book.ask.add('kept')
  const retired = eventOf(system, 'host-retired')
  const quarantined = eventOf(system, 'quarantined')
  const events = countEvents(system)
  const pings: Promise<string>[] = []
  for (let death = 1; death <= 10; death += 1) {
    const next = death === 10 ? retired : eventOf(system, 'host-started')
    const lost = eventOf(system, 'host-lost')
    // The last one kills wherever it is started.
    if (death === 10) await book.deliver.crash('deadly')
    else assert.equal(system.killHost(0), true)
    await lost
    // Sent to a slot that will come up again, or never.
    const ping = system.ref(Trouble, keyOn(0, 'trouble', death)).ask.ping()
    pings.push(ping.catch((error: TroupeError) => error.code))
    await next
    await system.quiet()
  }
  // The last one goes to slot 1, and may be in its memory when the deadly message ends that thread too.
  const answers = await Promise.all(pings)
  const keys = answers.map((_, i) => keyOn(0, 'trouble', i + 1))
  assert.deepEqual(answers.slice(0, 9), keys.slice(0, 9))
  assert.ok([keys[9], 'HOST_LOST'].includes(answers[9]), answers[9])
  const { slot } = await retired
  assert.equal(slot, 0)
  await quarantined
  await system.quiet()
  // It came with its start there: one more, and it was not started again.
  assert.equal(events['host-lost'], 11)
  assert.equal(system.killHost(0), false)
  const moved = system.ref(Trouble, keyOn(0, 'trouble'))
  const stayed = system.ref(Trouble, keyOn(1, 'trouble'))
  assert.equal(await moved.ask.thread(), await stayed.ask.thread())
  await book.ask.add('and on')
  assert.deepEqual(await book.ask.lines(), ['kept', 'and on'])
  await system.quiet()
  assert.equal(system.stats().imbalance, 0)
  const { hosts } = await system.health()
  assert.deepEqual(
    hosts.map(({ state }) => state),
    ['retired', 'running'],
  )
})

test('F6: Terminated crosses threads once, also for an actor already gone', async (t) => {
  const system = await systemOf(t, trouble, { store: 'memory' })
  const watcher = system.ref(Watcher, keyOn(1, 'watcher'))
  const watched = system.ref(Trouble, keyOn(0, 'trouble'))
  await watched.ask.ping()
  await watcher.ask.watch(watched)
  await watcher.ask.watch(watched)
  await system.quiet()
  watched.tell.stop()
  await system.quiet()
  assert.deepEqual(await watcher.ask.seen(), [`trouble/${watched.key}`])
  const gone = { type: 'trouble', key: keyOn(0, 'trouble', 5) }
  await watcher.ask.watch(gone)
  await system.quiet()
  assert.deepEqual(await watcher.ask.seen(), [`trouble/${watched.key}`, `trouble/${gone.key}`])
})

test('F6: a watcher hears once when the host of who it watches dies', async (t) => {
  const system = await systemOf(t, trouble, { store: 'memory' })
  const watcher = system.ref(Watcher, keyOn(1, 'watcher'))
  const watched = [0, 1, 2].map((nth) => system.ref(Trouble, keyOn(0, 'trouble', nth)))
  for (const ref of watched) {
    await ref.ask.ping()
    await watcher.ask.watch(ref)
  }
  const durable = system.ref(Book, keyOn(0, 'book'))
  await durable.ask.add('one')
  await watcher.ask.watch(durable)
  await system.quiet()
  const back = eventOf(system, 'host-started')
  system.killHost(0)
  await back
  await system.quiet()
  const seen = await watcher.ask.seen()
  // A durable actor outlives its host: nobody is told that it ended.
  assert.deepEqual(seen.toSorted(), watched.map((ref) => `trouble/${ref.key}`).toSorted())
})
