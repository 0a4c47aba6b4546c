/** A caller's own id: its message is processed once, and whoever comes again gets the same reply. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { terminal } from '../../mailbox/errors.ts'
import { withFolderAsync } from '../persistence/temp.ts'
import { code, Gate, settled, watched } from './support.ts'
import { type Engine, memoryEngine, sqliteEngine, World } from './world.ts'

const Shop = contract('shop', {
  order: message<number, string>(),
  slow: message<number, string>(),
  stepped: message<number, string>(),
  refuse: message<number, string>(),
  forward: message<{ id: string; times: number }, void>(),
  count: message<void, number>(),
  hold: message<void, void>(),
})
const Buyer = contract('buyer', { buy: message<{ id: string; n: number }, string>() })

let gate = new Gate()
let starts = 0
let calls = 0
const aborted: string[] = []

const shop = actor(Shop, {
  durable: true,
  state: () => ({ orders: 0, sum: 0 }),
  on: {
    order(ctx, n) {
      ctx.state.orders += 1
      ctx.state.sum += n
      return `order ${ctx.state.orders} of ${n}`
    },
    async slow(ctx, n) {
      ctx.state.orders += 1
      ctx.signal.addEventListener('abort', () => aborted.push('slow'))
      await gate.pass()
      if (ctx.signal.aborted) throw ctx.signal.reason
      return `slow ${n}`
    },
    async stepped(ctx, n) {
      starts += 1
      if (starts > 5) throw terminal('without end')
      ctx.state.orders += 1
      return await ctx.effect('call', n, () => {
        calls += 1
        return `step ${n}`
      })
    },
    refuse(ctx, n) {
      ctx.state.orders += n
      throw new Error(`no ${n}`)
    },
    forward(ctx, { id, times }) {
      for (let i = 0; i < times; i += 1) ctx.ref(Shop, 'target').tell.order(i, { id })
    },
    async hold() {
      await gate.pass()
    },
  },
  reads: { count: (ctx) => ctx.state.orders },
})
const buyer = actor(Buyer, {
  on: {
    buy: async (ctx, { id, n }) => await ctx.ref(Shop, 's').ask.order(n, { id }),
  },
})
const Clerk = contract('clerk', { buy: message<number, string>() })
const clerk = actor(Clerk, {
  durable: true,
  state: () => ({}),
  on: { buy: async (ctx, n) => await ctx.ref(Shop, 's').ask.order(n) },
})
const actors = [shop, buyer, clerk] as const

for (const name of ['memory', 'sqlite'] as const) {
  test(`own ids: a retry gets the same reply, also after a restart (${name})`, async () => {
    await withFolderAsync(async (folder) => {
      const engine: Engine = name === 'memory' ? memoryEngine() : sqliteEngine(join(folder, 's.db'))
      try {
        const w = new World({ actors, engine })
        const first = await settled(w, w.ref(Shop, 's').ask.order(5, { id: 'a' }))
        assert.equal(first, 'order 1 of 5')
        assert.equal(await settled(w, w.ref(Shop, 's').ask.order(5, { id: 'a' })), first)
        assert.equal(await settled(w, w.ref(Shop, 's').ask.order(5, { id: 'b' })), 'order 2 of 5')
        w.assertBalanced()
        const next = w.crash()
        assert.equal(await settled(next, next.ref(Shop, 's').ask.order(5, { id: 'a' })), first)
        assert.equal(await settled(next, next.ref(Shop, 's').ask.count()), 2)
        next.assertBalanced()
      } finally {
        engine.close()
      }
    })
  })
}

for (const how of ['tell', 'ask'] as const) {
  test(`own ids: ${how} under an id that was handled makes no step, and is over`, async () => {
    const w = new World({ actors })
    starts = 0
    calls = 0
    const first = await settled(w, w.ref(Shop, 's').ask.stepped(5, { id: 'a' }))
    for (let again = 0; again < 2; again += 1) {
      const said = w.ref(Shop, 's')[how].stepped(5, { id: 'a' })
      if (said instanceof Promise) assert.equal(await settled(w, said), first)
      await w.settle()
    }
    assert.equal(await settled(w, w.ref(Shop, 's').ask.order(1)), 'order 2 of 1')
    assert.ok(starts <= 3, `${starts} starts`)
    assert.equal(calls, 1)
    w.assertBalanced()
  })
}

test('own ids: a retry while the first is still running waits for its reply', async () => {
  gate = new Gate()
  const w = new World({ actors })
  const asks = [1, 2, 3].map(() => watched(w.ref(Shop, 's').ask.slow(1, { id: 'a' })))
  await w.settle()
  assert.ok(asks.every(({ done }) => !done))
  gate.open()
  await w.settle()
  for (const { promise } of asks) assert.equal(await promise, 'slow 1')
  assert.equal(await settled(w, w.ref(Shop, 's').ask.count()), 1)
  w.assertBalanced()
})

test('own ids: a retry after a crash in the middle gets the reply of the turn that ran again', async () => {
  gate = new Gate()
  const w = new World({ actors })
  w.ref(Shop, 's')
    .ask.slow(1, { id: 'a' })
    .catch(() => undefined)
  await w.settle()
  const next = w.crash()
  const again = watched(next.ref(Shop, 's').ask.slow(1, { id: 'a' }))
  await next.settle()
  gate.open()
  assert.equal(await settled(next, again.promise), 'slow 1')
  assert.equal(await settled(next, next.ref(Shop, 's').ask.count()), 1)
  next.assertBalanced()
})

test('own ids: an error is an outcome like a reply', async () => {
  const w = new World({ actors })
  const ask = () => settled(w, w.ref(Shop, 's').ask.refuse(1, { id: 'a' }))
  await assert.rejects(ask(), /no 1/)
  await assert.rejects(ask(), /no 1/)
  assert.equal(w.records().filter(({ name }) => name === 'refuse').length, 1)
  const next = w.crash()
  await assert.rejects(
    settled(next, next.ref(Shop, 's').ask.refuse(1, { id: 'a' })),
    code('ACTOR_FAILED'),
  )
  next.assertBalanced()
})

test('own ids: delivering twice delivers once, and an ask under that id gets the reply', async () => {
  const w = new World({ actors })
  for (let i = 0; i < 3; i += 1) await settled(w, w.ref(Shop, 's').deliver.order(7, { id: 'd' }))
  assert.equal(await settled(w, w.ref(Shop, 's').ask.order(7, { id: 'd' })), 'order 1 of 7')
  assert.equal(await settled(w, w.ref(Shop, 's').ask.count()), 1)
  w.assertBalanced()
})

test('own ids: telling a durable actor twice under one id counts once', async () => {
  const w = new World({ actors })
  w.ref(Shop, 's').tell.order(1, { id: 't' })
  w.ref(Shop, 's').tell.order(1, { id: 't' })
  await w.advance(1_000)
  assert.equal(await settled(w, w.ref(Shop, 's').ask.count()), 1)
  assert.equal(await settled(w, w.ref(Shop, 's').ask.order(1, { id: 't' })), 'order 1 of 1')
  w.assertBalanced()
})

test('own ids: duplicates in one outbox, and in the outboxes of two turns, are sent once', async () => {
  const w = new World({ actors })
  await settled(w, w.ref(Shop, 's').ask.forward({ id: 'f', times: 3 }))
  await settled(w, w.ref(Shop, 's').ask.forward({ id: 'f', times: 1 }))
  assert.equal(await settled(w, w.ref(Shop, 'target').ask.count()), 1)
  assert.ok(
    !w.events.some(({ event }) => event === 'turn-undone'),
    'nothing had to be undone for it',
  )
  w.assertBalanced()
})

test('own ids: a volatile actor asks a durable one under an id, and its retry gets the same reply', async () => {
  const w = new World({ actors })
  const first = await settled(w, w.ref(Buyer, 'b').ask.buy({ id: 'x', n: 3 }))
  assert.equal(await settled(w, w.ref(Buyer, 'c').ask.buy({ id: 'x', n: 3 })), first)
  assert.equal(await settled(w, w.ref(Shop, 's').ask.count()), 1)
  w.assertBalanced()
})

test('own ids: the same id to two actors is two ids', async () => {
  const w = new World({ actors })
  assert.equal(await settled(w, w.ref(Shop, 'a').ask.order(1, { id: 'x' })), 'order 1 of 1')
  assert.equal(await settled(w, w.ref(Shop, 'b').ask.order(2, { id: 'x' })), 'order 1 of 2')
  w.assertBalanced()
})

test('own ids: they are forgotten after 24 h', async () => {
  const w = new World({ actors })
  await settled(w, w.ref(Shop, 's').ask.order(1, { id: 'x' }))
  await w.advance(24 * 3_600_000 + 1)
  assert.equal(await settled(w, w.ref(Shop, 's').ask.order(1, { id: 'x' })), 'order 2 of 1')
  w.assertBalanced()
})

test('own ids: a timeout takes nothing back, the caller comes again for the reply', async () => {
  gate = new Gate()
  aborted.length = 0
  const w = new World({ actors })
  const first = watched(w.ref(Shop, 's').ask.slow(1, { id: 'a', within: 1_000 }))
  first.promise.catch(() => undefined)
  await w.advance(1_000)
  await assert.rejects(first.promise, code('ASK_TIMEOUT'))
  assert.deepEqual(aborted, [])
  const again = watched(w.ref(Shop, 's').ask.slow(1, { id: 'a' }))
  gate.open()
  assert.equal(await settled(w, again.promise), 'slow 1')
  w.assertBalanced()
})

test('F3: an ask under an id of an actor in quarantine fails at once, its retry gets the reply', async () => {
  gate = new Gate()
  const w = new World({ actors })
  w.ref(Shop, 's').tell.hold()
  await w.settle()
  const order = (id: string) => w.ref(Shop, 's').ask.order(1, { id })
  const before = watched(order('before'))
  before.promise.catch(() => undefined)
  await w.settle()
  w.service.quarantine([{ actor: 'shop/s' }, { actor: 'shop/other', timer: 't' }])
  await assert.rejects(settled(w, before.promise), code('QUARANTINED'))
  await assert.rejects(settled(w, order('after')), code('QUARANTINED'))
  // A turn that asks it waits: its failure would stand, and the question be handled all the same.
  const turn = watched(w.ref(Clerk, 'c').ask.buy(1))
  await w.settle()
  assert.equal(turn.done, false)
  assert.equal(await settled(w, w.ref(Shop, 'other').ask.order(1, { id: 'a' })), 'order 1 of 1')
  w.service.quarantine([])
  gate.open()
  assert.deepEqual(await settled(w, Promise.all([order('before'), order('after')])), [
    'order 1 of 1',
    'order 2 of 1',
  ])
  assert.equal(await settled(w, turn.promise), 'order 3 of 1')
  assert.equal(await settled(w, w.ref(Shop, 's').ask.count()), 3)
  w.assertBalanced()
})

test('own ids: an abort takes the waiting message back, and says so to the next one who asks', async () => {
  gate = new Gate()
  const w = new World({ actors })
  w.ref(Shop, 's').tell.hold()
  await w.settle()
  const controller = new AbortController()
  const ask = watched(w.ref(Shop, 's').ask.order(1, { id: 'a', signal: controller.signal }))
  ask.promise.catch(() => undefined)
  await w.settle()
  controller.abort()
  await w.settle()
  await assert.rejects(ask.promise, code('CANCELLED'))
  gate.open()
  await w.settle()
  assert.equal(await settled(w, w.ref(Shop, 's').ask.count()), 0)
  assert.deepEqual(
    w.letters.map(({ reason }) => reason),
    ['cancelled'],
  )
  assert.equal(w.store.stats().pending, 0, 'its end is recorded')
  await assert.rejects(settled(w, w.ref(Shop, 's').ask.order(1, { id: 'a' })), code('CANCELLED'))
  w.assertBalanced()
})

test('own ids: a wrong option is refused before anything is opened', async () => {
  const w = new World({ actors })
  await assert.rejects(
    settled(w, w.ref(Shop, 's').ask.order(1, { id: '@bad' })),
    code('OPTION_INVALID'),
  )
  assert.equal(w.peer.asks.size, 0)
  w.assertBalanced()
})
