/** D8: durable timers survive everything, and no clock makes a tick come twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { actor } from '../../actors/actor.ts'
import type { TimerSpec } from '../../actors/context.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import type { Encodable } from '../../persistence/encodable-types.ts'
import { openInlineStore } from '../../runtime/store/inline-store.ts'
import { checkpoint } from '../persistence/store-contract.ts'
import { code, Gate, settled } from './support.ts'
import { type Fault, memoryEngine, World } from './world.ts'

const Clockwork = contract('clockwork', {
  set: message<{ name: string; when: TimerSpec; text: string }, void>(),
  cancel: message<string, void>(),
  tick: message<string, void>(),
  all: message<void, Tick[]>(),
})
interface Tick {
  text: string
  at: number
  due: number
  missed: number
}

let fail = (_text: string): boolean => false
let gate: Gate | undefined
let book = false
let broken = false

const clockwork = actor(Clockwork, {
  durable: true,
  state: () => ({ ticks: [] as Tick[] }),
  onStart() {
    if (broken) throw new Error('not today')
  },
  on: {
    set: (ctx, { name, when, text }) => ctx.timer(name, when, 'tick', text),
    cancel: (ctx, name) => ctx.cancelTimer(name),
    async tick(ctx, text) {
      // A step, so that the turn's time goes on with it.
      if (gate !== undefined) await ctx.effect('wait', 0, () => gate?.pass(), { idempotent: true })
      if (fail(text)) throw new Error('no')
      const { due, missed } = ctx.message.tick as { due: number; missed: number }
      ctx.state.ticks.push({ text, at: ctx.now(), due, missed })
      // Something else goes into the runtime's book in the same turn.
      if (book) ctx.timer('other', { delay: 1_000_000 }, 'tick', 'other')
    },
  },
  reads: { all: (ctx) => ctx.state.ticks },
})

async function started(): Promise<World> {
  fail = () => false
  gate = undefined
  book = false
  broken = false
  return new World({ actors: [clockwork] })
}

async function set(w: World, name: string, when: TimerSpec, text = name): Promise<void> {
  await settled(w, w.ref(Clockwork, 'c').ask.set({ name, when, text }))
}

async function ticks(w: World): Promise<Tick[]> {
  return await settled(w, w.ref(Clockwork, 'c').ask.all())
}

async function texts(w: World): Promise<string[]> {
  return (await ticks(w)).map(({ text }) => text)
}

test('D8: once, at its time, and not before', async () => {
  const w = await started()
  await set(w, 't', { after: 1_000 })
  await w.advance(999)
  assert.deepEqual(await texts(w), [])
  await w.advance(1)
  assert.deepEqual(await texts(w), ['t'])
  await w.advance(100_000)
  assert.deepEqual(await texts(w), ['t'])
  w.assertBalanced()
})

test('D8: a timer fires after a restart, missed ticks are one message that says how many', async () => {
  const w = await started()
  await set(w, 'once', { after: 1_000 })
  await set(w, 'rate', { rate: 1_000 })
  await w.advance(500)
  const next = w.crash(10_000)
  await next.advance(0)
  const seen = await ticks(next)
  assert.deepEqual(seen.map(({ text, missed }) => [text, missed]).toSorted(), [
    ['once', 0],
    ['rate', 9],
  ])
  await next.advance(1_000)
  assert.equal((await ticks(next)).length, 3)
  assert.equal((await ticks(next))[2]?.missed, 0, 'back on its grid')
  next.assertBalanced()
})

test('D8: a crash neither duplicates nor loses a durable timer', async () => {
  let w = await started()
  await set(w, 'rate', { rate: 1_000 })
  for (let i = 0; i < 20; i += 1) {
    await w.advance(i % 3 === 0 ? 1_000 : 700)
    w = w.crash(i % 2 === 0 ? 0 : 300)
  }
  await w.advance(0)
  assert.equal(w.store.stats().timers, 1)
  const seen = await ticks(w)
  const stood = seen.reduce((sum, { missed }) => sum + 1 + missed, 0)
  const dues = seen.map(({ due }) => due)
  assert.equal(new Set(dues).size, dues.length, 'no tick twice')
  const first = dues[0] as number
  const elapsed = w.clock.wall() - first
  assert.equal(stood, 1 + Math.floor(elapsed / 1_000), 'every tick is accounted for')
  w.assertBalanced()
})

test('D8: a tick that was committed and not handled when the process died comes once', async () => {
  const w = await started()
  await set(w, 't', { after: 1_000 })
  gate = new Gate()
  await w.advance(1_000)
  assert.equal(gate.arrived, 1)
  gate = undefined
  const next = w.crash()
  await next.settle()
  assert.deepEqual(await texts(next), ['t'])
  next.assertBalanced()
})

test('D8: a fixed delay starts again with the turn of its tick, and after a failed one too', async () => {
  const w = await started()
  await set(w, 'd', { delay: 1_000 })
  gate = new Gate()
  await w.advance(5_000)
  assert.equal(gate.arrived, 1, 'while its turn runs there is no other tick')
  gate.open()
  gate = undefined
  await w.settle()
  await w.advance(999)
  assert.equal((await ticks(w)).length, 1)
  await w.advance(1)
  assert.equal((await ticks(w)).length, 2)
  fail = () => true
  await w.advance(60_000)
  fail = () => false
  const parked = w.letters.length
  assert.ok(parked >= 1)
  await w.advance(2_000)
  assert.ok((await ticks(w)).length >= 3, 'the schedule outlives a tick that failed for good')
  w.assertBalanced()
})

test('D8: a fixed delay goes on when its turn sets another timer', async () => {
  const w = await started()
  book = true
  await set(w, 'd', { delay: 1_000 })
  await w.advance(3_000)
  assert.deepEqual(await texts(w), ['d', 'd', 'd'])
  w.assertBalanced()
})

test('D8: cancelled timers do not fire, replaced ones fire as replaced', async () => {
  const w = await started()
  await set(w, 'a', { after: 1_000 })
  await set(w, 'b', { after: 1_000 }, 'old')
  await set(w, 'c', { delay: 1_000 })
  await settled(w, w.ref(Clockwork, 'c').ask.cancel('a'))
  await settled(w, w.ref(Clockwork, 'c').ask.cancel('c'))
  await set(w, 'b', { after: 2_000 }, 'new')
  await w.advance(1_500)
  assert.deepEqual(await texts(w), [])
  await w.advance(500)
  assert.deepEqual(await texts(w), ['new'])
  await w.advance(60_000)
  assert.deepEqual(await texts(w), ['new'])
  w.assertBalanced()
})

test('D8: a clock jump never fires a tick twice', async () => {
  const w = await started()
  await set(w, 'rate', { rate: 60_000 })
  await w.advance(60_000)
  assert.equal((await ticks(w)).length, 1)
  w.clock.jump(3_600_000)
  await w.advance(61_000)
  const after = await ticks(w)
  w.clock.jump(-3_600_000)
  await w.advance(120_000)
  const back = await ticks(w)
  const dues = back.map(({ due }) => due)
  assert.equal(new Set(dues).size, dues.length)
  assert.deepEqual(
    dues,
    dues.toSorted((a, b) => a - b),
  )
  assert.ok(back.length >= after.length)
  w.assertBalanced()
})

test('D8: while an actor is not in memory its timers bring it back', async () => {
  fail = () => false
  gate = undefined
  const w = new World({ actors: [clockwork], residency: 0 })
  await set(w, 't', { after: 600_000 })
  assert.equal(w.cell('clockwork/c'), undefined)
  await w.advance(600_000)
  assert.deepEqual(await texts(w), ['t'])
  w.assertBalanced()
})

test('D8: a jump of the wall clock, forward or back, moves no delay of a running process', async () => {
  for (const jump of [3_600_000, -3_600_000]) {
    const w = await started()
    await set(w, 'before', { after: 1_000 })
    await set(w, 'rate', { rate: 1_000 })
    await w.advance(500)
    w.clock.jump(jump)
    await set(w, 'after', { after: 1_000 })
    await w.advance(499)
    assert.deepEqual(await texts(w), [])
    await w.advance(1)
    assert.deepEqual((await texts(w)).toSorted(), ['before', 'rate'])
    await w.advance(499)
    assert.equal((await texts(w)).includes('after'), false)
    await w.advance(501)
    const seen = await ticks(w)
    assert.deepEqual(seen.map(({ text }) => text).toSorted(), ['after', 'before', 'rate', 'rate'])
    assert.ok(seen.every(({ missed }) => missed === 0))
    w.assertBalanced()
  }
})

test('D8: after a jump a reopened store keeps every delay, and a restart goes by the wall', async () => {
  const engine = memoryEngine()
  const w = new World({ actors: [clockwork], engine })
  await set(w, 'before', { after: 10_000 })
  w.clock.jump(3_600_000)
  await set(w, 'after', { after: 10_000 })
  const faults: Fault[] = ['before']
  engine.fault = () => faults.shift()
  const cancelled = w.ref(Clockwork, 'c').ask.cancel('none')
  await w.advance(5_000)
  await cancelled
  assert.equal(faults.length, 0)
  assert.deepEqual(await texts(w), [])
  const next = w.crash()
  await next.advance(0)
  assert.deepEqual(await texts(next), ['before'], 'an hour late by the wall')
  await next.advance(5_000)
  assert.deepEqual(await texts(next), ['before', 'after'])
  next.assertBalanced()
})

test('F3: a quarantined timer does not tick, over failures of the store, until it is released', async () => {
  const engine = memoryEngine()
  await started()
  const w = new World({ actors: [clockwork], engine })
  await set(w, 'rate', { rate: 1_000 })
  await set(w, 'other', { rate: 30_000 })
  w.service.quarantine([{ actor: 'clockwork/c', timer: 'rate' }])
  await w.advance(20_000)
  const faults: Fault[] = ['before']
  engine.fault = () => faults.shift()
  const cancelled = w.ref(Clockwork, 'c').ask.cancel('none')
  await w.advance(20_000)
  await cancelled
  assert.equal(faults.length, 0)
  // Set anew it is the same timer.
  await set(w, 'rate', { rate: 1_000 })
  await w.advance(4_500)
  assert.deepEqual(await texts(w), ['other'])
  assert.equal(w.store.stats().timers, 2)
  w.service.quarantine([])
  await w.advance(0)
  const [, rate] = await ticks(w)
  assert.deepEqual([rate?.text, rate?.missed], ['rate', 3])
  w.assertBalanced()
})

test('D8: what is overdue waits until the system has started', async () => {
  const engine = memoryEngine()
  await started()
  const before = new World({ actors: [clockwork], engine })
  await set(before, 't', { after: 1_000 })
  const clock = new VirtualClock(before.clock.wall() + 5_000)
  const store = engine.open(() => clock.wall(), new Map())
  const { service } = openInlineStore(store, clock, queueMicrotask)
  const { position } = store
  const later = async (): Promise<void> => {
    clock.advance(1_000)
    await new Promise(setImmediate)
  }
  await later()
  // What looks at timers again does not begin with them.
  service.quarantine([])
  await later()
  assert.equal(store.position, position)
  service.start()
  await later()
  assert.equal(store.position, position + 1)
})

/** What ticks stand for, all in all. */
function stoodFor(seen: readonly Tick[]): number {
  return seen.reduce((sum, { missed }) => sum + 1 + missed, 0)
}

