/** What `system.quiet()` waits for, and what it does not: by the accounts (M4), under a virtual clock. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { calmOf, type Looked } from '../../runtime/main/calm.ts'
import { Counters } from '../../runtime/peer/counters.ts'
import { createTestSystem, type TestSystem } from '../../runtime/testing/index.ts'
import { settled, watched } from '../durable/support.ts'
import { World } from '../durable/world.ts'

const Job = contract('job', {
  work: message<void, void>(),
  remind: message<number, void>(),
  put: message<void, void>(),
  back: message<void, void>(),
})
const Shaky = contract('shaky', { work: message<void, void>() })

interface Trouble {
  /** So many more turns, start hooks or states fail. */
  failures: number
  done: number
}

function struck(trouble: Trouble): void {
  trouble.failures -= 1
  if (trouble.failures >= 0) throw new Error('as told')
}

function done(trouble: Trouble): void {
  trouble.done += 1
}

const job = actor(Job, {
  durable: true,
  on: {
    work(ctx) {
      struck(ctx.deps as Trouble)
      done(ctx.deps as Trouble)
    },
    remind: (ctx, after) => ctx.timer('t', { after }, 'work'),
    put: (ctx) => ctx.stash(),
    back: (ctx) => ctx.unstash(),
  },
})

const shaky = actor(Shaky, {
  onStart: (ctx) => struck(ctx.deps as Trouble),
  on: { work: (ctx) => done(ctx.deps as Trouble) },
})

const Late = contract('late', { work: message<void, void>() })
const late = actor(Late, {
  durable: true,
  onStart: (ctx) => struck(ctx.deps as Trouble),
  on: { work: (ctx) => done(ctx.deps as Trouble) },
})

const jobs = app(import.meta.url, { actors: [job, shaky, late], deps: () => ({}) })

async function systemWith(
  t: { after(end: () => unknown): void },
  trouble: Trouble,
): Promise<TestSystem> {
  const system = await createTestSystem(jobs, { deps: trouble })
  t.after(() => system.close())
  return system
}

for (const [name, type] of [
  ['a turn', Job],
  ['the activation of a durable actor', Late],
  ['the restart of a volatile actor', Shaky],
] as const) {
  test(`M4: the system is not quiet while ${name} waits out its back-off`, async (t) => {
    const trouble = { failures: 1, done: 0 }
    const system = await systemWith(t, trouble)
    system.ref(type, 'a').tell.work()
    await system.settle()
    const quiet = watched(system.quiet())
    await system.settle()
    assert.deepEqual(trouble, { failures: 0, done: 0 })
    assert.equal(quiet.done, false)
    assert.equal(system.stats().total.pending, 1)
    await system.advance(60_000)
    await quiet.promise
    assert.equal(trouble.done, 1)
    assert.equal(system.stats().total.pending, 0)
  })
}

test('M4: a tick that is being written is waited for, a timer that is not due is not', async (t) => {
  const trouble = { failures: 0, done: 0 }
  const system = await systemWith(t, trouble)
  await system.ref(Job, 'a').ask.remind(1_000)
  await system.quiet()
  assert.equal(trouble.done, 0)
  // The store's alarm rings, and nothing else has happened yet.
  system.clock.advance(1_000)
  await system.quiet()
  assert.equal(trouble.done, 1)
})

test('M4: what is stashed is accounted for, and does not keep the system from being quiet', async (t) => {
  const system = await systemWith(t, { failures: 0, done: 0 })
  system.ref(Job, 'a').tell.put()
  await system.quiet()
  assert.equal(system.stats().total.stashed, 1)
})

test('S2: a system that closes is quiet, and does not wait for a back-off of what the store holds', async () => {
  const system = await createTestSystem(jobs, { deps: { failures: 9, done: 0 } })
  await system.ref(Late, 'a').deliver.work()
  const quiet = system.quiet()
  const { drained, stored, leftover } = await system.close()
  assert.deepEqual({ drained, stored, leftover }, { drained: true, stored: 1, leftover: 0 })
  await quiet
})

