/** F2: a failed durable turn is undone whole, retried by policy, then parked. T3, T5, D3 and R3 beside it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { type TroupeError, terminal } from '../../mailbox/errors.ts'
import { MAX_BYTES } from '../../persistence/codec.ts'
import { RecordKind } from '../../persistence/record.ts'
import { code, Gate, settled } from './support.ts'
import { World } from './world.ts'

const Worker = contract('worker', {
  work: message<string, string>(),
  look: message<void, string[]>(),
  everything: message<string, void>(),
  grow: message<number, void>(),
  odd: message<string, string>(),
  names: message<void, string>(),
})
const Other = contract('other', { hear: message<string, void>() })

class Bench {
  /** Attempts by message. */
  readonly tries: string[] = []
  fail: (text: string, attempt: number) => unknown = () => undefined
  readonly names: string[] = []
  gate = new Gate()
  heard: string[] = []

  get actors() {
    const bench = this
    const worker = actor(Worker, {
      durable: true,
      state: () => ({
        log: [] as string[],
        bytes: [] as string[],
        odd: undefined as unknown as string,
      }),
      on: {
        work(ctx, text) {
          bench.tries.push(`${text}${ctx.message.attempt}`)
          ctx.state.log.push(text)
          const error = bench.fail(text, ctx.message.attempt)
          if (error !== undefined) throw error
          return ctx.state.log.join()
        },
        async everything(ctx, text) {
          ctx.state.log.push(text)
          ctx.ref(Other, 'o').tell.hear(text)
          ctx.timer('t', { after: 1 }, 'work', `timer ${text}`)
          ctx.subscribe('news', 'work')
          ctx.publish('shout', text)
          ctx.spawn(Other, 'child')
          ctx.watch({ type: 'other', key: 'nobody' })
          await ctx.effect('step', text, () => bench.heard.push(`step ${text}`))
          if (ctx.message.attempt < 3) throw new Error('no')
        },
        grow(ctx, n) {
          ctx.state.bytes.push('x'.repeat(n))
        },
        odd(ctx, what) {
          if (what === 'state') (ctx.state as { odd: unknown }).odd = { deep: [1, () => 1] }
          if (what === 'large') ctx.state.log.push('x'.repeat(17 * 1024 * 1024))
          if (what === 'reply') return { fine: [Symbol('no')] } as unknown as string
          return 'ok'
        },
        names(ctx) {
          const text = [ctx.now(), ctx.random(), ctx.uuid(), ctx.uuid()].join(' ')
          bench.names.push(text)
          const error = bench.fail('names', ctx.message.attempt)
          if (error !== undefined) throw error
          return text
        },
      },
      reads: { look: (ctx) => ctx.state.log },
      onTerminated: () => void bench.heard.push('terminated'),
    })
    const other = actor(Other, {
      onStart: (ctx) => {
        bench.heard.push(`start ${ctx.self.key}`)
        ctx.subscribe('shout', 'hear')
      },
      on: { hear: (_ctx, text) => void bench.heard.push(text) },
    })
    return [worker, other] as const
  }
}

test('F2: three attempts with growing pauses, then the message is parked', async () => {
  const bench = new Bench()
  bench.fail = () => new Error('broken')
  const w = new World({ actors: bench.actors })
  w.ref(Worker, 'a').tell.work('x')
  await w.settle()
  assert.deepEqual(bench.tries, ['x1'])
  await w.advance(199)
  assert.deepEqual(bench.tries, ['x1'])
  await w.advance(1)
  assert.deepEqual(bench.tries, ['x1', 'x2'])
  await w.advance(399)
  assert.deepEqual(bench.tries, ['x1', 'x2'])
  await w.advance(1)
  assert.deepEqual(bench.tries, ['x1', 'x2', 'x3'])
  assert.deepEqual(
    w.letters.map(({ reason }) => reason),
    ['parked'],
  )
  const record = w.records().at(-1)
  assert.equal(record?.kind, RecordKind.parked)
  assert.equal(
    w.letters[0]?.position,
    record?.position,
    'the dead letter says which record keeps it',
  )
  assert.deepEqual(await settled(w, w.ref(Worker, 'a').ask.look()), [])
  w.assertBalanced()
})

