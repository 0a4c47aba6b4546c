/** R1, R2: recorded turns run again with today's code and recorded inputs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { type AnyDefinition, type App, app } from '../../actors/app.ts'
import { type ErrorData, encodeError } from '../../actors/cell/error-data.ts'
import type { Context } from '../../actors/context.ts'
import { contract, type Messages } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { terminal } from '../../mailbox/errors.ts'
import type { HistoryReader } from '../../persistence/history-reader.ts'
import { rerun } from '../../runtime/replay/rerun.ts'
import { createTestSystem, type TestSystem } from '../../runtime/testing/index.ts'
import { Account, bank } from '../testing/bank.ts'

const Worker = contract('worker', {
  add: message<number, number>(),
  race: message<void, string[]>(),
  look: message<void, { now: number[]; random: number; uuid: string }>(),
  fail: message<string>(),
  retry: message(),
  call: message<string, string>(),
  later: message(),
  skip: message(),
  back: message(),
  guard: message<string>(),
  leave: message(),
})

interface WorkerState {
  total: number
  seen: string[]
}
type Ctx = Context<Messages, WorkerState, { fetch(name: string): Promise<string> }>

/** The recorded behaviour, with parts that a test replaces. */
function workers(
  changes: {
    add?: (ctx: Ctx, n: number) => unknown
    call?: (ctx: Ctx, name: string) => unknown
  } = {},
): App {
  const worker = actor(Worker, {
    durable: true,
    state: (): WorkerState => ({ total: 0, seen: [] }),
    onStart(ctx) {
      ctx.state.seen.push('started')
    },
    onTerminated(ctx, who) {
      ctx.state.seen.push(`${who.key} ended`)
    },
    on: {
      add(ctx, n) {
        ctx.state.total += n
        return ctx.state.total
      },
      async race(ctx) {
        const { state, deps } = ctx as unknown as Ctx
        const order: string[] = []
        const run = async (name: string): Promise<void> => {
          order.push(await ctx.effect(name, null, () => deps.fetch(name)))
        }
        await Promise.all([run('slow'), run('fast'), run('middle')])
        state.seen.push(order.join())
        return order
      },
      async look(ctx) {
        const now = [ctx.now()]
        await ctx.effect('wait', null, () => undefined)
        now.push(ctx.now())
        return { now, random: ctx.random(), uuid: ctx.uuid() }
      },
      fail(_ctx, why) {
        throw terminal(why)
      },
      retry(ctx) {
        if (ctx.message.attempt < 3) throw new Error('not yet')
        ctx.state.seen.push('mended')
      },
      call: (ctx, name) => ctx.effect('call', name, () => (ctx as unknown as Ctx).deps.fetch(name)),
      later(ctx) {
        ctx.timer('t', { after: 100 }, 'back')
        ctx.publish('news.worker', 1)
      },
      skip(ctx) {
        if (ctx.state.seen.at(-1) !== 'back') return ctx.stash()
        ctx.state.seen.push('unskipped')
      },
      back(ctx) {
        ctx.state.seen.push('back')
        ctx.unstash()
      },
      guard: (ctx, key) => ctx.watch({ type: 'worker', key }),
      leave: (ctx) => ctx.stop(),
      ...(changes as object),
    },
  })
  return app(import.meta.url, { actors: [worker as AnyDefinition] as never })
}

/** Answers in the order of its timers, which the test lets pass. */
function fetcher(system: () => TestSystem): { fetch(name: string): Promise<string> } {
  const after: Record<string, number> = { slow: 30, middle: 20, fast: 10 }
  return {
    fetch: (name) =>
      new Promise((resolve) => {
        const { clock } = system()
        clock.alarm(clock.mono() + (after[name] ?? 0), () => resolve(name))
      }),
  }
}

async function recorded(run: (system: TestSystem) => Promise<void>): Promise<HistoryReader> {
  let system: TestSystem | undefined
  const deps = fetcher(() => system as TestSystem)
  system = await createTestSystem(workers(), { deps })
  await run(system)
  await system.settle()
  assert.equal(system.stats().imbalance, 0)
  return system.records as HistoryReader
}

