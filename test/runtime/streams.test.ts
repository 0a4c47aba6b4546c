/** Streams: as fast as their reader, over when either side is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { streamWindow } from '../../actors/cell/stream-items.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import type { ReplyStream } from '../../actors/ref.ts'
import { gate } from './gate.ts'
import { harness } from './harness.ts'

const Source = contract('source', {
  count: stream<number, number, string>(),
  sync: stream<number, number, string>(),
  breaks: stream<number, number, string>(),
  obeys: stream<void, number, void>(),
  note: message<string>(),
  leave: message(),
})
const Reader = contract('reader', {
  take: message<number, number>(),
  ignore: message<void, string>(),
  background: message<void, string>(),
  note: message<string>(),
})

function sources() {
  const log: string[] = []
  const produced = { count: 0 }
  const paused = gate()
  const source = actor(Source, {
    state: () => ({}),
    on: {
      async *count(_ctx, n) {
        try {
          for (let i = 0; i < n; i += 1) {
            produced.count += 1
            yield i
          }
          return 'done'
        } finally {
          log.push('finally')
        }
      },
      *sync(_ctx, n) {
        try {
          for (let i = 0; i < n; i += 1) {
            produced.count += 1
            yield i
          }
          return 'done'
        } finally {
          log.push('finally')
        }
      },
      async *breaks(_ctx, n) {
        for (let i = 0; i < n; i += 1) yield i
        throw new Error('broke')
      },
      async *obeys(ctx) {
        yield 1
        await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
        log.push('told to stop')
        yield 2
      },
      note: (_ctx, text) => void log.push(text),
      leave: (ctx) => ctx.stop(),
    },
  })
  const reader = actor(Reader, {
    on: {
      async take(ctx, n) {
        let taken = 0
        for await (const _ of ctx.ref(Source, 's').stream.count(1_000)) {
          taken += 1
          if (taken === n) break
        }
        return taken
      },
      ignore(ctx) {
        ctx.ref(Source, 's').stream.count(1_000)
        return 'ignored'
      },
      background(ctx) {
        const items = ctx.ref(Source, 's').stream.count(3)
        void (async () => {
          for await (const item of items) log.push(`item ${item} ${ctx.self.key}`)
        })()
        return 'started'
      },
      note: (_ctx, text) => void log.push(text),
    },
  })
  const h = harness({ actors: [source, reader] })
  return { h, log, produced, paused, ref: h.ref(Source, 's'), reader: h.ref(Reader, 'r') }
}

/** Reads to the end, or to `most` items. */
async function read(items: ReplyStream<number, unknown>, most = Number.POSITIVE_INFINITY) {
  const taken: number[] = []
  for await (const item of items) {
    taken.push(item)
    if (taken.length >= most) break
  }
  return taken
}

for (const name of ['count', 'sync'] as const) {
  test(`a stream from ${name === 'sync' ? 'a plain' : 'an async'} generator: items in order, then the reply`, async () => {
    const { h, ref } = sources()
    const items = ref.stream[name](500)
    const all = read(items)
    await h.settle()
    assert.deepEqual(
      await all,
      Array.from({ length: 500 }, (_, i) => i),
    )
    assert.equal(await items.reply, 'done')
    assert.equal(h.clock.pending, 0)
    assert.equal(h.imbalance(), 0)
  })

  test(`the producer of ${name} is never more than the window ahead of its reader`, async () => {
    const { h, produced, ref } = sources()
    const items = ref.stream[name](1_000)
    const iterator = items[Symbol.asyncIterator]()
    await h.settle()
    assert.equal(produced.count, streamWindow, 'nobody has read anything')
    for (let taken = 1; taken <= 200; taken += 1) {
      await iterator.next()
      await h.settle()
      assert.ok(produced.count <= taken + streamWindow, `${produced.count} at ${taken}`)
    }
    assert.ok(produced.count > 200)
    await iterator.return?.(undefined)
    await h.settle()
    assert.equal(h.imbalance(), 0)
  })

  test(`break ends ${name}: its finally runs, the actor goes on as it was`, async () => {
    const { h, log, produced, ref } = sources()
    const items = ref.stream[name](1_000)
    const some = read(items, 5)
    ref.tell.note('next')
    await h.settle()
    assert.deepEqual(await some, [0, 1, 2, 3, 4])
    assert.deepEqual(log, ['finally', 'next'])
    assert.ok(produced.count <= 5 + streamWindow + 1)
    await assert.rejects(items.reply, { code: 'CANCELLED' })
    assert.deepEqual(
      h.events.map(({ event }) => event),
      ['actor-started'],
      'a reader that leaves is no failure',
    )
    assert.equal(h.clock.pending, 0)
    assert.equal(h.imbalance(), 0)
  })
}