test('F2: the message that failed holds every user lane but control', async () => {
  const bench = new Bench()
  bench.fail = (text) => (text === 'x' ? new Error('broken') : undefined)
  const w = new World({ actors: bench.actors })
  const ref = w.ref(Worker, 'a')
  ref.tell.work('x')
  await w.settle()
  ref.tell.work('low', { lane: 'low' })
  ref.tell.work('normal')
  ref.tell.work('high', { lane: 'high' })
  ref.tell.work('control', { lane: 'control' })
  await w.settle()
  assert.deepEqual(bench.tries, ['x1', 'control1'])
  await w.advance(1_000)
  assert.deepEqual(bench.tries.slice(0, 5), ['x1', 'control1', 'x2', 'x3', 'high1'])
  assert.deepEqual(bench.tries.slice(5).toSorted(), ['low1', 'normal1'], 'these share by weight')
  w.assertBalanced()
})

test('F2: a control message that fails while another waits for its retry costs neither', async () => {
  const bench = new Bench()
  bench.fail = (_text, attempt) => (attempt < 3 ? new Error('broken') : undefined)
  const w = new World({ actors: bench.actors })
  const ref = w.ref(Worker, 'a')
  ref.tell.work('x')
  await w.settle()
  ref.tell.work('c', { lane: 'control' })
  ref.tell.work('d', { lane: 'control' })
  await w.advance(60_000)
  assert.deepEqual(bench.tries.toSorted(), ['c1', 'c2', 'c3', 'd1', 'd2', 'd3', 'x1', 'x2', 'x3'])
  assert.deepEqual((await settled(w, ref.ask.look())).toSorted(), ['c', 'd', 'x'])
  assert.equal(w.letters.length, 0)
  assert.equal(w.accounting('worker').pending, 0)
  w.assertBalanced()
})

test('F2: an ask gets the error instead of a retry; a terminal error is never retried', async () => {
  const bench = new Bench()
  bench.fail = (text) => (text === 'final' ? terminal('never') : new Error('broken'))
  const w = new World({ actors: bench.actors })
  await assert.rejects(settled(w, w.ref(Worker, 'a').ask.work('x')), code('ACTOR_FAILED'))
  w.ref(Worker, 'a').tell.work('final')
  await w.advance(60_000)
  assert.deepEqual(bench.tries, ['x1', 'final1'])
  assert.deepEqual(
    w.letters.map(({ reason }) => reason),
    ['parked'],
  )
  w.assertBalanced()
})

test('F2: a retry that waits survives a crash, and the message keeps its place', async () => {
  const bench = new Bench()
  bench.fail = (text, attempt) =>
    text === 'x' && attempt < 2 && bench.tries.length < 2 ? new Error('no') : undefined
  const w = new World({ actors: bench.actors })
  for (const text of ['x', 'y', 'z'])
    await settled(w, w.ref(Worker, 'a').deliver.work(text)).catch(() => undefined)
  assert.deepEqual(bench.tries, ['x1'])
  const next = w.crash()
  await next.settle()
  assert.deepEqual(bench.tries, ['x1', 'x1', 'y1', 'z1'])
  assert.deepEqual(await settled(next, next.ref(Worker, 'a').ask.look()), ['x', 'y', 'z'])
  next.assertBalanced()
})