test('M4: a thread is not quiet while an actor waits for the next page of its store', async () => {
  const trouble = { failures: 0, done: 0 }
  const world = new World({ actors: [{ ...job }], deps: () => trouble })
  const pages = world.journal.pending.bind(world.journal)
  let open: (() => void) | undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  world.journal.pending = async (...ask) => {
    await opened
    return await pages(...ask)
  }
  await settled(world, world.ref(Job, 'a').ask.work())
  // What a timer or a topic brings is in the store only, and the actor reads on from there.
  await settled(world, world.ref(Job, 'a').ask.remind(10))
  await world.advance(10)
  assert.equal(world.accounting('job').pending, 1)
  assert.equal(world.peer.is('resting'), true)
  assert.equal(world.peer.is('quiet'), false)
  open?.()
  await world.settle()
  assert.equal(trouble.done, 2)
  assert.equal(world.peer.is('quiet'), true)
})

test('M4, D8: the store is idle once the ticks that are due have been told to those who wait for it', async () => {
  const world = new World({ actors: [job], deps: () => ({ failures: 0, done: 0 }) })
  await settled(world, world.ref(Job, 'a').ask.remind(10))
  const heard: string[] = []
  const send = world.service.connect(99, { post: ({ kind }) => void heard.push(kind) })
  send({ kind: 'ask', id: 1, question: 'idle', with: {} })
  assert.deepEqual(heard.splice(0), ['answer'])
  world.clock.advance(10)
  send({ kind: 'ask', id: 2, question: 'idle', with: {} })
  assert.deepEqual(heard, [])
  await world.settle()
  assert.deepEqual(heard, ['arrived', 'answer'])
})

test('D4, M4: messages of an actor that cannot be read wait for somebody: the thread is quiet', async () => {
  const world = new World({ actors: [job], deps: () => ({ failures: 0, done: 0 }) })
  world.store.loadMany = (ids) =>
    ids.map((actor) => ({ kind: 'damaged', detail: 'as told', positions: [1], actor }))
  const lost = assert.rejects(world.ref(Job, 'a').ask.work(), { code: 'STORE_CORRUPT' })
  await world.settle()
  await lost
  await settled(world, world.ref(Job, 'a').deliver.work())
  world.ref(Job, 'a').tell.work()
  await world.settle()
  assert.equal(world.accounting('job').pending, 2)
  assert.equal(world.peer.is('quiet'), true)
  assert.equal(world.peer.isAwaiting, true)
})

test('M4: two looks at all threads count only when no frame was on its way at either of them', async () => {
  const counters = new Counters(['job'])
  // On its way; taken, and answered by one more; the same twice.
  const frames = [undefined, 7, 8, 8]
  let looks = 0
  const looked: Looked = {
    clock: { ended: false } as Looked['clock'],
    counters,
    client: undefined,
    peer: { pump: { calm: () => Promise.resolve() } as never, isAwaiting: false },
    hosts: {
      calm: () => Promise.resolve(false),
      counters: () => [],
      get frames() {
        looks += 1
        return frames[looks - 1]
      },
    },
  }
  await calmOf(looked, 'quiet')
  assert.equal(looks, 4)
})

test('M4: what waits is told by lane, through stash, back-off and store', async (t) => {
  const trouble = { failures: 0, done: 0 }
  const system = await systemWith(t, trouble)
  const ref = system.ref(Job, 'a')
  ref.tell.put(undefined, { lane: 'high' })
  ref.tell.put()
  await system.settle()
  trouble.failures = 1
  ref.tell.work(undefined, { lane: 'low' })
  await system.settle()
  ref.tell.work(undefined, { lane: 'low' })
  ref.tell.work(undefined, { lane: 'high' })
  await system.settle()
  const waiting = { byLane: { control: 0, high: 1, normal: 0, low: 2 }, inStore: 0 }
  assert.deepEqual(system.stats().waiting['job'], waiting)
  assert.equal(system.stats().byType['job']?.stashed, 2)
  await system.advance(60_000)
  ref.tell.back()
  await system.quiet()
  assert.equal(system.stats().byType['job']?.stashed, 2)
  trouble.failures = 1
  await system.ref(Late, 'b').deliver.work()
  await system.settle()
  const nothing = { control: 0, high: 0, normal: 0, low: 0 }
  assert.deepEqual(system.stats().waiting['late'], { byLane: nothing, inStore: 1 })
  await system.advance(60_000)
  assert.deepEqual(system.stats().waiting['late'], { byLane: nothing, inStore: 0 })
  assert.deepEqual(system.stats().waiting['job'], { byLane: nothing, inStore: 0 })
})