async function everything(system: TestSystem): Promise<void> {
  const one = system.ref(Worker, 'one')
  await one.ask.add(3)
  const race = one.ask.race()
  await system.advance(100)
  assert.deepEqual(await race, ['fast', 'middle', 'slow'])
  await one.ask.look()
  await assert.rejects(one.ask.fail('no'), { code: 'TERMINAL' })
  await one.deliver.fail('parked')
  await one.deliver.retry()
  await system.advance(60_000)
  one.tell.skip()
  await one.ask.later()
  await system.advance(200)
  await system.ref(Worker, 'two').ask.add(5)
}

test('R2: every kind of turn runs again to the same patch, outbox, steps and errors', async () => {
  const reader = await recorded(everything)
  const report = await rerun(reader, workers(), {})
  assert.deepEqual(report.divergences, [])
  assert.equal(report.actors, 2)
  assert.ok(report.turns >= 10, `${report.turns} turns`)
})

test('R2, F6: watches, ends and what comes of them run again', async () => {
  const reader = await recorded(async (system) => {
    await system.ref(Worker, 'two').ask.add(5)
    await system.ref(Worker, 'one').ask.guard('two')
    await system.ref(Worker, 'two').deliver.leave()
    await system.settle()
  })
  const { divergences, turns } = await rerun(reader, workers())
  assert.deepEqual(divergences, [])
  assert.equal(turns, 6, 'two starts, four messages')
})

test('R2: concurrent steps settle in the recorded order, whatever order they were made in', async () => {
  const reader = await recorded(async (system) => {
    const race = system.ref(Worker, 'one').ask.race()
    await system.advance(100)
    await race
  })
  assert.deepEqual((await rerun(reader, workers())).divergences, [])
})

test('R2: the first turn that does something else is told with both values', async () => {
  const reader = await recorded(async (system) => {
    const one = system.ref(Worker, 'one')
    for (const n of [1, 2, 3]) await one.ask.add(n)
    await system.ref(Worker, 'two').ask.add(1)
  })
  const changed = workers({ add: (ctx, n) => (ctx.state.total += n === 2 ? 20 : n) })
  const { divergences, turns } = await rerun(reader, changed)
  const [only, ...more] = divergences
  assert.deepEqual(more, [])
  assert.equal(only?.actor, 'worker/one')
  assert.equal(only.name, 'add')
  assert.equal(only.cause.kind, 'difference')
  assert.ok(only.cause.kind === 'difference')
  assert.equal(only.cause.what, 'patch')
  assert.deepEqual(only.cause.recorded?.value, 3)
  assert.deepEqual(only.cause.rerun?.value, 21)
  assert.equal(turns, 5, 'an actor is not followed past its first divergence')
})

/** An error as data, made on a line of its own. */
const made = (why: string): ErrorData => encodeError(new Error(why))

test('R2: stacks in errors and in recorded values are no difference, wherever the code stands', async () => {
  const call = (ctx: Ctx, name: string) =>
    ctx.effect('call', name, () => Promise.reject(new Error(name))).catch(encodeError)
  const here = workers({
    add(_ctx, n) {
      throw terminal(`no ${n}`)
    },
    async call(ctx, name) {
      ctx.state.seen.push((await call(ctx, name)).stack ?? '')
      return { own: made('own'), in: new Map([['one', [made('two')]]]) }
    },
  })
  const there = workers({
    add: (_ctx, n) => [n].map((one) => assert.fail(terminal(`no ${one}`))),
    async call(ctx, name) {
      ctx.state.seen.push((await call(ctx, name)).stack ?? '')
      const [own, two] = ['own', 'two'].map(made)
      return { own, in: new Map([['one', [two]]]) }
    },
  })
  const system = await createTestSystem(here)
  await assert.rejects(system.ref(Worker, 'one').ask.add(1), { code: 'TERMINAL' })
  await system.ref(Worker, 'one').deliver.add(2)
  const { own } = (await system.ref(Worker, 'one').ask.call('gone')) as unknown as {
    own: ErrorData
  }
  assert.match(own.stack ?? '', /rerun\.test/, 'they are recorded')
  await system.settle()
  const reader = system.records as HistoryReader
  const { divergences, turns } = await rerun(reader, there)
  assert.deepEqual(divergences, [])
  assert.equal(turns, 4)
  const [other] = (await rerun(reader, workers({ call: () => ({ own: made('else') }) })))
    .divergences
  assert.equal(other?.name, 'add')
})

