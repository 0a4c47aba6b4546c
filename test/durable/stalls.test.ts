/** D5: a failed commit has an unknown outcome; whatever it was, nothing is lost and nothing happens twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { At } from '../../persistence/directory.ts'
import { RecordKind } from '../../persistence/record.ts'
import { code, Gate, settled, watched } from './support.ts'
import { type Fault, memoryEngine, World } from './world.ts'

const Account = contract('account', {
  deposit: message<number, number>(),
  transfer: message<{ to: string; amount: number }, number>(),
  audit: message<void, number>(),
  watchNews: message<void, void>(),
  news: message<string, void>(),
  announce: message<string, void>(),
  pay: message<number, number>(),
  payLater: message<number, void>(),
  tick: message<void, void>(),
  wait: message<number, void>(),
})

let paid = 0
let slow = new Gate()

const account = actor(Account, {
  durable: true,
  state: () => ({ balance: 0, count: 0, news: [] as string[], ticks: 0 }),
  on: {
    deposit(ctx, amount) {
      ctx.state.count += 1
      ctx.state.balance += amount
      return ctx.state.balance
    },
    transfer(ctx, { to, amount }) {
      ctx.state.balance -= amount
      ctx.ref(Account, to).tell.deposit(amount)
      return ctx.state.balance
    },
    watchNews(ctx) {
      ctx.subscribe('news.**', 'news')
    },
    news(ctx, item) {
      ctx.state.news.push(item)
    },
    announce(ctx, text) {
      ctx.publish('news.today', text)
    },
    async pay(ctx, amount) {
      const key = await ctx.effect('pay', amount, async () => {
        paid += 1
        await slow.pass()
        return 'paid'
      })
      ctx.state.balance -= key === 'paid' ? amount : 0
      return ctx.state.balance
    },
    async payLater(ctx, amount) {
      if (ctx.message.attempt === 1 && paid === 0 && slow.arrived === 0) {
        void slow.pass()
        throw new Error('not yet')
      }
      await ctx.effect('pay', amount, () => {
        paid += 1
      })
      ctx.state.balance -= amount
    },
    tick(ctx) {
      ctx.state.ticks += 1
    },
    wait(ctx, every) {
      ctx.timer('t', { rate: every }, 'tick')
    },
  },
  reads: { audit: (ctx) => ctx.state.balance },
})

function world(faults: Fault[] = []): { w: World; faults: Fault[] } {
  const engine = memoryEngine()
  const w = new World({ actors: [account], engine })
  engine.fault = () => faults.shift()
  paid = 0
  slow = new Gate()
  slow.open()
  return { w, faults }
}

function stateOf(w: World, key: string) {
  const cell = w.cell(`account/${key}`)
  return cell?.state as
    | { balance: number; count: number; news: string[]; ticks: number }
    | undefined
}

for (const fault of ['before', 'after'] as const) {
  test(`D5: a commit that throws ${fault} it happened changes nothing twice and loses nothing`, async () => {
    const { w, faults } = world()
    await settled(w, w.ref(Account, 'a').ask.deposit(100))
    faults.push(fault)
    const reply = watched(w.ref(Account, 'a').ask.transfer({ to: 'b', amount: 30 }))
    const delivered = watched(w.ref(Account, 'a').deliver.deposit(1))
    await w.settle()
    assert.equal(reply.done, false, 'unknown is not yes')
    assert.notEqual(w.service.stalledSince, undefined, 'the store says that it is stalled')
    await w.advance(1_000)
    assert.equal(w.service.stalledSince, undefined)
    assert.equal(await reply.promise, 70)
    await delivered.promise
    assert.equal(await settled(w, w.ref(Account, 'a').ask.audit()), 71)
    assert.equal(await settled(w, w.ref(Account, 'b').ask.audit()), 30)
    assert.equal(stateOf(w, 'b')?.count, 1)
    w.assertBalanced()
    const next = w.crash()
    assert.equal(
      await settled(next, next.ref(Account, 'a').ask.audit()),
      71,
      'memory and history agree',
    )
    assert.equal(await settled(next, next.ref(Account, 'b').ask.audit()), 30)
    next.assertBalanced()
  })

  test(`D5: own ids: an outcome that was made by a commit that threw ${fault} it happened is found`, async () => {
    const { w, faults } = world()
    await settled(w, w.ref(Account, 'a').ask.deposit(100))
    faults.push(undefined, fault)
    const reply = watched(w.ref(Account, 'a').ask.transfer({ to: 'b', amount: 30 }, { id: 'one' }))
    await w.advance(1_000)
    assert.ok(reply.done)
    assert.equal(await reply.promise, 70)
    assert.equal(
      await settled(w, w.ref(Account, 'a').ask.transfer({ to: 'b', amount: 30 }, { id: 'one' })),
      70,
    )
    assert.equal(stateOf(w, 'b')?.balance, 30)
    w.assertBalanced()
  })

  test(`D5: subscribers get what was published by a commit that threw ${fault} it happened, once`, async () => {
    const { w, faults } = world()
    await settled(w, w.ref(Account, 's').ask.watchNews())
    faults.push(fault)
    w.ref(Account, 'a').tell.announce('one')
    await w.advance(1_000)
    assert.deepEqual(stateOf(w, 's')?.news, ['one'])
    faults.push(fault)
    w.outside.publish('news.today', 'two')
    await w.advance(1_000)
    assert.deepEqual(stateOf(w, 's')?.news, ['one', 'two'])
    w.assertBalanced()
  })

  test(`D5, D8: a tick whose commit threw ${fault} it happened comes once`, async () => {
    const { w, faults } = world()
    await settled(w, w.ref(Account, 'a').ask.wait(1_000))
    faults.push(fault)
    await w.advance(1_500)
    assert.equal(stateOf(w, 'a')?.ticks, 1)
    await w.advance(1_000)
    assert.equal(stateOf(w, 'a')?.ticks, 2)
    w.assertBalanced()
  })

  test(`D5, D2: a step's result whose commit threw ${fault} it happened is kept in memory, not paid again`, async () => {
    const { w, faults } = world()
    await settled(w, w.ref(Account, 'a').ask.deposit(100))
    faults.push(undefined, fault)
    const reply = watched(w.ref(Account, 'a').ask.pay(40))
    await w.advance(1_000)
    assert.equal(await reply.promise, 60)
    assert.equal(paid, 1)
    w.assertBalanced()
  })
}

test('D5, D2: a step that is out while another record is undone is joined, not doubted', async () => {
  const { w, faults } = world()
  await settled(w, w.ref(Account, 'a').ask.deposit(100))
  slow = new Gate()
  const reply = watched(w.ref(Account, 'a').ask.pay(40))
  await w.settle()
  assert.equal(slow.arrived, 1)
  // A stall with nothing of this actor in flight leaves its turn alone.
  faults.push('before')
  w.ref(Account, 'b').tell.deposit(1)
  await w.advance(1_000)
  slow.open()
  assert.equal(await settled(w, reply.promise), 60)
  assert.equal(paid, 1)
  w.assertBalanced()
})

test('D5: while the store is stalled durable turns go no further, and askers wait instead of failing', async () => {
  const { w, faults } = world()
  await settled(w, w.ref(Account, 'a').ask.deposit(100))
  faults.push('before', 'before', 'before')
  const reply = watched(w.ref(Account, 'a').ask.deposit(1))
  const other = watched(w.ref(Account, 'fresh').ask.deposit(1))
  for (let i = 0; i < 4; i += 1) await w.advance(400)
  assert.equal(await reply.promise, 101)
  assert.equal(await other.promise, 1)
  w.assertBalanced()
})

test('D5: one bad record does not fail the group', async () => {
  const { w } = world()
  const inner = w.store.commit.bind(w.store)
  let spoil = true
  // A writer with a bug: the record of actor "bad" is no record.
  w.store.commit = (frames) => {
    for (const frame of frames) {
      const at = frame.strings.indexOf('account/bad')
      if (spoil && at >= 0) {
        spoil = false
        const { directory } = frame
        for (let entry = 0; entry < directory.length; entry += 64) {
          const view = new DataView(directory.buffer, directory.byteOffset)
          if (view.getUint32(entry + 4, true) === at + 1) directory[entry] = 99
        }
      }
    }
    return inner(frames)
  }
  const bad = watched(w.ref(Account, 'bad').ask.deposit(1))
  const good = ['x', 'y', 'z'].map((key) => watched(w.ref(Account, key).ask.deposit(1)))
  await w.settle()
  for (const { promise } of good) assert.equal(await promise, 1)
  await w.advance(1_000)
  assert.equal(await bad.promise, 1, 'the turn ran again')
  w.assertBalanced()
})

test('D5: a record that is refused alone is undone with what was built on it, and the actor goes on', async () => {
  const { w } = world()
  await settled(w, w.ref(Account, 'bad').ask.deposit(1))
  const inner = w.store.commit.bind(w.store)
  let spoil = true
  // A writer that folds onto another state: the turn number of one record is wrong.
  w.store.commit = (frames) => {
    for (const { directory, strings } of frames) {
      const no = strings.indexOf('account/bad') + 1
      const view = new DataView(directory.buffer, directory.byteOffset)
      for (let at = 0; spoil && no > 0 && at < directory.length; at += 64) {
        if (directory[at] !== RecordKind.turn || view.getUint32(at + 4, true) !== no) continue
        spoil = false
        view.setUint8(at + At.turn, 77)
      }
    }
    return inner(frames)
  }
  const asks = [10, 100, 1_000].map((n) => watched(w.ref(Account, 'bad').ask.deposit(n)))
  await w.advance(1_000)
  assert.deepEqual(await Promise.all(asks.map(({ promise }) => promise)), [11, 111, 1_111])
  assert.equal(w.events.filter(({ event }) => event === 'turn-undone').length, 1)
  w.assertBalanced()
  const next = w.crash()
  assert.equal(await settled(next, next.ref(Account, 'bad').ask.audit()), 1_111)
})

test('D5, F2: a retry whose step is undone comes again once', async () => {
  const { w, faults } = world()
  await settled(w, w.ref(Account, 'a').ask.deposit(100))
  w.ref(Account, 'a').tell.payLater(40)
  await w.settle()
  faults.push('before')
  await w.advance(60_000)
  assert.equal(await settled(w, w.ref(Account, 'a').ask.audit()), 60)
  assert.equal(paid, 1)
  w.assertBalanced()
})

test('D5: reopening may fail; the store goes on trying', async () => {
  const { w, faults } = world()
  const reopen = w.store.reopen.bind(w.store)
  let failures = 3
  w.store.reopen = () => {
    if (failures > 0) {
      failures -= 1
      throw new Error('still broken')
    }
    return reopen()
  }
  faults.push('after')
  const reply = watched(w.ref(Account, 'a').ask.deposit(5))
  await w.advance(300)
  assert.equal(reply.done, false)
  await w.advance(10_000)
  assert.equal(await reply.promise, 5)
  w.assertBalanced()
})

test('D5: an own id refused by a commit whose answer was lost is known as a duplicate', async () => {
  const { w, faults } = world()
  await settled(w, w.ref(Account, 'a').deliver.deposit(7, { id: 'x' }))
  faults.push('after')
  await Promise.resolve()
  const again = watched(w.ref(Account, 'a').deliver.deposit(7, { id: 'x' }))
  await w.advance(1_000)
  await again.promise
  assert.equal(await settled(w, w.ref(Account, 'a').ask.audit()), 7)
  w.assertBalanced()
})

test('D5: a question that cannot be answered fails its asker, and the next one is answered', async () => {
  const { w } = world()
  const load = w.store.loadMany.bind(w.store)
  let broken = true
  w.store.loadMany = (actors, limit) => {
    if (broken && actors.includes('account/a')) throw new Error('unreadable sector')
    return load(actors, limit)
  }
  const beside = watched(w.ref(Account, 'b').ask.deposit(1))
  await assert.rejects(settled(w, w.ref(Account, 'a').ask.deposit(1)), code('ACTOR_FAILED'))
  assert.equal(await beside.promise, 1, 'another actor of the same question')
  broken = false
  const next = w.ref(Account, 'a').ask.deposit(1)
  await w.advance(1_000)
  assert.equal(await next, 1)
  w.assertBalanced()
})

// ── the law, over random schedules ──────────────────────────────────────────────────────────────

const moves = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constantFrom('ask' as const, 'deliver' as const, 'tell' as const),
        from: fc.nat(3),
        to: fc.nat(3),
        amount: fc.integer({ min: 1, max: 9 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(300) }) },
    { weight: 3, arbitrary: fc.constant({ do: 'settle' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'crash' as const }) },
  ),
  { maxLength: 40 },
)
const schedules = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom<Fault>('before', 'after') },
  ),
  { maxLength: 60 },
)

test('D5: whatever fails when, money is conserved and each acknowledged message counts exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(moves, schedules, async (program, schedule) => {
      const engine = memoryEngine()
      const faults = [...schedule]
      let w = new World({ actors: [account], engine })
      engine.fault = () => faults.shift()
      const keys = ['k0', 'k1', 'k2', 'k3']
      /** Acknowledged transfers must have happened; others may have. */
      let acknowledged = 0
      let said = 0
      for (const move of program) {
        if (move.do === 'wait') await w.advance(move.ms)
        else if (move.do === 'settle') await w.settle()
        else if (move.do === 'crash') {
          const pending = faults.splice(0)
          w = w.crash(10)
          faults.push(...pending)
        } else {
          said += 1
          const from = w.ref(Account, keys[move.from] as string)
          const payload = { to: keys[move.to] as string, amount: move.amount }
          if (move.do === 'tell') from.tell.transfer(payload)
          else {
            const promise =
              move.do === 'ask' ? from.ask.transfer(payload) : from.deliver.transfer(payload)
            void promise.then(
              () => {
                acknowledged += 1
              },
              () => undefined,
            )
          }
        }
      }
      faults.length = 0
      await w.advance(120_000)
      w.assertBalanced()
      assert.equal(w.store.stats().pending, 0)
      const check = async (world_: World): Promise<void> => {
        let balance = 0
        let deposits = 0
        for (const key of keys) {
          balance += await settled(world_, world_.ref(Account, key).ask.audit())
          deposits += stateOf(world_, key)?.count ?? 0
        }
        assert.equal(balance, 0, 'what left one account arrived in another, once')
        assert.ok(deposits >= acknowledged, `${deposits} of ${acknowledged} acknowledged`)
        assert.ok(deposits <= said, `${deposits} of ${said} said`)
      }
      await check(w)
      const next = w.crash()
      await next.settle()
      await check(next)
      next.assertBalanced()
      assert.equal(next.letters.length, 0)
    }),
    { numRuns: 80 },
  )
})
