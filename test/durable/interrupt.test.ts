/** M6: in a durable turn an interrupt is recorded before the signal fires, and obeying it is no failure. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import type { Grant } from '../../actors/context.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { formatMessageId } from '../../mailbox/message-id.ts'
import { RecordKind } from '../../persistence/record.ts'
import { code, Gate, settled, watched } from './support.ts'
import { type Fault, memoryEngine, World } from './world.ts'

const Agent = contract('agent', {
  think: message<string, string>(),
  right: message<void, Grant>(),
})
const Boss = contract('boss', { stop: message<{ grant: Grant; id: string }, void>() })

const aborted: string[] = []
let calls = 0

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      aborted.push(String((signal.reason as { code?: string }).code))
      const error = new Error('stopped')
      error.name = 'AbortError'
      reject(error)
    })
  })
}

const agent = actor(Agent, {
  durable: true,
  state: () => ({ thoughts: 0 }),
  on: {
    async think(ctx, text) {
      ctx.state.thoughts += 1
      await ctx.effect('model', text, ({ signal }) => {
        calls += 1
        return untilAborted(signal)
      })
      return text
    },
    right: (ctx) => ctx.grant(),
  },
})
const boss = actor(Boss, {
  on: { stop: (ctx, { grant, id }) => ctx.interrupt(grant, id) },
})
const actors = [agent, boss] as const

async function world(engine = memoryEngine()): Promise<{ w: World; grant: Grant }> {
  aborted.length = 0
  calls = 0
  const w = new World({ actors, engine })
  return { w, grant: await settled(w, w.ref(Agent, 'a').ask.right()) }
}

test('M6: an interrupt of a durable turn is recorded before its signal fires', async () => {
  const { w, grant } = await world()
  const thought = watched(w.ref(Agent, 'a').ask.think('x', { id: 'job' }))
  thought.promise.catch(() => undefined)
  await w.settle()
  w.holdAcks()
  w.ref(Boss, 'b').tell.stop({ grant, id: 'job' })
  await w.settle()
  assert.equal(w.records().at(-1)?.kind, RecordKind.interrupt)
  assert.deepEqual(aborted, [], 'not before the commit')
  await w.releaseAcks()
  assert.deepEqual(aborted, ['CANCELLED'])
  await assert.rejects(thought.promise, code('CANCELLED'))
  w.assertBalanced()
})

test('M6: a turn that obeys an interrupt is not tried again', async () => {
  const { w, grant } = await world()
  await settled(w, w.ref(Agent, 'a').deliver.think('x', { id: 'job' }))
  w.ref(Boss, 'b').tell.stop({ grant, id: 'job' })
  await w.advance(60_000)
  assert.equal(calls, 1)
  assert.deepEqual(
    w.letters.map(({ reason }) => reason),
    ['cancelled'],
  )
  assert.equal(w.store.stats().pending, 0)
  w.assertBalanced()
})

test('M6: a grant outlives a restart', async () => {
  const { w, grant } = await world()
  const next = w.crash()
  await settled(next, next.ref(Agent, 'a').deliver.think('x', { id: 'job' }))
  next.ref(Boss, 'b').tell.stop({ grant, id: 'job' })
  await next.settle()
  assert.deepEqual(aborted, ['CANCELLED'])
  next.assertBalanced()
})

for (const fault of ['before', 'after'] as const) {
  test(`M6, D5: an interrupt whose commit threw ${fault} it happened still comes`, async () => {
    const engine = memoryEngine()
    const { w, grant } = await world(engine)
    await settled(w, w.ref(Agent, 'a').deliver.think('x', { id: 'job' }))
    const faults: Fault[] = [fault]
    engine.fault = () => faults.shift()
    w.ref(Boss, 'b').tell.stop({ grant, id: 'job' })
    await w.advance(1_000)
    assert.deepEqual(aborted, ['CANCELLED'])
    assert.equal(calls, 1)
    w.assertBalanced()
  })
}

test('M6: a caller that gives up aborts the durable turn it asked for', async () => {
  const { w } = await world()
  const controller = new AbortController()
  const thought = watched(w.ref(Agent, 'a').ask.think('x', { signal: controller.signal }))
  thought.promise.catch(() => undefined)
  await w.settle()
  controller.abort()
  await w.settle()
  await assert.rejects(thought.promise, code('CANCELLED'))
  assert.equal(aborted.length, 1)
  await w.advance(10_000)
  assert.equal(calls, 1)
  w.assertBalanced()
})

const Desk = contract('desk', {
  take: message<string, void>(),
  hold: message<void, void>(),
  fail: message<string, void>(),
  putAside: message<string, void>(),
  bringBack: message<void, void>(),
  right: message<void, Grant>(),
  all: message<void, string[]>(),
})

let gate = new Gate()

/** What begins here is known; how much of it has room is said. */
function deskOf(capacity: number) {
  return actor(Desk, {
    durable: true,
    state: () => ({ all: [] as string[], putAside: false }),
    mailbox: { capacity },
    on: {
      take: (ctx, name) => void ctx.state.all.push(name),
      hold: () => gate.pass(),
      fail(_ctx, name) {
        calls += 1
        throw new Error(name)
      },
      putAside(ctx, name) {
        if (ctx.state.putAside) return void ctx.state.all.push(name)
        ctx.stash()
      },
      bringBack(ctx) {
        ctx.state.putAside = true
        ctx.unstash()
      },
      right: (ctx) => ctx.grant(),
    },
    reads: { all: (ctx) => ctx.state.all },
  })
}

