/** The row "sliding-window limiter" of the seed patterns. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Reservation, WaitOptions } from '../../actors/patterns/limits/limiter.ts'
import { rateLimiter } from '../../actors/patterns/limits/limiter.ts'
import { limits } from '../../actors/patterns/limits/limits.ts'
import type { LimitRequest, LimitRules } from '../../actors/patterns/limits/rules.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'
import limitsApp, { Caller } from './limits.app.ts'
import { settled } from './support.ts'

/** A limiter, and a list of who was let through and when. */
function limiterAt(rules: LimitRules) {
  const clock = new VirtualClock()
  const limiter = rateLimiter(rules, { clock })
  const through: string[] = []
  const take = (name: string, request: LimitRequest, options?: WaitOptions) =>
    limiter.take(request, options).then((reservation) => {
      through.push(`${name} at ${clock.mono()}`)
      return reservation
    })
  const advance = async (ms: number): Promise<void> => {
    const end = clock.mono() + ms
    await settled()
    while (clock.step(end - clock.mono())) await settled()
    clock.advance(end - clock.mono())
    await settled()
  }
  return { limiter, clock, through, take, advance }
}

const perSecond = (count: number, burst = count) => ({ perMinute: 60 * count, burst })
const refusal = async (taking: Promise<unknown>): Promise<TroupeError> => {
  const error = await taking.then(
    () => assert.fail('it was let through'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof TroupeError)
  return error
}

test('pattern rate limiter: a burst goes through, then it says when to try again, and that is true', async () => {
  const { take, advance, clock } = limiterAt({ user: { requests: perSecond(1, 3) } })
  const ann = { user: 'ann' }
  for (const name of ['a', 'b', 'c']) await take(name, ann)
  const { code, fields } = await refusal(take('d', ann))
  assert.equal(code, 'RATE_LIMITED')
  assert.deepEqual(fields, { retryAfter: 1_000, by: 'requests of the user' })
  await advance(999)
  assert.equal((await refusal(take('d', ann))).fields['retryAfter'], 1)
  clock.jump(3_600_000)
  assert.equal((await refusal(take('d', ann))).code, 'RATE_LIMITED', 'wall time is not looked at')
  await advance(1)
  await take('d', ann)
})

test('pattern rate limiter: users, tenants and models have buckets of their own', async () => {
  const once = { requests: perSecond(1) }
  const { take, advance } = limiterAt({
    user: once,
    tenant: { requests: perSecond(2) },
    model: { requests: perSecond(3) },
  })
  const request = (user: string, tenant: string) => ({ user, tenant, model: 'm' })
  await take('a', request('ann', 'x'))
  assert.equal((await refusal(take('b', request('ann', 'x')))).fields['by'], 'requests of the user')
  await take('c', request('bob', 'x'))
  assert.equal(
    (await refusal(take('d', request('cid', 'x')))).fields['by'],
    'requests of the tenant',
  )
  await take('e', request('ann', 'y'))
  assert.equal(
    (await refusal(take('f', request('cid', 'y')))).fields['by'],
    'requests of the model',
  )
  await advance(1_000)
  // A refused request has taken nothing from any of its buckets.
  for (const user of ['ann', 'bob']) await take(user, request(user, 'x'))
})

test('pattern rate limiter: a call costs what it reserves, and gets back what it did not use', async () => {
  const { take, advance } = limiterAt({ model: { tokens: perSecond(10, 100) } })
  const model = { model: 'm' }
  const first = await take('a', { ...model, tokens: 100 })
  assert.equal((await refusal(take('b', { ...model, tokens: 50 }))).fields['retryAfter'], 5_000)
  first.settle({ tokens: 30 })
  first.settle({ tokens: 0 })
  await take('b', { ...model, tokens: 70 })
  await advance(10_000)
  const second = await take('c', { ...model, tokens: 10 })
  second.settle({ tokens: 60 })
  assert.equal((await refusal(take('d', { ...model, tokens: 50 }))).fields['retryAfter'], 1_000)
  const tooLarge = await refusal(take('e', { ...model, tokens: 101 }))
  assert.equal(tooLarge.code, 'RATE_TOO_LARGE')
  assert.deepEqual(tooLarge.fields, { by: 'tokens of the model', amount: 101, burst: 100 })
})

test('pattern rate limiter: what a bucket has got by filling is not given back once more', async () => {
  const late = limiterAt({ model: { tokens: perSecond(1, 10) } })
  const model = { model: 'm' }
  const first = await late.take('a', { ...model, tokens: 10 })
  await late.advance(10_000)
  await late.take('b', { ...model, tokens: 10 })
  first.settle({ tokens: 0 })
  assert.equal((await refusal(late.take('c', { ...model, tokens: 1 }))).fields['retryAfter'], 1_000)

  const { take, advance } = limiterAt({ model: { tokens: perSecond(1, 20) } })
  const [a, b] = [
    await take('a', { ...model, tokens: 10 }),
    await take('b', { ...model, tokens: 10 }),
  ]
  await advance(5_000)
  a.settle({ tokens: 0 })
  await advance(6_000)
  await take('c', { ...model, tokens: 5 })
  await advance(1_000)
  b.settle({ tokens: 0 })
  assert.equal((await refusal(take('d', { ...model, tokens: 17 }))).code, 'RATE_LIMITED')
  await take('e', { ...model, tokens: 15 })
})

test('pattern rate limiter: who waits is served when there is room, in turn, and nothing polls', async () => {
  const { take, advance, through, clock, limiter } = limiterAt({
    model: { requests: perSecond(1) },
  })
  const request = (user: string) => ({ user, model: 'm' })
  await take('first', request('ann'))
  const options = { within: 60_000 }
  const waiting = ['a1', 'a2', 'a3', 'b1', 'c1'].map((name) =>
    take(name, request(name.slice(0, 1)), options),
  )
  await settled()
  // One alarm for when there is room, and one for each that waits.
  assert.equal(clock.pending, 1 + waiting.length)
  await advance(5_000)
  await Promise.all(waiting)
  assert.deepEqual(through, [
    ...['first at 0', 'a1 at 1000', 'b1 at 2000', 'c1 at 3000', 'a2 at 4000', 'a3 at 5000'],
  ])
  assert.equal(clock.pending, 0, 'S4')
  assert.equal(limiter.stats.waiting, 0)
})

test('pattern rate limiter: a user over the limit holds up nobody else', async () => {
  const { take, advance, through } = limiterAt({
    user: { requests: perSecond(0.1, 1) },
    model: { requests: perSecond(1, 3) },
  })
  const request = (user: string) => ({ user, model: 'm' })
  await take('ann', request('ann'))
  const again = take('ann', request('ann'), { within: 60_000 })
  await take('bob', request('bob'))
  await take('cid', request('cid'))
  await advance(10_000)
  await again
  assert.deepEqual(through, ['ann at 0', 'bob at 0', 'cid at 0', 'ann at 10000'])
})

test('pattern rate limiter: a large call is not passed over for ever by small ones', async () => {
  const { take, advance, through } = limiterAt({ model: { tokens: perSecond(10, 100) } })
  const request = (user: string, tokens: number) => ({ user, model: 'm', tokens })
  await take('all', request('ann', 100))
  const large = take('large', request('bob', 80), { within: 60_000 })
  await advance(5_000)
  const { fields } = await refusal(take('small', request('cid', 10)))
  assert.equal(fields['retryAfter'], 3_000, 'the room that is there is kept for the large one')
  const small = take('small', request('cid', 10), { within: 60_000 })
  await advance(4_000)
  await Promise.all([large, small])
  assert.deepEqual(through, ['all at 0', 'large at 8000', 'small at 9000'])
})

test('pattern rate limiter: who cannot be served in time is told at once, and who gives up leaves', async () => {
  const { take, advance, limiter, clock } = limiterAt({
    user: { requests: perSecond(1) },
    waiting: 2,
  })
  const ann = { user: 'ann' }
  await take('a', ann)
  const hopeless = await refusal(take('b', ann, { within: 500 }))
  assert.equal(hopeless.fields['retryAfter'], 1_000)
  const controller = new AbortController()
  const gone = take('c', ann, { within: 5_000, signal: controller.signal })
  const late = take('d', ann, { within: 1_500 })
  const full = await refusal(take('e', ann, { within: 5_000 }))
  assert.equal(full.code, 'RATE_LIMITED', 'only two may wait')
  controller.abort()
  assert.equal((await refusal(gone)).code, 'CANCELLED')
  await advance(1_000)
  await late
  const outOfTime = take('f', { user: 'ann' }, { within: 1_000 })
  const behind = refusal(take('g', ann, { within: 1_100 }))
  await advance(1_100)
  await outOfTime
  assert.equal((await behind).code, 'RATE_LIMITED')
  assert.deepEqual([limiter.stats.waiting, clock.pending], [0, 0])
})

test('pattern rate limiter: made-up names do not make it grow, nor forgive who owes most', async () => {
  const { take, limiter, advance } = limiterAt({
    user: { tokens: perSecond(1, 100) },
    remembered: 64,
  })
  await take('debtor', { user: 'debtor', tokens: 100 })
  for (let n = 0; n < 1_000; n += 1) await take('made up', { user: `u${n}`, tokens: 1 })
  assert.ok(limiter.stats.remembered <= 64, String(limiter.stats.remembered))
  assert.equal(
    (await refusal(take('debtor', { user: 'debtor', tokens: 50 }))).fields['retryAfter'],
    50_000,
  )
  await advance(100_000)
  await take('new', { user: 'new', tokens: 1 })
  await take('new', { user: 'newer', tokens: 1 })
  assert.ok(limiter.stats.remembered <= 64)
})

const anyCall = fc.record({
  after: fc.integer({ min: 0, max: 3_000 }),
  user: fc.constantFrom('a', 'b', 'c'),
  tokens: fc.integer({ min: 0, max: 50 }),
  used: fc.double({ min: 0, max: 1, noNaN: true }),
  takes: fc.integer({ min: 0, max: 9_000 }),
  within: fc.constantFrom(0, 2_000, 30_000),
})

test('pattern rate limiter: in no window is more used than the bucket holds and fills, whatever comes', async () => {
  const rules = { user: { tokens: perSecond(5, 50) }, model: { tokens: perSecond(10, 60) } }
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall, { maxLength: 40 }), async (calls) => {
      const { limiter, clock, advance } = limiterAt(rules)
      const starts: { at: number; user: string; used: number }[] = []
      const taking = []
      for (const { after, user, tokens, used, takes, within } of calls) {
        await advance(after)
        const begin = (reservation: Reservation): void => {
          const real = Math.floor(tokens * used)
          starts.push({ at: clock.mono(), user, used: real })
          clock.alarm(clock.mono() + takes, () => reservation.settle({ tokens: real }))
        }
        taking.push(limiter.take({ user, model: 'm', tokens }, { within }).then(begin, () => {}))
      }
      await advance(120_000)
      await Promise.all(taking)
      assert.equal(limiter.stats.waiting, 0)
      conform(starts, 60, 10)
      for (const name of ['a', 'b', 'c'])
        conform(
          starts.filter(({ user }) => user === name),
          50,
          5,
        )
    }),
    { numRuns: 60 },
  )
})