test('F2: a message whose deadline passes while it waits for its retry expires once', async () => {
  const bench = new Bench()
  bench.fail = () => new Error('broken')
  const w = new World({ actors: bench.actors })
  w.ref(Worker, 'a').tell.work('x', { within: 100 })
  await w.advance(10_000)
  assert.deepEqual(bench.tries, ['x1'])
  assert.deepEqual(
    w.letters.map(({ reason }) => reason),
    ['expired'],
  )
  await settled(w, w.ref(Worker, 'b').deliver.work('y', { within: 100 }))
  await w.advance(10_000)
  assert.deepEqual(
    w.letters.map(({ reason }) => reason),
    ['expired', 'expired'],
  )
  assert.equal(w.store.stats().pending, 0, 'the end of a stored message is a record')
  w.assertBalanced()
})

test('T3: a failed turn undoes state, tells, timers, subscriptions, publishes and spawns; completed steps stand', async () => {
  const bench = new Bench()
  const w = new World({ actors: bench.actors })
  await settled(w, w.ref(Worker, 'a').deliver.everything('x'))
  await w.advance(150)
  assert.deepEqual(bench.heard, ['step x'])
  assert.equal(w.store.stats().timers, 0)
  w.outside.publish('news', 'nobody listens')
  await w.settle()
  assert.deepEqual(bench.tries, [])
  assert.deepEqual(await settled(w, w.ref(Worker, 'a').ask.look()), [])
  await w.advance(10_000)
  assert.deepEqual(
    bench.heard.toSorted(),
    [
      'start a/child',
      'start o',
      'step x',
      'terminated',
      'x',
      ...bench.heard.filter((h) => h === 'x').slice(1),
    ].toSorted(),
    'all of it, once, at the third attempt',
  )
  assert.deepEqual(bench.tries, ['timer x1'])
  w.assertBalanced()
})

for (const how of ['stop', 'destroy'] as const) {
  test(`T3: a failed turn undoes its ${how} too; the attempt that succeeds ends the actor`, async () => {
    const Leaver = contract('leaver', {
      leave: message<number, void>(),
      count: message<void, number>(),
    })
    const leaver = actor(Leaver, {
      durable: true,
      state: () => ({ count: 0 }),
      on: {
        leave(ctx, failures) {
          ctx.state.count += 1
          ctx[how]()
          if (ctx.message.attempt <= failures) throw new Error('no')
        },
      },
      reads: { count: (ctx) => ctx.state.count },
    })
    const w = new World({ actors: [leaver] })
    const ends = (): number => w.events.filter(({ event }) => event === 'actor-stopped').length
    await assert.rejects(settled(w, w.ref(Leaver, 'a').ask.leave(1)), /no/)
    assert.equal(ends(), 0, 'an asker has the error, and the actor lives')
    w.ref(Leaver, 'a').tell.leave(9)
    await w.advance(60_000)
    assert.deepEqual([w.letters.length, ends()], [1, 0], 'given up')
    w.ref(Leaver, 'a').tell.leave(1)
    await w.settle()
    assert.equal(ends(), 0, 'its retry waits')
    await w.advance(60_000)
    assert.equal(ends(), 1)
    const left = how === 'stop' ? 1 : 0
    assert.equal(await settled(w, w.ref(Leaver, 'a').ask.count()), left)
    w.assertBalanced()
  })
}

test('T5: what cannot be stored fails the turn with its path, and the state stays as it was', async () => {
  const w = new World({ actors: new Bench().actors })
  const ref = w.ref(Worker, 'a')
  await settled(w, ref.ask.work('x'))
  await assert.rejects(settled(w, ref.ask.odd('state')), (error: unknown) => {
    code('NOT_ENCODABLE')(error)
    assert.match((error as Error).message, /odd\.deep\[1\]/)
    return true
  })
  await assert.rejects(settled(w, ref.ask.odd('reply')), (error: unknown) => {
    code('NOT_ENCODABLE')(error)
    assert.match((error as Error).message, /^reply of worker\.odd: fine\[0\] is a symbol/)
    return true
  })
  await assert.rejects(settled(w, ref.ask.odd('large')), code('PAYLOAD_TOO_LARGE'))
  assert.deepEqual(await settled(w, ref.ask.look()), ['x'])
  assert.equal(await settled(w, ref.ask.work('y')), 'x,y')
  w.assertBalanced()
})