test('a stream that its reader cancels stops inside an item when it heeds ctx.signal', async () => {
  const { h, log, ref } = sources()
  const items = ref.stream.obeys()
  const iterator = items[Symbol.asyncIterator]()
  await h.settle()
  assert.deepEqual(await iterator.next(), { done: false, value: 1 })
  await h.settle()
  items.cancel()
  await h.settle()
  assert.deepEqual(log, ['told to stop'])
  assert.equal(h.accounting('source').running, 0)
  assert.equal(h.imbalance(), 0)
})

test('an error in the middle comes after the items before it', async () => {
  const { h, ref } = sources()
  const items = ref.stream.breaks(3)
  const taken: number[] = []
  const all = (async () => {
    for await (const item of items) taken.push(item)
  })()
  all.catch(() => undefined)
  await h.settle()
  await assert.rejects(all, { code: 'ACTOR_FAILED', message: /broke/ })
  await assert.rejects(items.reply, /broke/)
  assert.deepEqual(taken, [0, 1, 2])
  await h.advance(200)
  assert.equal(h.imbalance(), 0)
})

test('a stream of an actor that stops breaks, in hand or waiting', async () => {
  const { h, log, ref } = sources()
  const running = ref.stream.count(1_000)
  const waiting = ref.stream.count(1_000)
  await h.settle()
  h.peer.signal('source/s', { kind: 'stop', reason: 'stopped' })
  const both = Promise.allSettled([running.reply, waiting.reply])
  await h.settle()
  const codes = (await both).map((end) => (end.status === 'rejected' ? end.reason.code : 'ok'))
  assert.deepEqual(codes, ['ACTOR_STOPPED', 'ACTOR_STOPPED'])
  assert.deepEqual(log, ['finally'])
  assert.equal(h.imbalance(), 0)
})

test('items go to one reader', async () => {
  const { h, ref } = sources()
  const items = ref.stream.count(3)
  const all = read(items)
  assert.throws(() => items[Symbol.asyncIterator](), { code: 'STREAM_BROKEN' })
  await h.settle()
  assert.equal((await all).length, 3)
  assert.equal(h.imbalance(), 0)
})

test('a stream nobody asked the items of runs to its end', async () => {
  const { h, produced, ref } = sources()
  ref.tell.count(200)
  await h.settle()
  assert.equal(produced.count, 200)
  assert.equal(h.accounting('source').processed, 1)
  assert.equal(h.imbalance(), 0)
})

test('a turn that breaks off a stream goes on, and both actors are free', async () => {
  const { h, log, reader } = sources()
  const asked = reader.ask.take(3)
  await h.settle()
  assert.equal(await asked, 3)
  assert.deepEqual(log, ['finally'])
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
})

test('T6: a stream that a handler leaves unread does not hold its actor', async () => {
  const { h, log, reader } = sources()
  const asked = reader.ask.ignore()
  reader.tell.note('next')
  await h.settle()
  assert.equal(await asked, 'ignored')
  assert.deepEqual(log, ['next'], 'it was taken back before it began')
  assert.equal(h.imbalance(), 0)
})

test('T6: a turn waits for a stream that is still read', async () => {
  const { h, log, reader } = sources()
  const asked = reader.ask.background()
  reader.tell.note('next')
  await h.settle()
  assert.equal(await asked, 'started')
  assert.deepEqual(
    log.filter((line) => line !== 'finally'),
    ['item 0 r', 'item 1 r', 'item 2 r', 'next'],
  )
  assert.equal(h.imbalance(), 0)
})

test('S4: a stream that is read for long keeps no alarm from outside', async () => {
  const { h, ref } = sources()
  const iterator = ref.stream.count(1_000)[Symbol.asyncIterator]()
  await h.settle()
  assert.equal(h.clock.pending, 0)
  await h.advance(1e6)
  assert.deepEqual(await iterator.next(), { done: false, value: 0 })
  await iterator.return?.(undefined)
  await h.settle()
  assert.equal(h.imbalance(), 0)
})