test('D8: a timer whose actor cannot come up writes one tick, and the next says how many', async () => {
  await started()
  const w = new World({ actors: [clockwork], residency: 0 })
  await set(w, 'rate', { rate: 1_000 })
  broken = true
  await w.advance(1_000)
  const { position } = w.store
  await w.advance(500_000)
  assert.equal(w.store.position, position, 'nothing is written while it waits')
  assert.equal(w.store.stats().timers, 1)
  // Held over a restart, from the directories and from a checkpoint.
  let next = w.crash()
  await next.advance(100_000)
  checkpoint(next.store, 3)
  next = next.crash()
  await next.advance(100_000)
  assert.equal(next.store.position, position)
  broken = false
  await next.advance(60_000)
  const seen = await ticks(next)
  assert.equal(seen[0]?.missed, 0)
  assert.ok((seen[1]?.missed ?? 0) >= 699, 'all that were missed are in the second')
  const [first] = seen
  assert.equal(stoodFor(seen), 1 + Math.floor((next.clock.wall() - (first?.due ?? 0)) / 1_000))
  next.assertBalanced()
})

test('D8: a timer of a type that is not in the app writes one tick until the type is back', async () => {
  const w = await started()
  await set(w, 'rate', { rate: 1_000 })
  const without = w.crash(0, { actors: [] })
  await without.advance(100_000)
  assert.equal(without.store.stats().pending, 1)
  const back = without.crash(0, { actors: [clockwork] })
  await back.advance(0)
  assert.deepEqual(
    (await ticks(back)).map(({ missed }) => missed),
    [0, 98],
  )
  back.assertBalanced()
})