test('R2: a call that failed fails again: caught, mended by a retry, and parked', async () => {
  let calls = 0
  const failing = workers({
    async call(ctx, name) {
      const call = () =>
        ctx.effect('call', name, () => {
          calls += 1
          if (name === 'mended' && ctx.message.attempt === 3) return 'at last'
          throw new Error(`${name} ${ctx.message.attempt}`)
        })
      if (name === 'last') throw new Error(`attempt ${ctx.message.attempt}`)
      if (name === 'caught') return await call().catch(String)
      // A step that was mended in the second attempt, before one that never is.
      if (name === 'parked') {
        await ctx.effect('first', name, () => {
          if (ctx.message.attempt === 1) throw new Error('first')
        })
      }
      return await call()
    },
  })
  const system = await createTestSystem(failing)
  const { ask, deliver } = system.ref(Worker, 'one')
  assert.equal(await ask.call('caught'), 'Error: caught 1')
  await assert.rejects(ask.call('asked'))
  for (const name of ['mended', 'parked', 'last']) await deliver.call(name)
  await system.advance(60_000)
  assert.equal(system.deadLetters.list().length, 2)
  const made = calls
  assert.deepEqual((await rerun(system.records as HistoryReader, failing)).divergences, [])
  assert.equal(calls, made, 'R1: none is made again')
})

test('R1: a call that is not recorded reaches nothing, and is the divergence', async () => {
  const reader = await recorded((system) =>
    system
      .ref(Worker, 'one')
      .ask.add(1)
      .then(() => undefined),
  )
  let reached = 0
  const changed = workers({
    add: async (ctx, n) => {
      await ctx.effect('charge', n, () => {
        reached += 1
      })
      return n
    },
  })
  const { divergences } = await rerun(reader, changed)
  assert.deepEqual(divergences[0]?.cause, { kind: 'new-step', name: 'charge' })
  assert.equal(reached, 0)
})

test('R1: a recorded call is answered from its record', async () => {
  const reader = await recorded(async (system) => {
    const called = system.ref(Worker, 'one').ask.call('x')
    await system.advance(1)
    await called
  })
  assert.deepEqual((await rerun(reader, workers())).divergences, [])
})

test('R2: a recorded call that today’s code does not make is the divergence', async () => {
  const reader = await recorded(async (system) => {
    const called = system.ref(Worker, 'one').ask.call('x')
    await system.advance(1)
    await called
  })
  const { divergences } = await rerun(reader, workers({ call: () => 'x' }))
  assert.ok(divergences[0]?.cause.kind === 'difference')
  assert.equal(divergences[0].cause.what, 'steps')
})

test('R2: a call with another input is told as STEP_CHANGED', async () => {
  const reader = await recorded(async (system) => {
    const called = system.ref(Worker, 'one').ask.call('x')
    await system.advance(1)
    await called
  })
  const changed = workers({ call: (ctx, name) => ctx.effect('call', `${name}!`, () => 'y') })
  const { divergences } = await rerun(reader, changed)
  assert.match(JSON.stringify(divergences[0]?.cause), /STEP_CHANGED/)
})