test('T5: what a durable turn says is at most 16 MiB, on every road; the turn fails and says nothing', async () => {
  const Road = contract('road', {
    take: message<string, Uint8Array | undefined>(),
    sink: message<Uint8Array, void>(),
    count: message<void, number>(),
  })
  const large = new Uint8Array(MAX_BYTES)
  const road = actor(Road, {
    durable: true,
    state: () => ({ count: 0, all: undefined as Uint8Array | undefined }),
    on: {
      async take(ctx, way) {
        ctx.state.count += 1
        const other = ctx.ref(Road, 'other')
        other.tell.sink(new Uint8Array(1))
        if (way === 'tell') other.tell.sink(large)
        if (way === 'deliver') await other.deliver.sink(large)
        if (way === 'ask') await other.ask.sink(large)
        if (way === 'publish') ctx.publish('news', large)
        if (way === 'timer') ctx.timer('t', { after: 1 }, 'sink', large)
        if (way === 'effect') await ctx.effect('e', undefined, () => large)
        if (way === 'input') await ctx.effect('e', large, () => 1)
        if (way === 'state') ctx.state.all = large
        return way === 'reply' ? large : undefined
      },
      sink(ctx) {
        ctx.state.count += 100
      },
    },
    reads: { count: (ctx) => ctx.state.count },
  })
  const w = new World({ actors: [road], development: false })
  const ref = w.ref(Road, 'r')
  for (const [way, what] of [
    ['tell', 'payload of "sink"'],
    ['deliver', 'payload of "sink"'],
    ['ask', 'input of step "'],
    ['publish', 'payload of "news"'],
    ['timer', 'payload of timer "t"'],
    ['effect', 'result of a step'],
    ['input', 'input of step "e"'],
    ['state', 'state of road/r'],
    ['reply', 'reply of road.take'],
  ] as const) {
    // With an id of its own the reply is part of the record; without one it is looked at where it crosses.
    const asked = settled(w, ref.ask.take(way, { id: way }))
    await assert.rejects(asked, (error: TroupeError) => {
      code('PAYLOAD_TOO_LARGE')(error)
      assert.ok(error.message.startsWith(what), `${way}: ${error.message}`)
      return true
    })
  }
  assert.equal(await settled(w, ref.ask.count()), 0)
  assert.equal(await settled(w, w.ref(Road, 'other').ask.count()), 0)
  assert.equal(w.store.stats().timers, 0)
  w.assertBalanced()
})

test('T5: a state grows to 16 MiB and not beyond, over many turns and restarts', async () => {
  const Heap = contract('heap', {
    add: message<{ key: string; size: number }, number>(),
    drop: message<string, number>(),
  })
  const heap = actor(Heap, {
    durable: true,
    state: () => ({ all: new Map<string, Uint8Array>() }),
    on: {
      add(ctx, { key, size }) {
        ctx.state.all.set(key, new Uint8Array(size))
        return ctx.state.all.size
      },
      drop(ctx, key) {
        ctx.state.all.delete(key)
        return ctx.state.all.size
      },
    },
  })
  const size = 5 * 1024 * 1024
  let w = new World({ actors: [heap], development: false })
  const add = (key: string): Promise<number> => settled(w, w.ref(Heap, 'h').ask.add({ key, size }))
  const refusal = { code: 'PAYLOAD_TOO_LARGE', message: /^state of heap\/h takes/ }
  for (const key of ['a', 'b', 'a', 'c', 'c']) await add(key)
  await assert.rejects(add('d'), refusal)
  w = w.crash()
  await assert.rejects(add('d'), refusal)
  assert.equal(await settled(w, w.ref(Heap, 'h').ask.drop('a')), 2)
  assert.equal(await add('d'), 3)
  w.assertBalanced()
})