async function deskWorld(capacity = 100): Promise<{ w: World; grant: Grant }> {
  calls = 0
  gate = new Gate()
  const w = new World({ actors: [deskOf(capacity)] })
  return { w, grant: await settled(w, w.ref(Desk, 'd').ask.right()) }
}

async function assertTakenBack(w: World, others: string[], ids = ['job']): Promise<void> {
  assert.deepEqual(await settled(w, w.ref(Desk, 'd').ask.all()), others)
  assert.deepEqual(
    w.letters.map(({ envelope, reason }) => [envelope.id, reason]),
    ids.map((id) => [id, 'cancelled']),
  )
  assert.equal(w.store.stats().pending, 0)
  w.assertBalanced()
}

test('M6: an interrupt of a message that only the store has waits until that is read', async () => {
  const { w, grant } = await deskWorld(1)
  const desk = w.ref(Desk, 'd')
  desk.tell.hold()
  await w.settle()
  await settled(w, desk.deliver.take('a'))
  await settled(w, desk.deliver.take('b'))
  const id = formatMessageId(w.store.position, 0)
  await settled(w, desk.deliver.take('c'))
  assert.equal(w.cell('desk/d')?.inbox.mailbox.size, 1)
  w.outside.interrupt(grant, id)
  await w.settle()
  gate.open()
  await w.settle()
  await assertTakenBack(w, ['a', 'c'], [id])
})

test('M6: an interrupt that comes while the actor is not in memory, or is being loaded, waits for its message', async () => {
  const { w, grant } = await deskWorld()
  const desk = w.ref(Desk, 'd')
  desk.tell.hold()
  await w.settle()
  for (const id of ['job', 'next', 'kept']) await settled(w, desk.deliver.take(id, { id }))
  const ready = new Gate()
  const next = w.crash(0, { deps: () => ready.opened })
  // Nobody has thought of the actor yet.
  next.outside.interrupt(grant, 'job')
  next.outside.interrupt({ ...grant, grant: 'made up' }, 'kept')
  await next.settle()
  assert.equal(next.cell('desk/d')?.phase, 'starting')
  next.outside.interrupt(grant, 'next')
  await next.settle()
  ready.open()
  await next.settle()
  await assertTakenBack(next, ['kept'], ['job', 'next'])
})

test('M6: an interrupt that overtakes its message takes it back when that comes; without the right it does not', async () => {
  const { w, grant } = await deskWorld()
  const desk = w.ref(Desk, 'd')
  w.outside.interrupt(grant, 'job')
  w.outside.interrupt({ ...grant, grant: 'made up' }, 'other')
  await w.settle()
  await settled(w, desk.deliver.take('a', { id: 'job' }))
  await settled(w, desk.deliver.take('b', { id: 'other' }))
  await assertTakenBack(w, ['b'])
})

test('M6: an interrupt between two attempts ends the message; there is no third', async () => {
  const { w, grant } = await deskWorld()
  await settled(w, w.ref(Desk, 'd').deliver.fail('x', { id: 'job' }))
  assert.equal(calls, 1)
  w.outside.interrupt(grant, 'job')
  await w.advance(60_000)
  assert.equal(calls, 1)
  await assertTakenBack(w, [])
})

test('M6: an interrupt of a message that was put aside takes it back when it is brought out again', async () => {
  const { w, grant } = await deskWorld()
  await settled(w, w.ref(Desk, 'd').deliver.putAside('x', { id: 'job' }))
  w.outside.interrupt(grant, 'job')
  await w.settle()
  await settled(w, w.ref(Desk, 'd').ask.bringBack())
  await w.settle()
  await assertTakenBack(w, [])
})
