/** Publishing to topics: one copy for each subscriber, and no harm to the publisher. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Encodable } from '../../persistence/encodable-types.ts'
import type { Published } from '../../runtime/peer/topics.ts'
import { gate } from './gate.ts'
import { harness } from './harness.ts'

const Ear = contract('ear', {
  subscribe: message<readonly string[], string>(),
  unsubscribe: message<string>(),
  heard: message<string>(),
  publish: message<{ readonly topic: string; readonly text: string }, string>(),
  publishWrong: message<void, string>(),
  subscribeWrong: message<void, string>(),
  hold: message<void, void>(),
  fail: message(),
  leave: message(),
})

function ears(capacity = 4_096) {
  const log: string[] = []
  const held = gate()
  const ear = actor(Ear, {
    mailbox: { capacity },
    on: {
      subscribe(ctx, patterns) {
        for (const pattern of patterns) ctx.subscribe(pattern, 'heard')
        return 'subscribed'
      },
      unsubscribe: (ctx, pattern) => ctx.unsubscribe(pattern),
      heard(ctx, text) {
        log.push(`${ctx.self.key}: ${text} by ${ctx.message.topic} from ${ctx.sender?.key}`)
      },
      publish(ctx, { topic, text }) {
        ctx.publish(topic, text)
        return 'published'
      },
      publishWrong(ctx) {
        ctx.publish('a', () => 1)
        return 'published'
      },
      subscribeWrong(ctx) {
        ctx.subscribe('a', 'nothing' as 'heard')
        return 'subscribed'
      },
      hold: () => held.opened,
      fail() {
        throw new Error('broke')
      },
      leave: (ctx) => ctx.stop(),
    },
  })
  const h = harness({ actors: [ear] })
  const ref = (key: string) => h.ref(Ear, key)
  const subscribe = async (key: string, ...patterns: string[]): Promise<void> => {
    ref(key).tell.subscribe(patterns)
    await h.settle()
  }
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => undefined)
    await h.settle()
    return await promise
  }
  return { h, log, held, ref, subscribe, settled }
}

test('a subscriber gets what matches its patterns, once', async () => {
  const { h, log, ref, subscribe } = ears()
  await subscribe('one', 'order.*')
  await subscribe('deep', 'order.**')
  await subscribe('twice', 'order.*', '*.paid', '**')
  await subscribe('other', 'border.*')
  ref('p').tell.publish({ topic: 'order.paid', text: 'A' })
  h.outside.publish('order.paid.late', 'B')
  await h.settle()
  assert.deepEqual(log.toSorted(), [
    'deep: A by order.paid from p',
    'deep: B by order.paid.late from undefined',
    'one: A by order.paid from p',
    'twice: A by order.paid from p',
    'twice: B by order.paid.late from undefined',
  ])
  assert.equal(h.imbalance(), 0)
})

test('unsubscribing ends one pattern; a stop or a restart ends all', async () => {
  const { h, log, ref, subscribe } = ears()
  await subscribe('a', 'x', 'y')
  await subscribe('b', 'x')
  await subscribe('c', 'x')
  ref('a').tell.unsubscribe('x')
  ref('b').tell.leave()
  ref('c').tell.fail()
  await h.advance(1_000)
  for (const topic of ['x', 'y']) h.outside.publish(topic, topic)
  await h.settle()
  assert.deepEqual(log, ['a: y by y from undefined'])
  assert.equal(h.imbalance(), 0)
})

test('subscribing to a pattern again replaces it', async () => {
  const { h, log, subscribe } = ears()
  await subscribe('a', 'x')
  await subscribe('a', 'x')
  h.outside.publish('x', '1')
  await h.settle()
  assert.equal(log.length, 1)
  assert.deepEqual([...h.peer.topics.patterns], ['x'])
})

test('a subscriber that was full gets the next message', async () => {
  const { h, log, held, ref, subscribe } = ears(1)
  await subscribe('a', 'x')
  const hold = ref('a').ask.hold()
  await h.settle()
  for (const text of ['1', '2']) h.outside.publish('x', text)
  await h.settle()
  held.open()
  await h.settle()
  await hold
  h.outside.publish('x', '3')
  await h.settle()
  assert.deepEqual(log, ['a: 1 by x from undefined', 'a: 3 by x from undefined'])
  assert.deepEqual(
    h.letters.map(({ envelope, reason }) => [envelope.payload, reason]),
    [['2', 'mailbox-full']],
  )
  assert.equal(h.imbalance(), 0)
})

test('a listener is called until it leaves, and what it throws is its own affair', async () => {
  const { h, log, ref, subscribe, settled } = ears()
  const heard: Published[] = []
  h.peer.topics.listen('x', () => {
    throw new Error('listener broke')
  })
  const leave = h.peer.topics.listen('x', (published) => void heard.push(published))
  await subscribe('a', 'x')
  assert.equal(await settled(ref('p').ask.publish({ topic: 'x', text: '1' })), 'published')
  leave()
  leave()
  assert.equal(await settled(ref('p').ask.publish({ topic: 'x', text: '2' })), 'published')
  assert.deepEqual(
    heard.map(({ topic, payload, from, position }) => [topic, payload, from, position]),
    [['x', '1', 'ear/p', 0]],
  )
  assert.deepEqual(log, ['a: 1 by x from p', 'a: 2 by x from p'])
  assert.equal(h.imbalance(), 0)
})

test('T5: each subscriber gets what was published, whatever is written later', async () => {
  const { h, log, subscribe } = ears()
  await subscribe('a', 'x')
  const payload: { [key: string]: Encodable } = { text: '1' }
  const heard: unknown[] = []
  h.peer.topics.listen('x', ({ payload: got }) => void heard.push(got))
  h.outside.publish('x', payload)
  payload['text'] = '2'
  await h.settle()
  assert.deepEqual(heard, [{ text: '1' }])
  assert.equal(log.length, 1)
})

test('a wrong topic, pattern, payload or message name is refused where it is said', async () => {
  const { h, ref, settled } = ears()
  const wrong: [() => Promise<unknown>, string][] = [
    [() => ref('a').ask.publish({ topic: 'x..y', text: '1' }), 'ADDRESS_INVALID'],
    [() => ref('b').ask.subscribe(['x.***']), 'ADDRESS_INVALID'],
    [() => ref('c').ask.publishWrong(), 'NOT_ENCODABLE'],
    [() => ref('d').ask.subscribeWrong(), 'DEFINITION_MISSING'],
  ]
  for (const [call, code] of wrong) await assert.rejects(settled(call()), { code })
  await h.advance(1_000)
  assert.equal(h.imbalance(), 0)
})

const Typed = contract('typed', {
  join: message<'count' | 'slow', void>(),
  count: message({ input: z.object({ n: z.coerce.number().int() }) }),
  slow: message({
    input: z.object({ n: z.number() }).refine(async ({ n }) => n > 0, 'must be more'),
  }),
})

for (const kind of ['count', 'slow'] as const) {
  test(`M3: what was published and does not fit the ${kind} schema is a dead letter, not a failure`, async () => {
    const got: unknown[] = []
    const typed = actor(Typed, {
      state: () => ({ seen: 0 }),
      on: {
        join: (ctx, name) => ctx.subscribe('numbers', name),
        count: (ctx, { n }) => void got.push([n, ++ctx.state.seen]),
        async slow(ctx, { n }) {
          got.push([n, ++ctx.state.seen])
        },
      },
    })
    const h = harness({ actors: [typed] })
    h.ref(Typed, 't').tell.join(kind)
    await h.settle()
    // What only a look at the outside can tell is told later, and of its own message as well.
    const late = kind === 'slow' ? [-1] : []
    for (const n of [1, 'x', {}, ...late, 2]) h.outside.publish('numbers', { n })
    await h.settle()
    assert.deepEqual(got, [
      [1, 1],
      [2, 2],
    ])
    const letters = h.letters.map(({ envelope, reason }) => [envelope.payload, reason])
    assert.deepEqual(letters, [
      [{ n: 'x' }, 'invalid-payload'],
      [{ n: {} }, 'invalid-payload'],
      ...late.map((n) => [{ n }, 'invalid-payload']),
    ])
    for (const { error, envelope } of h.letters) {
      assert.ok(error instanceof TroupeError)
      assert.equal(error.code, 'PAYLOAD_INVALID')
      const [issue] = error.fields['issues'] as { path: string; message: string }[]
      const { n } = envelope.payload as { n: unknown }
      if (n === -1) assert.equal(issue?.message, 'must be more')
      else assert.equal(issue?.path, 'n')
    }
    assert.deepEqual(
      h.events.filter(({ event }) => event !== 'actor-started'),
      [],
    )
    assert.equal(h.imbalance(), 0)
  })
}
