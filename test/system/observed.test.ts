/** What can be seen of a running system: dead letters, figures, health, the history. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { replayLimit } from '../../runtime/main/dead-letters.ts'
import type { FlightEntry } from '../../runtime/peer/flight-recorder.ts'
import type { LogLine } from '../../runtime/telemetry/logs/line.ts'
import bank, { Account, Counter } from './bank.app.ts'
import { eventOf, fileOf, keyOn, logTo, systemOf } from './support.ts'
import trouble, { Book, Trouble } from './trouble.app.ts'

test('dead letters are listed newest first, filtered, and replayed three times at most', async (t) => {
  const system = await systemOf(t, trouble, { store: 'memory' })
  const [one, two] = [system.ref(Trouble, 'one'), system.ref(Trouble, 'two')]
  const heard = eventOf(system, 'dead-letter', ({ letter }) => letter.to === 'trouble/two')
  one.tell.fail('first')
  await system.quiet()
  two.tell.fail('second')
  await heard
  const letters = system.deadLetters.list()
  assert.deepEqual(
    letters.map(({ payload }) => payload),
    ['second', 'first'],
  )
  const [second, first] = letters
  assert.equal(second?.reason, 'failed')
  assert.match(String((second as { error: Error }).error.message), /second/)
  assert.equal((second as { error: { code?: string } }).error.code, 'E_OWN')
  assert.deepEqual(
    system.deadLetters.list({ to: 'trouble/one' }).map(({ id }) => id),
    [first?.id],
  )
  assert.equal(system.deadLetters.list({ type: 'book' }).length, 0)
  assert.equal(system.deadLetters.list({ reason: 'expired' }).length, 0)
  assert.equal(system.deadLetters.list({ limit: 1 }).length, 1)
  for (let i = 0; i < replayLimit; i += 1) {
    assert.equal(system.deadLetters.replay(first?.id as string).status, 'queued')
    await system.quiet()
  }
  assert.equal(system.deadLetters.list({ to: 'trouble/one' }).at(-1)?.replays, replayLimit)
  assert.throws(() => system.deadLetters.replay(first?.id as string), { code: 'DEAD_LETTER_GONE' })
  assert.throws(() => system.deadLetters.replay('none'), { code: 'DEAD_LETTER_GONE' })
  await system.quiet()
  assert.equal(system.stats().imbalance, 0)
})

test('dead letters survive a restart with the store, and so does how often they were replayed', async (t) => {
  const store = fileOf(t)
  const system = await systemOf(t, bank, { store })
  system.ref(Counter, 'c').tell.fail('volatile')
  await system.quiet()
  await system.ref(Account, 'a').deliver.transfer({ to: 'b', amount: 5 })
  await system.quiet()
  const before = system.deadLetters.list()
  assert.deepEqual(before.map(({ reason }) => reason).toSorted(), ['failed', 'parked'])
  const parked = before.find(({ reason }) => reason === 'parked')
  assert.equal(system.deadLetters.replay(parked?.id as string).status, 'queued')
  await system.quiet()
  await system.close()

  const next = await systemOf(t, bank, { store })
  const after = next.deadLetters.list()
  assert.deepEqual(
    after.map(({ id, name, reason, payload }) => ({ id, name, reason, payload })).toSorted(byId),
    system.deadLetters
      .list()
      .map(({ id, name, reason, payload }) => ({ id, name, reason, payload }))
      .toSorted(byId),
  )
  assert.equal(after.find(({ id }) => id === parked?.id)?.replays, 1)
  // With money on the account the letter is handled in the end.
  await next.ref(Account, 'a').ask.deposit({ amount: 9 })
  assert.equal(next.deadLetters.replay(parked?.id as string).status, 'queued')
  await next.quiet()
  assert.equal(await next.ref(Account, 'b').ask.balance(), 5)
})

const byId = (a: { id: string }, b: { id: string }): number => a.id.localeCompare(b.id)

test('health names what waits longest, and recovers when a host is back', async (t) => {
  const system = await systemOf(t, trouble, { store: fileOf(t) })
  const book = system.ref(Book, keyOn(0, 'book'))
  await book.ask.add('one')
  assert.equal((await system.health()).oldestStored, undefined)
  system.ref(Trouble, keyOn(0, 'trouble')).tell.spin()
  await book.deliver.add('two')
  const stuck = await system.health()
  assert.equal(typeof stuck.oldestStored, 'number')
  const back = eventOf(system, 'host-started')
  const lost = eventOf(system, 'host-lost')
  system.killHost(0)
  await lost
  assert.equal((await system.health()).status, 'hosts-missing')
  await back
  await system.quiet()
  const well = await system.health()
  assert.equal(well.status, 'ok')
  assert.equal(well.oldestStored, undefined)
  assert.deepEqual(
    well.hosts.map(({ state }) => state),
    ['running', 'running'],
  )
})

test('history is queried by sender, receiver, type, name, cause and time', async (t) => {
  const system = await systemOf(t, bank, { store: fileOf(t) })
  const alice = system.ref(Account, 'alice')
  await alice.ask.deposit({ amount: 50 })
  const since = Date.now()
  await alice.ask.transfer({ to: 'bob', amount: 20 })
  await system.quiet()
  const processed = await system.history.query({ to: 'account/alice' })
  assert.deepEqual(
    processed.filter(({ what }) => what === 'processed').map(({ name }) => name),
    ['deposit', 'transfer'],
  )
  const [transfer] = await system.history.query({ name: 'transfer' })
  const sent = await system.history.query({ from: 'account/alice' })
  assert.deepEqual(
    sent.map(({ what, to }) => [what, to]),
    [
      ['sent', 'account/bob'],
      ['processed', 'account/bob'],
    ],
  )
  assert.deepEqual(sent[0]?.payload, { amount: 20 })
  const caused = await system.history.query({ cause: transfer?.id as string })
  assert.equal(caused[0]?.to, 'account/bob')
  assert.equal((await system.history.query({ type: 'counter' })).length, 0)
  const late = await system.history.query({ since, type: 'account' })
  assert.ok(late.every(({ at }) => at >= since))
  assert.ok(late.some(({ name }) => name === 'transfer'))
  assert.equal((await system.history.query({ until: since - 10_000 })).length, 0)
  assert.equal((await system.history.query({ limit: 1 })).length, 1)
  await assert.rejects(system.history.query({ sender: 'x' } as never), { code: 'OPTION_INVALID' })
})

test("D10: history is read on a thread of its own, page by page, and not on the store's", async (t) => {
  const system = await systemOf(t, bank, { store: fileOf(t), workers: 1 })
  const alice = system.ref(Account, 'alice')
  await Promise.all(Array.from({ length: 600 }, () => alice.deliver.deposit({ amount: 1 })))
  await system.quiet()
  const begun: Worker[] = []
  const began = (worker: Worker): void => void begun.push(worker)
  process.on('worker', began)
  t.after(() => process.off('worker', began))
  const name = 'deposit'
  assert.equal((await system.history.query({ name, limit: 5_000 })).length, 1_200)
  assert.equal((await system.history.query({ name, limit: 700 })).length, 700)
  assert.equal(begun.length, 1, 'one thread for all queries')
  let read = 0
  for await (const entry of system.history.read({ name })) {
    assert.equal(entry.to, 'account/alice')
    read += 1
    if (read === 900) break
  }
  assert.equal(read, 900)
  const abort = new AbortController()
  const reading = async (): Promise<void> => {
    for await (const { position } of system.history.read({ name, signal: abort.signal })) {
      if (position === 300) abort.abort(new Error('enough'))
    }
  }
  await assert.rejects(reading, /enough/)
  const exit = new Promise((resolve) => begun[0]?.once('exit', resolve))
  assert.equal(await begun[0]?.terminate(), 1)
  await exit
  assert.equal((await system.history.query({ name, limit: 1 })).length, 1, 'another one takes over')
  await system.close()
  await assert.rejects(system.history.query(), { code: 'SYSTEM_CLOSED' })
})

test('the flight recorder shows what led to a failure, and outlives its thread', async (t) => {
  const lines: LogLine[] = []
  const options = { store: 'memory', log: logTo(lines) } as const
  const system = await systemOf(t, trouble, options)
  const [key, other] = [keyOn(0, 'trouble'), keyOn(1, 'trouble')]
  for (let i = 0; i < 1_100; i += 1) await system.ref(Trouble, key).ask.ping()
  await system.ref(Trouble, other).ask.ping()
  const flights = await system.flightRecorder()
  const flight = flights.get(0) ?? []
  assert.equal(flight.length, 1_024)
  assert.equal(flights.get(1)?.length, 1)
  const { to, name, type, lane } = flight.at(-1) as FlightEntry
  const last = { to: `trouble/${key}`, name: 'ping', type: 'trouble', lane: 'normal' }
  assert.deepEqual({ to, name, type, lane }, last)
  assert.ok(flight.every((entry, i) => i === 0 || entry.at >= (flight[i - 1] as FlightEntry).at))

  const lost = eventOf(system, 'host-lost')
  system.ref(Trouble, key).tell.exit()
  const report = await lost
  assert.equal(report.flight.length, 1_024)
  assert.equal(report.flight.at(-1)?.type, 'trouble')
  assert.notEqual(report.flight.at(-1)?.id, flight.at(-1)?.id)

  const ended = eventOf(system, 'actor-stopped', ({ reason }) => reason === 'failed')
  await system.quiet()
  system.ref(Trouble, other).tell.fail('escalated')
  for (let i = 0; i < 6; i += 1) system.ref(Trouble, other).tell.fail(`${i}`)
  await ended
  await system.quiet()
  const line = lines.find(({ message }) => message === 'failed for good') as LogLine
  assert.equal((line.fields['flight'] as FlightEntry[]).at(-1)?.name, 'fail')
})

test('without a store there is no history, and dead letters live in memory', async (t) => {
  const { default: app } = await import('./placement.app.ts')
  const system = await systemOf(t, app, { workers: 1 })
  assert.deepEqual(await system.history.query(), [])
  assert.deepEqual(system.deadLetters.list(), [])
  assert.equal((await system.health()).store, undefined)
})
