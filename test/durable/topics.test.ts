/** Publishing with durable subscribers: exactly once each, whoever dies when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { code, settled } from './support.ts'
import { World } from './world.ts'

const Reader = contract('reader', {
  join: message<string, void>(),
  leave: message<string, void>(),
  item: message<string, void>(),
  all: message<void, string[]>(),
  gone: message<void, void>(),
})
const Press = contract('press', { print: message<{ topic: string; text: string }, void>() })
const Ear = contract('ear', { listen: message<string, void>(), item: message<string, void>() })

const heard: string[] = []

const reader = actor(Reader, {
  durable: true,
  state: () => ({ all: [] as string[] }),
  on: {
    join: (ctx, pattern) => ctx.subscribe(pattern, 'item'),
    leave: (ctx, pattern) => ctx.unsubscribe(pattern),
    item: (ctx, text) => void ctx.state.all.push(`${ctx.message.topic}: ${text}`),
    gone: (ctx) => ctx.destroy(),
  },
  reads: { all: (ctx) => ctx.state.all },
})
const press = actor(Press, {
  durable: true,
  state: () => ({}),
  on: { print: (ctx, { topic, text }) => ctx.publish(topic, text) },
})
const ear = actor(Ear, {
  on: {
    listen: (ctx, pattern) => ctx.subscribe(pattern, 'item'),
    item: (_ctx, text) => void heard.push(text),
  },
})
const actors = [reader, press, ear] as const

async function all(w: World, key: string): Promise<string[]> {
  return await settled(w, w.ref(Reader, key).ask.all())
}

test('publish: each durable subscriber gets it once, however many of its patterns match', async () => {
  const w = new World({ actors })
  for (const key of ['a', 'b', 'c']) await settled(w, w.ref(Reader, key).ask.join('news.**'))
  await settled(w, w.ref(Reader, 'a').ask.join('news.*'))
  await settled(w, w.ref(Press, 'p').ask.print({ topic: 'news.today', text: 'one' }))
  w.outside.publish('news.today', 'two')
  await w.settle()
  for (const key of ['a', 'b', 'c'])
    assert.deepEqual(await all(w, key), ['news.today: one', 'news.today: two'])
  w.assertBalanced()
})

test('publish: subscribers get it once, also when the process dies before they had it', async () => {
  const w = new World({ actors })
  for (const key of ['a', 'b']) await settled(w, w.ref(Reader, key).ask.join('news.**'))
  w.holdAcks()
  w.ref(Press, 'p').tell.print({ topic: 'news.x', text: 'one' })
  await w.settle()
  assert.deepEqual(await all(w, 'a'), [])
  const next = w.crash()
  await next.settle()
  for (const key of ['a', 'b']) assert.deepEqual(await all(next, key), ['news.x: one'])
  next.assertBalanced()
  const third = next.crash()
  await third.settle()
  for (const key of ['a', 'b']) assert.deepEqual(await all(third, key), ['news.x: one'])
  third.assertBalanced()
})

test('publish: subscriptions outlive passivation and restarts; leaving ends them', async () => {
  const w = new World({ actors, residency: 0 })
  await settled(w, w.ref(Reader, 'a').ask.join('news.**'))
  assert.equal(w.cell('reader/a'), undefined)
  w.outside.publish('news.1', 'one')
  await w.settle()
  const next = w.crash()
  next.outside.publish('news.2', 'two')
  await next.settle()
  assert.deepEqual(await all(next, 'a'), ['news.1: one', 'news.2: two'])
  await settled(next, next.ref(Reader, 'a').ask.leave('news.**'))
  next.outside.publish('news.3', 'three')
  await next.settle()
  assert.equal((await all(next, 'a')).length, 2)
  next.assertBalanced()
})

test('publish: a volatile subscriber hears of it after the commit', async () => {
  heard.length = 0
  const w = new World({ actors })
  await settled(w, w.ref(Ear, 'e').ask.listen('news.**'))
  w.holdAcks()
  w.ref(Press, 'p').tell.print({ topic: 'news.x', text: 'one' })
  await w.settle()
  assert.deepEqual(heard, [])
  await w.releaseAcks()
  assert.deepEqual(heard, ['one'])
  w.assertBalanced()
})

test('publish: a late subscriber gets what comes after it, and the earlier ones are in the history', async () => {
  const w = new World({ actors })
  w.outside.publish('news.x', 'early')
  await w.settle()
  await settled(w, w.ref(Reader, 'late').ask.join('news.**'))
  w.outside.publish('news.x', 'later')
  await w.settle()
  assert.deepEqual(await all(w, 'late'), ['news.x: later'])
  const published = w
    .records()
    .flatMap(({ parts }) =>
      parts.filter((part) => part.kind === 32 && part.message.topic !== undefined),
    )
  assert.equal(published.length, 2)
  w.assertBalanced()
})

test('publish: a destroyed subscriber is none any more', async () => {
  const w = new World({ actors })
  await settled(w, w.ref(Reader, 'a').ask.join('news.**'))
  await settled(w, w.ref(Reader, 'a').ask.gone())
  w.outside.publish('news.x', 'one')
  await w.settle()
  assert.deepEqual(await all(w, 'a'), [])
  w.assertBalanced()
})

test('publish: from outside it keeps the order of the calls', async () => {
  const w = new World({ actors, credit: 600 })
  await settled(w, w.ref(Reader, 'a').ask.join('n.**'))
  for (let i = 0; i < 50; i += 1) w.outside.publish('n.x', String(i))
  await w.settle()
  assert.deepEqual(
    await all(w, 'a'),
    Array.from({ length: 50 }, (_, i) => `n.x: ${i}`),
  )
  w.assertBalanced()
})

const Typed = contract('typed', {
  join: message<string, void>(),
  count: message({ input: z.object({ n: z.coerce.number().int() }) }),
  seen: message<void, number[]>(),
})

test('M3: a durable subscriber is spared what does not fit its schema: parked, with the issues', async () => {
  const typed = actor(Typed, {
    durable: true,
    state: () => ({ seen: [] as number[] }),
    on: {
      join: (ctx, pattern) => ctx.subscribe(pattern, 'count'),
      count: (ctx, { n }) => void ctx.state.seen.push(n),
    },
    reads: { seen: (ctx) => ctx.state.seen },
  })
  const w = new World({ actors: [...actors, typed] })
  await settled(w, w.ref(Typed, 't').ask.join('n.**'))
  await settled(w, w.ref(Reader, 'r').ask.join('n.**'))
  for (const n of ['1', 'x', 2]) w.outside.publish('n.n', { n })
  await w.settle()
  assert.deepEqual(await settled(w, w.ref(Typed, 't').ask.seen()), [1, 2])
  assert.equal((await all(w, 'r')).length, 3, 'the others get it all the same')
  const [letter, ...more] = w.letters
  assert.equal(more.length, 0)
  assert.deepEqual([letter?.envelope.payload, letter?.reason], [{ n: 'x' }, 'invalid-payload'])
  assert.ok(code('PAYLOAD_INVALID')(letter?.error))
  assert.deepEqual(
    w.events.filter(({ event }) => event === 'turn-failed'),
    [],
  )
  w.assertBalanced()
  const next = w.crash()
  await next.settle()
  assert.deepEqual(await settled(next, next.ref(Typed, 't').ask.seen()), [1, 2])
  assert.equal(next.letters.length, 0, 'once is enough')
  next.assertBalanced()
})
