/** `testActor`: one actor alone; what a message did is read from what production would record. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { patchPaths } from '../../persistence/patch.ts'
import { testActor } from '../../runtime/testing/index.ts'
import { account, authority, type Fees } from './bank.ts'

const rich = { balance: 100, reminders: 0 }

test('testActor: a message gives its reply, the patch of the state, and the state', async (t) => {
  const alice = testActor(account, { state: rich })
  t.after(() => alice.close())
  const turn = await alice.ask.deposit({ amount: 5 })
  assert.equal(turn.reply, 105)
  assert.deepEqual(turn.state, { balance: 105, reminders: 0 })
  assert.ok(turn.patch)
  assert.deepEqual(patchPaths(turn.patch), ['balance'])
  assert.deepEqual(turn.outbox, [])
  assert.deepEqual(turn.steps, [])
  assert.deepEqual(rich, { balance: 100, reminders: 0 }, 'the given state is left alone')
})

test('testActor: what a turn sends is its outbox, the receiver need not exist', async (t) => {
  const alice = testActor(account, { key: 'alice', state: rich })
  t.after(() => alice.close())
  const { outbox } = await alice.ask.transfer({ to: 'bob', amount: 30 })
  assert.deepEqual(
    outbox.map(({ from, to, name, payload }) => ({ from, to, name, payload })),
    [{ from: 'account/alice', to: 'account/bob', name: 'deposit', payload: { amount: 30 } }],
  )
})

test('testActor: what was published is in the outbox with its topic', async (t) => {
  const alice = testActor(account)
  t.after(() => alice.close())
  const { outbox } = await alice.ask.announce('hello')
  assert.deepEqual(
    outbox.map(({ topic, payload }) => ({ topic, payload })),
    [{ topic: 'news.bank', payload: 'hello' }],
  )
})

test('testActor: a read has a reply and changes nothing', async (t) => {
  const alice = testActor(account, { state: rich })
  t.after(() => alice.close())
  const turn = await alice.ask.balance()
  assert.equal(turn.reply, 100)
  assert.equal(turn.patch, undefined)
})

test('testActor: effects and asks are steps with what they gave, doubles answer them', async (t) => {
  const deps: Fees = { fee: () => 2 }
  const alice = testActor(account, { state: rich, deps, others: [authority] })
  t.after(() => alice.close())
  const { reply, steps } = await alice.ask.withdraw({ amount: 10 })
  assert.equal(reply, 88)
  assert.deepEqual(steps, [
    { name: 'fee', ok: true, value: 2 },
    { name: 'ask authority/main approve', ok: true, value: true },
  ])
})

test('testActor: T3: a handler that throws rejects with what it threw and leaves the state', async (t) => {
  const alice = testActor(account, { state: rich })
  t.after(() => alice.close())
  const refused = alice.ask.transfer({ to: 'bob', amount: 1_000 })
  await assert.rejects(refused, { code: 'TERMINAL', message: /insufficient funds/ })
  assert.deepEqual(await alice.state(), rich)
})

test('testActor: timers are told when set and cancelled, and ring when time passes', async (t) => {
  const wall = Date.UTC(2030, 0, 1)
  const alice = testActor(account, { wall, state: rich })
  t.after(() => alice.close())
  const set = await alice.ask.remind({ in: 500 })
  assert.deepEqual(set.timers, [
    { name: 'reminder', message: 'reminded', due: wall + 500, every: 0 },
  ])
  const cancelled = await alice.ask.forgetReminder()
  assert.deepEqual(cancelled.timers, [{ name: 'reminder' }])
  await alice.ask.remind({ in: 500 })
  await alice.advance(499)
  assert.equal((await alice.state())?.reminders, 0)
  await alice.advance(1)
  assert.equal((await alice.state())?.reminders, 1)
})

test('testActor: messages build on each other', async (t) => {
  const alice = testActor(account)
  t.after(() => alice.close())
  for (const amount of [1, 2, 3]) await alice.ask.deposit({ amount })
  assert.equal((await alice.ask.balance()).reply, 6)
})

test('testActor: a volatile actor tells state, reply and outbox', async (t) => {
  const Echo = contract('echo', { say: message<string, string>(), heard: message<string>() })
  const echo = actor(Echo, {
    state: (): { said: string[] } => ({ said: [] }),
    on: {
      say(ctx, text) {
        ctx.state.said.push(text)
        ctx.ref(Echo, 'other').tell.heard(text)
        return text
      },
      heard: () => undefined,
    },
  })
  const one = testActor(echo)
  t.after(() => one.close())
  const turn = await one.ask.say('hi')
  assert.equal(turn.reply, 'hi')
  assert.deepEqual(turn.state, { said: ['hi'] })
  assert.deepEqual(
    turn.outbox.map(({ to, payload }) => [to, payload]),
    [['echo/other', 'hi']],
  )
})

test('testActor: an answer that needs time says so instead of hanging', async (t) => {
  const deps: Fees = { fee: () => new Promise(() => undefined) }
  const alice = testActor(account, { state: rich, deps, others: [authority] })
  t.after(() => alice.close())
  await assert.rejects(alice.ask.withdraw({ amount: 1 }), {
    code: 'NOT_OBSERVED',
    message: /waits for time to pass or for something outside/,
  })
  // The deadline of the ask is the test's to bring about.
  await alice.advance(60_000)
})

test('testActor: a misspelt option names the nearest', () => {
  assert.throws(() => testActor(account, { stat: rich } as never), {
    code: 'OPTION_INVALID',
    message: /did you mean "state"\?/,
  })
})
