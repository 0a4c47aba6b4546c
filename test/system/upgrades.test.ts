/** D9 in a whole system: types that are renamed, removed, or not there. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { type App, app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { stateAt } from '../../persistence/replay/state-at.ts'
import type { System } from '../../runtime/main/system.ts'
import type { LogLine } from '../../runtime/telemetry/logs/line.ts'
import { code } from '../durable/support.ts'
import { fileOf, logTo, systemOf } from './support.ts'
import upgraded, { Counter } from './upgraded.app.ts'

const Tally = contract('tally', { add: message<number, number>() })
const Gone = contract('gone', {
  keep: message<void, void>(),
  wait: message<void, void>(),
  say: message<string, void>(),
})

const tally = actor(Tally, {
  durable: true,
  state: () => ({ n: 0 }),
  on: { add: (ctx, n) => (ctx.state.n += n) },
})
const gone = actor(Gone, {
  durable: true,
  state: () => ({ said: [] as string[] }),
  on: {
    keep(ctx) {
      ctx.timer('tick', { rate: 3_600_000 }, 'say', 'tick')
      ctx.subscribe('news.*', 'say')
    },
    // What comes behind it waits in the store for the next process.
    wait: (ctx) => new Promise((end) => ctx.signal.addEventListener('abort', () => end())),
    say: (ctx, text) => void ctx.state.said.push(text),
  },
})
const before = app(import.meta.url, { actors: [tally, gone] })
const present = { ...upgraded, url: import.meta.url } as App

async function runOn(t: TestContext, file: string, code: App, log?: LogLine[]): Promise<System> {
  const options = log === undefined ? {} : { log: logTo(log) }
  return await systemOf(t, code, { store: file, workers: 0, closeWithin: 0, ...options })
}

/** A store in which a tally has 5, and two messages wait for an actor that is gone later. */
async function filled(t: TestContext): Promise<string> {
  const file = fileOf(t)
  const system = await runOn(t, file, before)
  await system.ref(Tally, 'a').ask.add(5)
  await system.ref(Gone, 'x').ask.keep()
  void system.ref(Gone, 'x').deliver.wait()
  await system.ref(Gone, 'x').deliver.say('one')
  await system.ref(Gone, 'x').deliver.say('two', { id: 'own' })
  await system.close()
  return file
}

test('D9: a renamed type keeps its actors, on threads of their own as well', async (t) => {
  const file = await filled(t)
  const system = await systemOf(t, upgraded, { store: file, workers: 1 })
  assert.equal(await system.ref(Counter, 'a').ask.value(), 5)
  assert.equal(await system.ref(Counter, 'a').ask.add({ by: 2 }), 7)
})

test('D9: what waits for a removed type becomes dead letters, its timers end, its state stays', async (t) => {
  const file = await filled(t)
  const first = await runOn(t, file, present)
  const letters = first.deadLetters.list({ type: 'gone' })
  assert.deepEqual(
    letters.map(({ name, reason, payload }) => ({ name, reason, payload })).reverse(),
    [
      { name: 'wait', reason: 'no-definition', payload: undefined },
      { name: 'say', reason: 'no-definition', payload: 'one' },
      { name: 'say', reason: 'no-definition', payload: 'two' },
    ],
  )
  assert.equal(first.deadLetters.replay('own').status, 'refused')
  const { store } = await first.health()
  assert.deepEqual([store?.pending, store?.timers], [0, 0])
  await first.close()
  const again = await runOn(t, file, before)
  await again.quiet()
  assert.equal(again.deadLetters.list({ type: 'gone' }).length, 3)
  again.publish('news.today', 'nobody subscribes any more')
  assert.equal(again.deadLetters.replay('own').status, 'queued')
  await again.quiet()
  await again.close()
  const { reader, close } = openRecording(file)
  t.after(close)
  const last = stateAt(reader, 'gone/x')
  assert.deepEqual('state' in last && last.state?.value, { said: ['two'] })
})

test('D9: what waits for a type that nobody says is removed waits, and health says so', async (t) => {
  const file = await filled(t)
  const log: LogLine[] = []
  const without = app(import.meta.url, { actors: [tally] })
  const system = await runOn(t, file, without, log)
  const health = await system.health()
  assert.equal(health.status, 'types-missing')
  assert.deepEqual(health.missing, [{ type: 'gone', actors: 1, pending: 3, timers: 1 }])
  assert.ok(log.some(({ level, message: text }) => level === 'error' && text.includes('"gone"')))
  assert.deepEqual(system.deadLetters.list(), [])
  // It is still subscribed, and what is published for it waits, too.
  system.publish('news.today', 'later')
  await system.quiet()
  await system.close()
  const again = await runOn(t, file, before)
  assert.equal((await again.health()).store?.pending, 4)
})

test('D9: a dead letter of an old version is sent again as the present one', async (t) => {
  const file = fileOf(t)
  const Old = contract('counter', {
    add: message<number, number>(),
    value: message<void, number>(),
  })
  const old = actor(Old, {
    durable: true,
    retry: { attempts: 1 },
    state: () => ({ n: 1 }),
    on: {
      add() {
        throw new Error('not today')
      },
    },
    reads: { value: (ctx) => ctx.state.n },
  })
  const first = await runOn(t, file, app(import.meta.url, { actors: [old] }))
  await first.ref(Old, 'a').deliver.add(4, { id: 'four' })
  await first.quiet()
  await first.close()
  const second = await runOn(t, file, present)
  assert.equal(second.deadLetters.list()[0]?.payload, 4)
  assert.equal(second.deadLetters.replay('four').status, 'queued')
  await second.quiet()
  assert.equal(await second.ref(Counter, 'a').ask.value(), 4)
  await second.close()
  const rolledBack = await runOn(t, file, app(import.meta.url, { actors: [old] }))
  await assert.rejects(rolledBack.ref(Old, 'a').ask.value(), code('VERSION_NEWER'))
})