test('T3, T5: a turn whose record cannot be made undoes its stop too', async () => {
  const Odd = contract('odd', { leave: message<void, void>() })
  const odd = actor(Odd, {
    durable: true,
    state: () => ({ odd: undefined as unknown }),
    on: {
      leave(ctx) {
        ctx.state.odd = () => 1
        ctx.stop()
      },
    },
  })
  const w = new World({ actors: [odd] })
  await assert.rejects(settled(w, w.ref(Odd, 'a').ask.leave()), code('NOT_ENCODABLE'))
  assert.deepEqual(
    w.events.filter(({ event }) => event === 'actor-stopped'),
    [],
  )
  w.assertBalanced()
})

test('F2: giving up a message that cannot be stored does not fail: its header is kept', async () => {
  const w = new World({ actors: new Bench().actors, development: false })
  const payload: { spoilt?: unknown } = {}
  w.ref(Worker, 'a').tell.work(payload as unknown as string)
  // It travels by reference: its sender spoils it after it was checked.
  payload.spoilt = () => 1
  await w.advance(1_000)
  assert.deepEqual(
    w.letters.map(({ reason }) => reason),
    ['parked'],
  )
  w.assertBalanced()
  const next = w.crash()
  await next.settle()
  next.assertBalanced()
})

test("D3: a turn's record costs its delta, not the state", async () => {
  const w = new World({ actors: new Bench().actors })
  const ref = w.ref(Worker, 'a')
  const cost = async (): Promise<number> => {
    const before = w.store.stats().bytes
    await settled(w, ref.ask.work('y'))
    return w.store.stats().bytes - before
  }
  await cost()
  const small = await cost()
  for (let i = 0; i < 20; i += 1) await settled(w, ref.ask.grow(50_000))
  const large = await cost()
  assert.ok(large <= small * 1.1 + 8, `${large} bytes beside ${small}`)
  w.assertBalanced()
})

test('D3: the first state is written once', async () => {
  const w = new World({ actors: new Bench().actors })
  const ref = w.ref(Worker, 'a')
  await settled(w, ref.ask.work('x'))
  await settled(w, ref.ask.work('y'))
  const next = w.crash()
  await settled(next, next.ref(Worker, 'a').ask.work('z'))
  assert.deepEqual(
    next.records().map(({ state }) => state !== undefined),
    [true, false, false],
  )
})

test('a first turn that fails leaves nothing but its record', async () => {
  const bench = new Bench()
  bench.fail = () => new Error('no')
  const w = new World({ actors: bench.actors })
  await assert.rejects(settled(w, w.ref(Worker, 'a').ask.work('x')), code('ACTOR_FAILED'))
  bench.fail = () => undefined
  const next = w.crash()
  assert.equal(await settled(next, next.ref(Worker, 'a').ask.work('y')), 'y')
  assert.equal(next.records()[1]?.turn, 2)
  next.assertBalanced()
})

test('R3: random and uuid are the same in every attempt of a message, across a crash too', async () => {
  const bench = new Bench()
  bench.fail = () => new Error('again')
  const w = new World({ actors: bench.actors })
  await settled(w, w.ref(Worker, 'a').deliver.names())
  w.ref(Worker, 'b').tell.names()
  await w.advance(200)
  const next = w.crash()
  await next.advance(200)
  const seeds = bench.names.map((text) => text.split(' ').slice(1).join(' '))
  assert.match(seeds[0] ?? '', /^0\.\d+ [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/)
  // a twice, b twice, and a twice after the crash: b was never acknowledged.
  assert.equal(seeds.length, 6)
  assert.deepEqual([...new Set(seeds)].length, 2)
  const [, uuid1, uuid2] = (seeds[0] ?? '').split(' ')
  assert.notEqual(uuid1, uuid2)
})