test('D8: ticks missed while a turn holds its actor are one message', async () => {
  const w = await started()
  await set(w, 'rate', { rate: 1_000 })
  gate = new Gate()
  await w.advance(10_500)
  gate.open()
  gate = undefined
  await w.advance(0)
  assert.deepEqual(
    (await ticks(w)).map(({ missed }) => missed),
    [0, 8],
  )
  w.assertBalanced()
})

const Hoarder = contract('hoarder', { begin: message(), tick: message() })
const hoarder = actor(Hoarder, {
  durable: true,
  state: () => ({}),
  on: {
    begin: (ctx) => ctx.timer('t', { rate: 1_000 }, 'tick'),
    tick: (ctx) => ctx.stash(),
  },
})

test('D8: a tick that was put aside is taken: the timer goes on', async () => {
  const w = new World({ actors: [hoarder] })
  await settled(w, w.ref(Hoarder, 'h').ask.begin())
  await w.advance(3_000)
  assert.equal(w.accounting('hoarder').stashed, 3)
  w.assertBalanced()
})

const Strict = contract('strict', {
  set: message<{ readonly to: 'tick' | 'later'; readonly payload: Encodable }, void>(),
  tick: message({ input: z.object({ n: z.coerce.number().int() }) }),
  later: message({ input: z.object({}).refine(() => Promise.resolve(true)) }),
  seen: message<void, number[]>(),
})