function conform(
  starts: readonly { at: number; used: number }[],
  burst: number,
  rate: number,
): void {
  for (const [n, { at: from }] of starts.entries()) {
    let sum = 0
    for (const { at, used } of starts.slice(n)) {
      sum += used
      assert.ok(sum <= burst + (rate * (at - from)) / 1_000 + 1e-6, `${sum} from ${from} to ${at}`)
    }
  }
}

test('pattern rate limiter: rules and requests that make no sense are refused', async () => {
  const wrong = [
    { usr: {} },
    { user: { requests: { perMinute: 0 } } },
    { user: { tokens: { perMinute: Number.NaN } } },
    { remembered: 0 },
  ] as LimitRules[]
  for (const rules of wrong) assert.throws(() => rateLimiter(rules), { code: 'OPTION_INVALID' })
  const { take } = limiterAt({ user: { tokens: perSecond(1) } })
  for (const request of [{}, { user: 'a', tokens: -1 }, { user: 'a'.repeat(513) }]) {
    assert.equal((await refusal(take('x', request))).code, 'OPTION_INVALID')
  }
  const host = { ref: () => assert.fail('nothing is sent') }
  assert.throws(() => limits({ answers: {} }, host).at('answer'), {
    message: /did you mean "answers"/,
  })
})

test('pattern rate limiter: as an actor it is one for all callers, and what was not used comes back', async (t) => {
  const system = await createTestSystem(limitsApp)
  t.after(() => system.close())
  const call = (key: string, tokens: number, used = tokens) =>
    system.ref(Caller, key).ask.call({ user: 'ann', tokens, used })
  assert.equal(await call('a', 90, 40), 'through')
  await system.settle()
  assert.equal(await call('b', 60), 'through')
  assert.equal(await call('c', 60), 'RATE_LIMITED')
  assert.equal(await call('c', 101), 'RATE_TOO_LARGE')
  await system.settle()
  assert.equal(system.stats().imbalance, 0)
})
