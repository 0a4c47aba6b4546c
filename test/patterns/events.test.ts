/** The rows "event loop", "bus" and "message history" of the seed patterns. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { type EventSource, events, type TopicEvent } from '../../actors/patterns/events.ts'
import { createSystem } from '../../runtime/index.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'
import { settled } from './support.ts'

const Shop = contract('shop', {
  sell: message<{ topics: readonly string[] }>(),
})
const shop = actor(Shop, {
  durable: true,
  state: () => ({ sold: 0 }),
  on: {
    sell(ctx, { topics }) {
      for (const topic of topics) {
        ctx.state.sold += 1
        ctx.publish(topic, ctx.state.sold)
      }
    },
  },
})
const shops = app(import.meta.url, { actors: [shop] })

async function begin(t: { after(run: () => unknown): void }) {
  const system = await createTestSystem(shops)
  t.after(() => system.close())
  const sell = (...topics: string[]) => system.ref(Shop, 's').ask.sell({ topics })
  return { system, sell }
}

/** `topic payload`. */
const shown = ({ topic, payload }: TopicEvent): string => `${topic} ${String(payload)}`

async function all(stream: AsyncIterable<TopicEvent>): Promise<string[]> {
  const seen: string[] = []
  for await (const event of stream) seen.push(shown(event))
  return seen
}

test('pattern event stream: whoever comes late gets what was before, in order, and then what comes', async (t) => {
  const { system, sell } = await begin(t)
  await sell('order.eu', 'border.eu')
  await sell('order.us')
  const seen: string[] = []
  const reading = (async () => {
    const options = {
      topics: 'order.*',
      after: 0,
      until: ({ payload }: TopicEvent) => payload === 5,
    }
    for await (const event of events(system, options)) seen.push(shown(event))
  })()
  await system.settle()
  assert.deepEqual(seen, ['order.eu 1', 'order.us 3'])
  await sell('order.eu', 'order.us', 'order.eu')
  await reading
  assert.deepEqual(seen, ['order.eu 1', 'order.us 3', 'order.eu 4', 'order.us 5'], 'it is complete')
})

test('pattern bus: order is not border, and each event comes once however many patterns it fits', async (t) => {
  const { system, sell } = await begin(t)
  await sell('order', 'border', 'order.new', 'orders', 'border.order', 'a.order.b')
  const read = (topics: string | string[]) => all(events(system, { topics, follow: false }))
  assert.deepEqual(await read('order'), ['order 1'])
  assert.deepEqual(await read('*'), ['order 1', 'border 2', 'orders 4'])
  assert.deepEqual(await read('**.order'), ['order 1', 'border.order 5'])
  assert.deepEqual(await read(['order', '**.order.**', 'orders']), [
    ...['order 1', 'order.new 3', 'orders 4', 'border.order 5', 'a.order.b 6'],
  ])
  await assert.rejects(async () => await read('ord*r'), { code: 'ADDRESS_INVALID' })
})

test('pattern event stream: a reader goes on where it was, and misses nothing of a turn', async (t) => {
  const { system, sell } = await begin(t)
  await sell('a.x', 'a.y')
  await sell('a.z')
  const options = { topics: 'a.*', after: 0, follow: false }
  const [first] = [await events(system, options).next()]
  assert.ok(first.value !== undefined)
  const from = (after: number) => all(events(system, { ...options, after }))
  assert.deepEqual(
    await from(first.value.resume),
    ['a.x 1', 'a.y 2', 'a.z 3'],
    'it had seen half a turn',
  )
  const seen: TopicEvent[] = []
  for await (const event of events(system, options)) seen.push(event)
  assert.deepEqual(await from(seen[1]?.resume ?? 0), ['a.z 3'])
  assert.deepEqual(await from(seen[2]?.resume ?? 0), [])
})

test('pattern event stream: without a position it begins with the next one', async (t) => {
  const { system, sell } = await begin(t)
  await sell('a.old')
  const stream = events(system, { topics: 'a.**' })
  const next = stream.next()
  await system.settle()
  await sell('b.other', 'a.new')
  assert.equal(shown((await next).value as TopicEvent), 'a.new 3')
  await stream.return()
})

test('pattern event stream: many readers see the same, each at its own pace', async (t) => {
  const { system, sell } = await begin(t)
  const reader = () => events(system, { topics: 'a', after: 0 })
  const [slow, quick] = [reader(), reader()]
  await sell('a', 'a', 'a')
  assert.equal(shown((await slow.next()).value as TopicEvent), 'a 1')
  for (const n of [1, 2, 3]) assert.equal(shown((await quick.next()).value as TopicEvent), `a ${n}`)
  await sell('a')
  assert.equal(shown((await quick.next()).value as TopicEvent), 'a 4')
  for (const n of [2, 3, 4]) assert.equal(shown((await slow.next()).value as TopicEvent), `a ${n}`)
  await Promise.all([slow.return(), quick.return()])
})

test('pattern event stream: who gives up is told so, while it waits and while it reads', async (t) => {
  const { system, sell } = await begin(t)
  const waiting = new AbortController()
  const reading = all(events(system, { topics: 'a', after: 0, signal: waiting.signal }))
  await system.settle()
  waiting.abort()
  await assert.rejects(reading, { code: 'CANCELLED' })
  await sell('a', 'a', 'a')
  const busy = new AbortController()
  const seen: string[] = []
  const loop = async () => {
    for await (const event of events(system, { topics: 'a', after: 0, signal: busy.signal })) {
      seen.push(shown(event))
      busy.abort()
    }
  }
  await assert.rejects(loop(), { code: 'CANCELLED' })
  assert.deepEqual(seen, ['a 1'])
})

test('pattern event stream: nothing is taken from the history before its reader wants it', async () => {
  let taken = 0
  let listening = 0
  const source: EventSource = {
    history: {
      async *read() {
        for (let n = 1; n <= 1_000_000; n += 1) {
          taken += 1
          yield { position: n, topic: 'a', payload: n, from: '', at: 0 }
        }
      },
    },
    subscribe: () => {
      listening += 1
      return () => {
        listening -= 1
      }
    },
  }
  const stream = events(source, { topics: 'a', after: 0 })
  for (let n = 1; n <= 10; n += 1) await stream.next()
  await settled()
  // The turn that it reads, and the begin of the next one, by which it knows.
  assert.equal(taken, 11)
  assert.equal(listening, 1)
  await stream.return()
  assert.equal(listening, 0)
})

test('pattern event stream: what is not recorded cannot be read, and that is said', async (t) => {
  const system = await createSystem(app(import.meta.url, { actors: [] }), { workers: 0 })
  t.after(() => system.close())
  const next = events(system, { topics: 'a' }).next()
  await settled()
  system.publish('a', 1)
  await assert.rejects(next, { code: 'OPTION_INVALID', message: /"store"/ })
  for (const options of [{ topics: [] }, { topics: 'a', from: 1 }, { topics: 5 }]) {
    assert.throws(() => events(system, options as never), { code: 'OPTION_INVALID' })
  }
})
