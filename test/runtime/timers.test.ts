/** Timers of volatile actors: messages to oneself, on the monotonic clock. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import type { TimerSpec } from '../../actors/context.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { Encodable } from '../../persistence/encodable-types.ts'
import { gate } from './gate.ts'
import { harness } from './harness.ts'

const Clockwork = contract('clockwork', {
  set: message<{ readonly name?: string; readonly when: TimerSpec; readonly payload?: string }>(),
  cancel: message<void>(),
  tick: message<string>(),
  slowTick: message<string>(),
  hold: message<void, void>(),
  fail: message(),
  setSlow: message<TimerSpec>(),
  setWrong: message<Encodable, string>(),
})

function clockworks() {
  const log: string[] = []
  const held = gate()
  const work = actor(Clockwork, {
    on: {
      set: (ctx, { name = 't', when, payload = 'tick' }) => ctx.timer(name, when, 'tick', payload),
      cancel: (ctx) => ctx.cancelTimer('t'),
      tick(ctx, payload) {
        const { tick } = ctx.message
        const due = (tick?.due ?? 0) - start
        log.push(`${payload} at ${h.clock.mono()}, due ${due}, missed ${tick?.missed}`)
      },
      async slowTick(ctx) {
        log.push(`begins at ${h.clock.mono()}, missed ${ctx.message.tick?.missed}`)
        await new Promise<void>((resolve) => h.clock.alarm(h.clock.mono() + 250, resolve))
      },
      hold: () => held.opened,
      fail() {
        throw new Error('broke')
      },
      setSlow: (ctx, when) => ctx.timer('t', when, 'slowTick', 'slow'),
      setWrong(ctx, when) {
        ctx.timer('t', when as unknown as TimerSpec, 'tick', 'x')
        return 'set'
      },
    },
  })
  const h = harness({ actors: [work] })
  const start = h.clock.wall()
  return { h, log, held, ref: h.ref(Clockwork, 'c') }
}

test('a timer fires once', async () => {
  const { h, log, ref } = clockworks()
  ref.tell.set({ when: { after: 100 } })
  await h.advance(1_000)
  assert.deepEqual(log, ['tick at 100, due 100, missed 0'])
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
})

test('a rate stays on its grid, a delay begins after each turn', async () => {
  const { h, log, ref } = clockworks()
  ref.tell.set({ name: 'grid', when: { rate: 100 }, payload: 'rate' })
  await h.advance(350)
  assert.deepEqual(log, [
    'rate at 100, due 100, missed 0',
    'rate at 200, due 200, missed 0',
    'rate at 300, due 300, missed 0',
  ])
  const slow = clockworks()
  slow.ref.tell.setSlow({ delay: 100 })
  await slow.h.advance(1_000)
  assert.deepEqual(slow.log, [
    'begins at 100, missed 0',
    'begins at 450, missed 0',
    'begins at 800, missed 0',
  ])
  assert.equal(h.imbalance(), 0)
})

test('ticks that find one waiting are coalesced into it, and it says how many', async () => {
  const { h, log, held, ref } = clockworks()
  ref.tell.set({ when: { rate: 100 } })
  const hold = ref.ask.hold(undefined, { within: 1e6 })
  await h.advance(550)
  assert.deepEqual(log, [])
  assert.equal(h.accounting('clockwork').pending, 1)
  held.open()
  await h.settle()
  await hold
  assert.deepEqual(log, ['tick at 550, due 100, missed 4'])
  await h.advance(50)
  assert.deepEqual(log.slice(1), ['tick at 600, due 600, missed 0'])
  assert.equal(h.imbalance(), 0)
})

test('ticks during the turn of a tick are one more message, and none is forgotten', async () => {
  const { h, log, ref } = clockworks()
  ref.tell.setSlow({ rate: 100 })
  await h.advance(1_000)
  assert.deepEqual(log, [
    'begins at 100, missed 0',
    'begins at 350, missed 1',
    'begins at 600, missed 1',
    'begins at 850, missed 2',
  ])
  // 1 + 2 + 2 + 3 ticks by 850, and one more at 900 or 1,000 waits.
  assert.equal(h.accounting('clockwork').pending, 1)
  await h.advance(250)
  assert.equal(h.imbalance(), 0)
})

test('a clock that jumps past many ticks makes one message', async () => {
  const { h, log, ref } = clockworks()
  ref.tell.set({ when: { rate: 1 } })
  await h.settle()
  // The thread was away: nothing rang meanwhile.
  const { clock } = h
  const mono = clock.mono.bind(clock)
  clock.mono = () => mono() + 28_800_000
  await h.advance(1)
  assert.deepEqual(
    log.map((line) => line.replace(/at \d+, due -?\d+/, '')),
    ['tick , missed 28800000'],
  )
  assert.equal(h.imbalance(), 0)
})

test('the same name replaces a timer, and its waiting tick', async () => {
  const { h, log, held, ref } = clockworks()
  ref.tell.set({ when: { after: 100 }, payload: 'old' })
  const hold = ref.ask.hold(undefined, { within: 1e6 })
  await h.advance(150)
  assert.equal(h.accounting('clockwork').pending, 1)
  ref.tell.set({ when: { after: 100 }, payload: 'new' }, { lane: 'control' })
  held.open()
  await h.settle()
  await hold
  await h.advance(1_000)
  assert.deepEqual(log, ['new at 250, due 250, missed 0'])
  assert.equal(h.imbalance(), 0)
})

for (const when of [{ after: 100 }, { rate: 100 }, { delay: 100 }]) {
  test(`a cancelled timer is silent, also when its tick waits: ${Object.keys(when)}`, async () => {
    const { h, log, held, ref } = clockworks()
    ref.tell.set({ when })
    const hold = ref.ask.hold(undefined, { within: 1e6 })
    await h.advance(150)
    assert.equal(h.accounting('clockwork').pending, 1)
    ref.tell.cancel(undefined, { lane: 'control' })
    held.open()
    await h.settle()
    await hold
    await h.advance(1_000)
    assert.deepEqual(log, [])
    assert.equal(h.clock.pending, 0)
    assert.equal(h.imbalance(), 0)
  })
}

test('timers are gone after a restart, with the ticks that wait', async () => {
  const { h, log, ref } = clockworks()
  ref.tell.set({ when: { rate: 100 } })
  await h.settle()
  await h.advance(99)
  ref.tell.fail()
  await h.advance(1_000)
  assert.deepEqual(log, [])
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
})

test('a tick is never shed', async () => {
  const Small = contract('small', { start: message(), note: message<number>(), tick: message() })
  const log: string[] = []
  const held = gate()
  const small = actor(Small, {
    mailbox: { capacity: 1 },
    on: {
      async start(ctx) {
        ctx.timer('t', { after: 10 }, 'tick')
        await held.opened
      },
      note: (_ctx, n) => void log.push(`note ${n}`),
      tick: () => void log.push('tick'),
    },
  })
  const h = harness({ actors: [small] })
  h.ref(Small, 's').tell.start()
  await h.settle()
  for (let n = 0; n < 3; n += 1) h.ref(Small, 's').tell.note(n)
  await h.advance(20)
  held.open()
  await h.settle()
  assert.deepEqual(log, ['note 0', 'tick'])
  assert.equal(h.imbalance(), 0)
})

test('a wrong timer is refused with what was expected', async () => {
  const { h, ref } = clockworks()
  const wrong = [
    {},
    { after: -1 },
    { rate: 0 },
    { every: 5 },
    { after: 1, rate: 1 },
    { delay: Number.NaN },
  ]
  for (const when of wrong) {
    const asked = ref.ask.setWrong(when)
    asked.catch(() => undefined)
    await h.advance(60_000)
    await assert.rejects(asked, { code: 'OPTION_INVALID', message: /expected one of/ })
  }
  assert.equal(h.imbalance(), 0)
})
