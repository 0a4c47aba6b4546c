/** T4: an ask that would wait for itself fails; one that only waits long does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { gate } from './gate.ts'
import { harness } from './harness.ts'

/** Asks the first of `path` to ask the rest; at its end waits for the test. */
const Node = contract('node', {
  walk: message<readonly string[], string>(),
  /** Waits for the test before it goes on. */
  cross: message<readonly string[], string>(),
  crossTwice: message<readonly string[], string>(),
  flow: stream<readonly string[], string, string>(),
  readFlow: message<readonly string[], string>(),
})
const Book = contract('book', {
  write: message<string, string>(),
  look: message<void, string>(),
})

function nodes(durable = false) {
  const crossing = gate()
  const end = gate()
  const reading = gate()
  const asked: string[] = []
  const node = actor(Node, {
    durable,
    retry: { backoff: 1 },
    supervision: { restarts: 100, backoff: 1 },
    on: {
      async walk(ctx, [next, ...rest]) {
        if (next === undefined) {
          await end.opened
          return ctx.self.key
        }
        asked.push(`${ctx.self.key} asks ${next}`)
        if (next.startsWith('book')) return await ctx.ref(Book, next).ask.look()
        return await ctx.ref(Node, next).ask.walk(rest)
      },
      async cross(ctx, [next, ...rest]) {
        await crossing.opened
        return await ctx.ref(Node, next as string).ask.walk(rest)
      },
      async crossTwice(ctx, [next, ...rest]) {
        await crossing.opened
        const ref = ctx.ref(Node, next as string)
        return (await Promise.all([ref.ask.walk(rest), ref.ask.walk(rest)])).join()
      },
      async *flow(ctx, path) {
        yield 'first'
        await crossing.opened
        const [next, ...rest] = path
        return next === undefined ? 'end' : await ctx.ref(Node, next).ask.walk(rest)
      },
      async readFlow(ctx, [next, ...rest]) {
        const flow = ctx.ref(Node, next as string).stream.flow(rest)
        for await (const _ of flow) asked.push(`${ctx.self.key} got an item`)
        return await flow.reply
      },
    },
  })
  const book = actor(Book, {
    durable: true,
    on: {
      async write(ctx, next) {
        await crossing.opened
        return await ctx.ref(Node, next).ask.walk([])
      },
    },
    reads: {
      async look() {
        await reading.opened
        return 'read'
      },
    },
  })
  const h = harness({ actors: [node, book], durable: true })
  return { h, crossing, end, reading, asked, ref: (key: string) => h.ref(Node, key) }
}

const cycleOf = (error: unknown): unknown => (error as TroupeError).fields['cycle']

for (const path of [
  ['a'],
  ['a', 'a'],
  ['a', 'b', 'a'],
  ['a', 'b', 'c', 'a'],
  ['x', 'a', 'b', 'a'],
]) {
  const closes = new Set(path).size < path.length
  test(`T4: ${path.join(' asks ')} ${closes ? 'fails at once with the cycle' : 'is no cycle'}`, async () => {
    const { h, end, ref } = nodes()
    end.open()
    const [first, ...rest] = path
    const result = ref(first as string).ask.walk(rest)
    result.catch(() => undefined)
    await h.settle()
    if (!closes) assert.equal(await result, first)
    else {
      await assert.rejects(result, (error: TroupeError) => {
        assert.equal(error.code, 'ASK_CYCLE')
        const at = path.indexOf(path.at(-1) as string)
        assert.deepEqual(
          cycleOf(error),
          path.slice(at).map((key) => `node/${key}`),
        )
        return true
      })
    }
    await h.advance(60_000)
    assert.equal(h.clock.pending, 0)
    assert.equal(h.imbalance(), 0)
  })
}

/** Every key starts a crossing ask along its path; returns what became of each. */
async function crossing(
  paths: Record<string, readonly string[]>,
  verb: 'cross' | 'crossTwice',
  durable = false,
) {
  const set = nodes(durable)
  const outcomes = new Map<string, unknown>()
  for (const [key, path] of Object.entries(paths)) {
    set
      .ref(key)
      .ask[verb](path)
      .then(
        (value) => outcomes.set(key, value),
        (error: unknown) => outcomes.set(key, error),
      )
  }
  await set.h.settle()
  set.crossing.open()
  set.end.open()
  return { ...set, outcomes }
}

const cycles = (outcomes: Map<string, unknown>): unknown[] =>
  [...outcomes.values()].filter(
    (value) => value instanceof TroupeError && value.code === 'ASK_CYCLE',
  )

test('T4: two crossing asks are found after a second, and exactly one fails', async () => {
  const { h, outcomes } = await crossing({ a: ['b'], b: ['a'] }, 'cross')
  await h.advance(999)
  assert.equal(outcomes.size, 0)
  await h.advance(1)
  assert.deepEqual([outcomes.size, cycles(outcomes).length], [1, 1])
  // The one that failed restarts, and answers the other.
  await h.advance(10)
  assert.deepEqual([outcomes.size, cycles(outcomes).length], [2, 1])
  assert.deepEqual(new Set(cycleOf(cycles(outcomes)[0]) as string[]), new Set(['node/a', 'node/b']))
  await h.advance(1_000)
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
})

