/** `troupe/testing`: a whole system on one thread, whose time passes only when the test says so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'

const Reminder = contract('reminder', {
  in: message<number>(),
  rang: message(),
  times: message<void, number[]>(),
  slow: message<void, string>(),
})

const reminder = actor(Reminder, {
  durable: true,
  state: (): { times: number[] } => ({ times: [] }),
  on: {
    in(ctx, ms) {
      ctx.timer('bell', { after: ms }, 'rang')
    },
    rang(ctx) {
      ctx.state.times.push(ctx.now())
    },
    slow: (ctx) => ctx.effect('dep', null, () => (ctx.deps as { word: string }).word),
  },
  reads: { times: (ctx) => [...ctx.state.times] },
})

const Fragile = contract('fragile', { fail: message() })
const fragile = actor(Fragile, {
  on: {
    fail() {
      throw new Error('as told')
    },
  },
})

const plays = app(import.meta.url, {
  actors: [reminder, fragile],
  deps: () => ({ word: 'the real one' }),
})

test('testing: a durable timer of an hour rings when the test lets an hour pass', async (t) => {
  const wall = Date.UTC(2030, 0, 1)
  const system = await createTestSystem(plays, { wall })
  t.after(() => system.close())
  const hour = 3_600_000
  const bell = system.ref(Reminder, 'bell')
  await bell.ask.in(hour)
  await system.advance(hour - 1)
  assert.deepEqual(await bell.ask.times(), [])
  await system.advance(1)
  assert.deepEqual(await bell.ask.times(), [wall + hour])
})

test('testing: handlers run by themselves, and settle waits for all they lead to', async (t) => {
  const system = await createTestSystem(plays)
  t.after(() => system.close())
  system.ref(Reminder, 'a').tell.in(0)
  await system.settle()
  assert.equal(system.stats().imbalance, 0)
  assert.equal(system.clock.pending > 0, true)
  await system.advance(0)
  assert.equal((await system.ref(Reminder, 'a').ask.times()).length, 1)
})

test('testing: dependencies are the test’s own, where it has some', async (t) => {
  const real = await createTestSystem(plays)
  t.after(() => real.close())
  assert.equal(await real.ref(Reminder, 'a').ask.slow(), 'the real one')
  const fake = await createTestSystem(plays, { deps: { word: 'a double' } })
  t.after(() => fake.close())
  assert.equal(await fake.ref(Reminder, 'a').ask.slow(), 'a double')
})

test('testing: events, dead letters, history and statistics are those of a system', async (t) => {
  const system = await createTestSystem(plays)
  t.after(() => system.close())
  const seen: string[] = []
  system.events.on('all', ({ event }) => seen.push(event))
  system.ref(Fragile, 'f').tell.fail()
  await system.ref(Reminder, 'a').ask.in(5)
  await system.settle()
  assert.deepEqual(seen.slice(0, 4), [
    'actor-started',
    'turn-failed',
    'dead-letter',
    'actor-restarted',
  ])
  const [letter] = system.deadLetters.list()
  assert.equal(letter?.reason, 'failed')
  assert.equal(letter?.at, system.clock.wall())
  const [entry] = await system.history.query({ type: 'reminder' })
  assert.equal(entry?.name, 'in')
  assert.equal(system.stats().byType['fragile']?.deadLettered, 1)
})

test('T5: a payload cannot be changed after it was sent, as between threads', async (t) => {
  const Box = contract('box', { put: message<{ items: number[] }, number>() })
  const box = actor(Box, {
    on: { put: (_ctx, { items }) => items.push(1) },
  })
  const system = await createTestSystem(app(import.meta.url, { actors: [box] }))
  t.after(() => system.close())
  await assert.rejects(system.ref(Box, 'b').ask.put({ items: [] }), { code: 'ACTOR_FAILED' })
})

test('testing: what is no app, or an option it does not have, is refused with a hint', async (t) => {
  await assert.rejects(createTestSystem({} as never), { code: 'APP_INVALID' })
  const misspelt = { wal: 1 } as never
  await assert.rejects(createTestSystem(plays, misspelt), {
    code: 'OPTION_INVALID',
    message: /"wall"/,
  })
  const system = await createTestSystem(plays)
  t.after(() => system.close())
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await assert.rejects(system.advance(ms), { code: 'OPTION_INVALID' })
  }
})
