/** `explore`: one test, many possible orders. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { createTestSystem, type Exploration, explore } from '../../runtime/testing/index.ts'
import { Account, bank } from './bank.ts'

const Log = contract('log', { add: message<string>(), all: message<void, string[]>() })
const log = actor(Log, {
  state: (): { lines: string[] } => ({ lines: [] }),
  on: {
    add(ctx, line) {
      ctx.state.lines.push(line)
    },
    all: (ctx) => ctx.state.lines,
  },
})

/** Two steps away from the log, and one step: a race that no test should rely on. */
const Relay = contract('relay', { send: message<string>() })
const relay = actor(Relay, {
  on: { send: (ctx, line) => void ctx.ref(Log, 'main').tell.add(line) },
})
const Bursts = contract('burst', { run: message<number>() })
const burst = actor(Bursts, {
  on: {
    run(ctx, count) {
      for (let i = 0; i < count; i += 1) ctx.ref(Log, 'main').tell.add(`${ctx.self.key}${i}`)
    },
  },
})
const races = app(import.meta.url, { actors: [log, relay, burst] })

async function ordersOf({ system }: Exploration): Promise<string[]> {
  const running = await system(races)
  running.ref(Relay, 'r').tell.send('by relay')
  running.ref(Log, 'main').tell.add('direct')
  await running.settle()
  return await running.ref(Log, 'main').ask.all()
}

test('explore: orders that threads would give are found', async () => {
  const seen = new Set<string>()
  await explore(async (run) => void seen.add((await ordersOf(run)).join(', ')), { seeds: 10 })
  assert.deepEqual(seen, new Set(['direct, by relay']), 'a longer way is never the shorter one')
  const senders = new Set<string>()
  await explore(
    async ({ system }) => {
      const running = await system(races)
      running.ref(Relay, 'a').tell.send('a')
      running.ref(Relay, 'b').tell.send('b')
      await running.settle()
      senders.add((await running.ref(Log, 'main').ask.all()).join(', '))
    },
    { seeds: 40 },
  )
  assert.deepEqual(senders, new Set(['a, b', 'b, a']))
})

test('explore: T2: no schedule reorders what one sender sends to one receiver', async () => {
  const passed = await explore(
    async ({ system }) => {
      const running = await system(races)
      running.ref(Bursts, 'x').tell.run(5)
      running.ref(Bursts, 'y').tell.run(5)
      await running.settle()
      const lines = await running.ref(Log, 'main').ask.all()
      for (const key of ['x', 'y']) {
        const own = lines.filter((line) => line.startsWith(key))
        assert.deepEqual(
          own,
          [0, 1, 2, 3, 4].map((i) => `${key}${i}`),
        )
      }
      assert.equal(running.stats().imbalance, 0)
    },
    { seeds: 50 },
  )
  assert.equal(passed, 50)
})

test('explore: durable transfers keep the money in every schedule, failing commits included', async () => {
  await explore(
    async ({ system, seed }) => {
      const running = await system(bank)
      const keys = ['a', 'b', 'c']
      await Promise.all(keys.map((key) => running.ref(Account, key).ask.deposit({ amount: 10 })))
      if (seed % 2 === 0) running.failCommits(1)
      const transfers = keys.map((key, i) =>
        running.ref(Account, key).ask.transfer({ to: keys[(i + 1) % 3] as string, amount: 7 }),
      )
      await running.advance(60_000)
      await Promise.all(transfers)
      await running.settle()
      const balances = await Promise.all(keys.map((key) => running.ref(Account, key).ask.balance()))
      assert.deepEqual(balances, [10, 10, 10])
      assert.equal(running.stats().imbalance, 0)
    },
    { seeds: 20 },
  )
})

/** Holds when the message of `a` comes first: some schedules break it. */
async function hopesForA({ system }: Exploration): Promise<void> {
  const running = await system(races)
  running.ref(Relay, 'a').tell.send('a')
  running.ref(Relay, 'b').tell.send('b')
  await running.settle()
  assert.deepEqual(await running.ref(Log, 'main').ask.all(), ['a', 'b'])
}

test('explore: the first failing schedule comes with its seed and a diagram, and can be run again', async () => {
  const failure = await explore(hopesForA).then(
    () => assert.fail('no schedule failed'),
    (error: unknown) => error,
  )
  assert.ok(failure instanceof TroupeError)
  assert.equal(failure.code, 'SCHEDULE_FAILED')
  assert.ok(failure.cause instanceof assert.AssertionError)
  const { seed, diagram } = failure.fields as { seed: number; diagram: string }
  assert.match(diagram, /^sequenceDiagram\n {2}participant p0 as outside\n/)
  const sent = diagram.indexOf("add('b')")
  assert.ok(sent > 0 && sent < diagram.indexOf("add('a')"), diagram)
  assert.match(failure.message, new RegExp(`explore\\(test, \\{ seed: ${seed} \\}\\)`))
  await assert.rejects(explore(hopesForA, { seed }), { code: 'SCHEDULE_FAILED' })
})

test('explore: one seed is one order', async () => {
  const runs: string[] = []
  for (let i = 0; i < 3; i += 1) {
    await explore(
      async ({ system }) => {
        const running = await system(races)
        for (const key of ['a', 'b', 'c', 'd']) running.ref(Bursts, key).tell.run(3)
        await running.settle()
        runs.push((await running.ref(Log, 'main').ask.all()).join(' '))
      },
      { seed: 7 },
    )
  }
  assert.equal(new Set(runs).size, 1)
})

test('explore: a message that no thread could carry is refused at once under a schedule too', async (t) => {
  const system = await createTestSystem(races, { seed: 1 })
  t.after(() => system.close())
  const outcome = system.ref(Log, 'main').tell.add((() => undefined) as never)
  assert.equal(outcome.status, 'refused')
})
