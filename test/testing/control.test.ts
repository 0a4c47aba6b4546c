/** What a test can do to a system: expect messages, play an actor, order failures. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestSystem } from '../../runtime/testing/index.ts'
import { Account, Authority, bank } from './bank.ts'

test('expectMessage: finds each message once, oldest first', async (t) => {
  const system = await createTestSystem(bank)
  t.after(() => system.close())
  const alice = system.ref(Account, 'alice')
  await alice.ask.deposit({ amount: 10 })
  await alice.ask.transfer({ to: 'bob', amount: 3 })
  await alice.ask.transfer({ to: 'bob', amount: 4 })
  const first = await system.expectMessage({ to: 'account/bob', name: 'deposit' })
  const second = await system.expectMessage({ to: 'account', from: 'account/alice' })
  assert.deepEqual([first.payload, second.payload], [{ amount: 3 }, { amount: 4 }])
  await assert.rejects(system.expectMessage({ to: 'account/bob' }), { code: 'NOT_OBSERVED' })
})

test('expectMessage: a payload fits by its fields or by a function', async (t) => {
  const system = await createTestSystem(bank)
  t.after(() => system.close())
  await system.ref(Account, 'alice').ask.deposit({ amount: 10 })
  await system.expectMessage({ payload: { amount: 10 } })
  await system.ref(Account, 'alice').ask.deposit({ amount: 20 })
  const large = ({ amount }: { amount: number }): boolean => amount > 15
  assert.deepEqual((await system.expectMessage({ payload: large })).payload, { amount: 20 })
})

test('expectMessage: waits in the test’s time, no longer than it says', async (t) => {
  const system = await createTestSystem(bank)
  t.after(() => system.close())
  await system.ref(Account, 'alice').ask.remind({ in: 300 })
  await assert.rejects(system.expectMessage({ name: 'reminded' }, { within: 299 }), {
    code: 'NOT_OBSERVED',
    message: /name 'reminded' within 299 ms .*outside → account\/alice remind/s,
  })
  await system.expectMessage({ name: 'reminded' }, { within: 1 })
  assert.equal(system.clock.mono(), 300)
})

test('expectMessage: a misspelt field of a pattern is an error', async (t) => {
  const system = await createTestSystem(bank)
  t.after(() => system.close())
  await assert.rejects(system.expectMessage({ naem: 'x' } as never), { code: 'OPTION_INVALID' })
})

test('probe: the test plays an actor: it sees what it is asked, and answers', async (t) => {
  const system = await createTestSystem(bank, { probes: [Authority], deps: { fee: () => 0 } })
  t.after(() => system.close())
  const authority = system.probe(Authority, 'main')
  await system.ref(Account, 'alice').ask.deposit({ amount: 50 })
  const withdrawn = system.ref(Account, 'alice').ask.withdraw({ amount: 20 })
  const question = await authority.expect('approve')
  assert.deepEqual(question.payload, { amount: 20 })
  assert.equal(question.from, 'account/alice')
  assert.equal(question.isAsked, true)
  question.reply(true)
  assert.equal(await withdrawn, 30)
})

test('probe: it can refuse, and goes on afterwards', async (t) => {
  const system = await createTestSystem(bank, { probes: [Authority], deps: { fee: () => 0 } })
  t.after(() => system.close())
  const authority = system.probe(Authority, 'main')
  const first = system.ref(Account, 'a').ask.withdraw({ amount: 1 })
  const failing = assert.rejects(first, { code: 'ACTOR_FAILED' })
  const question = await authority.expect('approve')
  question.fail(new Error('closed on Sundays'))
  await failing
  const second = system.ref(Account, 'b').ask.withdraw({ amount: 1 })
  const again = await authority.expect('approve')
  again.reply(true)
  assert.equal(await second, -1)
})

test('probe: a tell is seen without an answer, and nothing is expected twice', async (t) => {
  const system = await createTestSystem(bank, { probes: [Authority] })
  t.after(() => system.close())
  system.ref(Authority, 'main').tell.note('one')
  const authority = system.probe(Authority, 'main')
  const note = await authority.expect('note')
  assert.equal(note.isAsked, false)
  await assert.rejects(authority.expect('note', { within: 1_000 }), { code: 'NOT_OBSERVED' })
})

test('probe: a contract without probes is an error that says how to get them', async (t) => {
  const system = await createTestSystem(bank)
  t.after(() => system.close())
  assert.throws(() => system.probe(Authority, 'main'), {
    code: 'OPTION_INVALID',
    message: /probes: \[Contract\]/,
  })
})

test('fail: F2: the ordered turns throw, the retry after them succeeds', async (t) => {
  const system = await createTestSystem(bank)
  t.after(() => system.close())
  const failures: number[] = []
  system.events.on('turn-failed', ({ attempt }) => failures.push(attempt))
  system.fail({ actor: 'account/alice', name: 'deposit', times: 2 })
  await system.ref(Account, 'alice').deliver.deposit({ amount: 5 })
  await system.advance(60_000)
  assert.deepEqual(failures, [1, 2])
  assert.equal(await system.ref(Account, 'alice').ask.balance(), 5)
  assert.equal(system.stats().imbalance, 0)
})

test('fail: an asker gets the ordered error', async (t) => {
  const system = await createTestSystem(bank)
  t.after(() => system.close())
  system.fail({ actor: 'account', error: new Error('as ordered') })
  await assert.rejects(system.ref(Account, 'x').ask.deposit({ amount: 1 }), /as ordered/)
})

test('failCommits: D5: what the failed commit held is done once, when the store is back', async (t) => {
  const system = await createTestSystem(bank)
  t.after(() => system.close())
  const alice = system.ref(Account, 'alice')
  await alice.ask.deposit({ amount: 10 })
  system.failCommits(2)
  const asked = alice.ask.deposit({ amount: 5 })
  const events: string[] = []
  system.events.on('all', ({ event }) => events.push(event))
  await system.advance(60_000)
  assert.equal(await asked, 15)
  assert.ok(events.includes('store-stalled') && events.includes('store-resumed'))
  assert.equal(await alice.ask.balance(), 15)
})