test('T4: three crossing asks are found, and exactly one fails', async () => {
  const { h, outcomes } = await crossing({ a: ['b'], b: ['c'], c: ['a'] }, 'cross')
  await h.advance(1_010)
  assert.equal(outcomes.size, 3)
  assert.equal(cycles(outcomes).length, 1)
  await h.advance(1_000)
  assert.equal(h.imbalance(), 0)
})

test('T4: crossing asks of durable actors are found like those of volatile ones', async () => {
  for (const paths of [
    { a: ['b'], b: ['a'] },
    { a: ['b'], b: ['c'], c: ['a'] },
  ]) {
    const { h, outcomes } = await crossing(paths, 'cross', true)
    await h.advance(1_010)
    assert.equal(outcomes.size, Object.keys(paths).length)
    assert.equal(cycles(outcomes).length, 1)
    await h.advance(60_000)
    assert.equal(h.imbalance(), 0)
  }
})

test('T4: a probe that comes along an edge that is gone ends', async () => {
  const { h, end, ref } = nodes()
  const asked = ref('a').ask.walk(['b'])
  await h.settle()
  const ask = [1, 2, 3].map((call) => h.peer.asks.get(call)).find((each) => each?.to === 'node/b')
  assert.ok(ask !== undefined)
  const path = ['node/a', 'node/b']
  const probe = { origin: 'node/a', startedAt: 0, call: ask.call, path }
  // Nobody but `b` could say that it waits for `a`, and it no longer does.
  h.peer.signal('node/a', { kind: 'probe', probe: { ...probe, message: '@v9.9' } })
  await h.settle()
  end.open()
  await h.settle()
  assert.equal(await asked, 'b')
  assert.equal(h.imbalance(), 0)
})

test('T4: a ring in which every turn asks twice is resolved', async () => {
  const { h, outcomes } = await crossing({ a: ['b'], b: ['a'] }, 'crossTwice')
  await h.advance(2_500)
  assert.equal(outcomes.size, 2)
  assert.equal(cycles(outcomes).length, 1)
  await h.advance(1_000)
  assert.equal(h.imbalance(), 0)
})

test('T4: who only waits for a ring is no part of it', async () => {
  const { h, outcomes } = await crossing({ x: ['a'], y: ['x'], a: ['b'], b: ['a'] }, 'cross')
  await h.advance(2_000)
  assert.equal(cycles(outcomes).length, 1)
  assert.ok(!(outcomes.get('x') instanceof Error))
  assert.ok(!(outcomes.get('y') instanceof Error))
  assert.equal(outcomes.size, 4)
  assert.equal(h.imbalance(), 0)
})

test('T4: streams that cross are found like asks', async () => {
  const { h, crossing: cross, end, ref } = nodes()
  const outcomes = new Map<string, unknown>()
  for (const [key, other] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    ref(key)
      .ask.readFlow([other])
      .then(
        (value) => outcomes.set(key, value),
        (error: unknown) => outcomes.set(key, error),
      )
  }
  await h.settle()
  cross.open()
  end.open()
  await h.advance(1_010)
  assert.equal(outcomes.size, 2)
  assert.equal(cycles(outcomes).length, 1)
  await h.advance(1_000)
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
})

test('T4: a stream whose producer asks its reader fails at once', async () => {
  const { h, crossing: cross, ref } = nodes()
  cross.open()
  const result = ref('a').ask.readFlow(['b', 'a'])
  result.catch(() => undefined)
  await h.settle()
  await assert.rejects(result, { code: 'ASK_CYCLE' })
  await h.advance(1_000)
  assert.equal(h.imbalance(), 0)
})

test('T4: long waits are no cycles', async () => {
  const { h, end, ref } = nodes()
  const long = ['a', 'b', 'c'].map((key) => ref(key).ask.walk(['x', 'y', 'z'], { within: 1e6 }))
  // Others who wait for the same actors, in every direction but round.
  const more = ['d', 'e'].map((key) => ref(key).ask.walk(['a', 'q'], { within: 1e6 }))
  const all = Promise.all([...long, ...more])
  all.catch(() => undefined)
  await h.advance(50_000)
  end.open()
  await h.advance(1)
  assert.deepEqual(await all, ['z', 'z', 'z', 'q', 'q'])
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
})

test('T4: a read of a durable actor waits for no turn, so it closes no ring', async () => {
  const { h, crossing: cross, end, reading, ref } = nodes()
  end.open()
  // The book's turn asks the node; the node's turn reads the book.
  const write = h.ref(Book, 'book').ask.write('a')
  const walk = ref('a').ask.walk(['book'])
  for (const each of [write, walk]) each.catch(() => undefined)
  await h.settle()
  cross.open()
  await h.advance(5_000)
  reading.open()
  await h.advance(1)
  assert.equal(await walk, 'read')
  assert.equal(await write, 'a')
  assert.equal(h.imbalance(), 0)
})

test('T4: a read handler may be asked by the turn it would wait for', async () => {
  const { h, end, reading } = nodes()
  end.open()
  reading.open()
  const Self = contract('self', { go: message<void, string>(), look: message<void, string>() })
  const self = actor(Self, {
    durable: true,
    on: { go: async (ctx) => await ctx.self.ask.look() },
    reads: { look: () => 'seen' },
  })
  const alone = harness({ actors: [self], durable: true })
  const went = alone.ref(Self, 's').ask.go()
  await alone.settle()
  assert.equal(await went, 'seen')
  assert.equal(alone.imbalance(), 0)
  assert.equal(h.imbalance(), 0)
})