test('R2: awaiting what is no step is outside of it, and told', async () => {
  const reader = await recorded((system) =>
    system
      .ref(Worker, 'one')
      .ask.add(1)
      .then(() => undefined),
  )
  const changed = workers({ add: () => new Promise(() => undefined) })
  const { divergences } = await rerun(reader, changed, { patience: 20 })
  assert.deepEqual(divergences[0]?.cause, { kind: 'waits' })
})

test('R1: dependencies are not built for a replay; touching them says what to do', async () => {
  const reader = await recorded((system) =>
    system
      .ref(Worker, 'one')
      .ask.add(1)
      .then(() => undefined),
  )
  const changed = workers({ add: (ctx) => (ctx.deps as { fetch: unknown }).fetch })
  const { divergences } = await rerun(reader, changed)
  assert.match(JSON.stringify(divergences[0]?.cause), /REPLAY_LIVE/)
})

test('rerun: a part of the history, of one actor', async () => {
  const reader = await recorded(everything)
  const all = await rerun(reader, workers(), { actor: 'worker/one' })
  assert.equal(all.actors, 1)
  const half = await rerun(reader, workers(), { from: Math.floor(reader.position / 2) })
  assert.deepEqual(half.divergences, [])
  assert.ok(half.turns < all.turns + 2)
})

test('rerun: a type that is no longer in the app is told, the others go on', async () => {
  const system = await createTestSystem(bank)
  await system.ref(Account, 'alice').ask.deposit({ amount: 1 })
  const { divergences } = await rerun(system.records as HistoryReader, workers())
  assert.deepEqual(
    divergences.map(({ cause }) => cause),
    [{ kind: 'no-definition' }],
  )
  assert.deepEqual((await rerun(system.records as HistoryReader, bank as App)).divergences, [])
})

const Sayer = contract('sayer', {
  say: message<string, number>(),
  hear: message<number>(),
})

/** Each way to say something in a turn, with a value that another version of the code may change. */
const ways: Readonly<Record<string, (ctx: SayerCtx, value: number) => number | Promise<number>>> = {
  error: (_ctx, value) => {
    throw terminal(`no ${value}`)
  },
  patch: (ctx, value) => (ctx.state.n = value),
  outbox(ctx, value) {
    ctx.ref(Sayer, 'other').tell.hear(value)
    return 0
  },
  timers(ctx, value) {
    ctx.timer('later', { after: value * 1_000_000 }, 'hear', 0)
    return 0
  },
  subscriptions(ctx, value) {
    ctx.subscribe(`news.${value}`, 'hear')
    return 0
  },
  reply: (_ctx, value) => value,
  book(ctx, value) {
    if (value === 1) ctx.grant()
    return 0
  },
  stash(ctx, value) {
    if (value === 1) ctx.stash()
    return 0
  },
}

type SayerCtx = Context<Messages, { n: number }> & {
  ref(contract: typeof Sayer, key: string): { readonly tell: { hear(value: number): unknown } }
}

function sayers(value: number) {
  const sayer = actor(Sayer, {
    durable: true,
    state: () => ({ n: 0 }),
    onTerminated() {},
    on: {
      say: (ctx, way) => ways[way]?.(ctx as unknown as SayerCtx, value) ?? 0,
      hear: () => undefined,
    },
  })
  return app(import.meta.url, { actors: [sayer] })
}

for (const way of Object.keys(ways)) {
  test(`R2: another ${way} is told as such`, async () => {
    const system = await createTestSystem(sayers(1))
    const one = system.ref(Sayer, 'one')
    // Under an id of its own, so that its reply is part of the record; who stashes does not reply.
    if (way === 'stash') one.tell.say(way)
    else one.ask.say(way, { id: 'once' }).catch(() => undefined)
    await system.settle()
    const reader = system.records as HistoryReader
    assert.deepEqual((await rerun(reader, sayers(1))).divergences, [])
    const [first] = (await rerun(reader, sayers(2))).divergences
    assert.equal(first?.cause.kind, 'difference')
    assert.ok(first?.cause.kind === 'difference')
    assert.equal(first.cause.what, way)
    await system.close()
  })
}