for (const durable of [true, false] as const) {
  const kind = durable ? 'durable' : 'volatile'
  const strict = actor(Strict, {
    durable,
    supervision: { decide: () => 'resume' },
    state: () => ({ seen: [] as number[] }),
    on: {
      set: (ctx, { to, payload }) => ctx.timer('t', { after: 5 }, to, payload as { n: number }),
      tick: (ctx, { n }) => void ctx.state.seen.push(n),
      later() {},
    },
    reads: { seen: (ctx) => ctx.state.seen },
  })

  test(`a timer of a ${kind} actor whose payload does not fit is refused where it is set`, async () => {
    const w = new World({ actors: [strict] })
    const ref = w.ref(Strict, 's')
    const wrong = ref.ask.set({ to: 'tick', payload: { n: 'none' } })
    await assert.rejects(settled(w, wrong), (error) => {
      assert.ok(code('PAYLOAD_INVALID')(error))
      const { message: text, fields } = error as { message: string; fields: { issues: unknown[] } }
      assert.match(text, /the payload of timer "t", for "tick", does not fit its schema: n: /)
      return fields.issues.length === 1
    })
    const later = ref.ask.set({ to: 'later', payload: {} })
    await assert.rejects(settled(w, later), code('PAYLOAD_INVALID'))
    await w.advance(1_000)
    assert.deepEqual(await settled(w, ref.ask.seen()), [], 'nothing was set')
    await settled(w, ref.ask.set({ to: 'tick', payload: { n: '7' } }))
    await w.advance(1_000)
    assert.deepEqual(await settled(w, ref.ask.seen()), [7], 'as its schema leaves it')
    w.assertBalanced()
  })
}
