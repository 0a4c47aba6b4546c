/** F6: the end of a durable actor is told once, whoever was away and whatever died in between. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { Gate, settled } from './support.ts'
import { memoryEngine, World, type WorldOptions } from './world.ts'

interface Who {
  readonly type: string
  readonly key: string
}

const Watcher = contract('watcher', {
  watch: message<Who, void>(),
  unwatch: message<Who, void>(),
  again: message<Who, void>(),
  note: message<string, void>(),
  block: message<void, void>(),
  told: message<void, string[]>(),
})
const Loose = contract('loose', {
  watch: message<Who, void>(),
  told: message<void, string[]>(),
})
const Worker = contract('worker', {
  work: message<string, void>(),
  say: message<string, void>(),
  stop: message<void, void>(),
  destroy: message<void, void>(),
})

let gate = new Gate()

const watcher = actor(Watcher, {
  durable: true,
  state: () => ({ told: [] as string[] }),
  on: {
    watch: (ctx, who) => ctx.watch(who),
    unwatch: (ctx, who) => ctx.unwatch(who),
    again(ctx, who) {
      ctx.unwatch(who)
      ctx.watch(who)
    },
    note: (ctx, text) => void ctx.state.told.push(text),
    block: (ctx) => ctx.effect('block', undefined, () => gate.pass()),
  },
  reads: { told: (ctx) => ctx.state.told },
  onTerminated: (ctx, who) => void ctx.state.told.push(`${who.type}/${who.key} ended`),
})
const loose = actor(Loose, {
  state: () => ({ told: [] as string[] }),
  on: { watch: (ctx, who) => ctx.watch(who), told: (ctx) => [...ctx.state.told] },
  onTerminated: (ctx, who) => void ctx.state.told.push(`${who.type}/${who.key} ended`),
})
const worker = actor(Worker, {
  durable: true,
  state: () => ({ done: [] as string[] }),
  on: {
    work: (ctx, text) => void ctx.state.done.push(text),
    say: (ctx, text) => void ctx.ref(Watcher, 'w').tell.note(text),
    stop(ctx) {
      ctx.ref(Watcher, 'w').tell.note('last words')
      ctx.stop()
    },
    destroy(ctx) {
      ctx.ref(Watcher, 'w').tell.note('last words')
      ctx.destroy()
    },
  },
})
const d = { type: 'worker', key: 'd' } as const
const ended = 'worker/d ended'

function world(options: Partial<WorldOptions> = {}): World {
  return new World({ actors: [watcher, loose, worker], ...options })
}

/** A worker that has worked, watched by `watcher/w`. */
async function watched(options?: Partial<WorldOptions>): Promise<World> {
  const w = world(options)
  await settled(w, w.ref(Worker, 'd').ask.work('x'))
  await settled(w, w.ref(Watcher, 'w').ask.watch(d))
  return w
}

/** What the watcher was told, without waking it before it was told. */
async function told(w: World): Promise<string[]> {
  await w.settle()
  return [...(await settled(w, w.ref(Watcher, 'w').ask.told()))]
}

for (const how of ['stop', 'destroy'] as const) {
  test(`F6: ${how} is told once, after what the actor said before, whoever dies in between`, async () => {
    const w = await watched()
    w.holdAcks()
    w.ref(Worker, 'd').tell[how]()
    await w.settle()
    assert.equal(w.store.wakeList(undefined, 10).actors[0]?.pending, 2, 'both wait for the watcher')
    const next = w.crash()
    await next.settle()
    const state = next.cell('watcher/w')?.state
    assert.deepEqual(state, { told: ['last words', ended] }, 'it was woken for it')
    next.assertBalanced()
    const third = next.crash()
    assert.deepEqual(await told(third), ['last words', ended], 'not again')
    third.assertBalanced()
  })
}

test('F6: who lives is told once, in order, by the store alone', async () => {
  const w = await watched()
  await settled(w, w.ref(Worker, 'd').ask.destroy())
  assert.deepEqual(await told(w), ['last words', ended])
  w.assertBalanced()
})

test('F6: a watcher that had left memory when its process died is told after the restart', async () => {
  const w = await watched({ residency: 0 })
  assert.equal(w.cell('watcher/w'), undefined)
  w.holdAcks()
  w.ref(Worker, 'd').tell.destroy()
  await w.settle()
  const next = w.crash()
  assert.deepEqual(await told(next), ['last words', ended])
  next.assertBalanced()
})

test('F6: the watch of an actor destroyed before is answered in its own commit', async () => {
  const w = world()
  await settled(w, w.ref(Worker, 'd').ask.work('x'))
  await settled(w, w.ref(Worker, 'd').ask.destroy())
  const next = w.crash()
  next.holdAcks()
  next.ref(Watcher, 'w').tell.watch(d)
  await next.settle()
  const third = next.crash()
  assert.deepEqual(await told(third), ['last words', ended])
  const fourth = third.crash()
  assert.deepEqual(await told(fourth), ['last words', ended])
  fourth.assertBalanced()
})

test('F6: the watch of a durable actor that lives, or never was, waits for its end', async () => {
  const w = await watched()
  await settled(w, w.ref(Watcher, 'w').ask.watch({ type: 'worker', key: 'new' }))
  const next = w.crash()
  assert.deepEqual(await told(next), [])
  await settled(next, next.ref(Worker, 'new').ask.destroy())
  assert.deepEqual(await told(next), ['last words', 'worker/new ended'])
  next.assertBalanced()
})

test('F6: an actor that came back after its end is watched anew, not told of its last one', async () => {
  const w = await watched()
  await settled(w, w.ref(Worker, 'd').ask.destroy())
  await settled(w, w.ref(Worker, 'd').ask.work('again'))
  await settled(w, w.ref(Watcher, 'w').ask.watch(d))
  assert.deepEqual(await told(w), ['last words', ended])
  await settled(w, w.ref(Worker, 'd').ask.destroy())
  assert.deepEqual(await told(w), ['last words', ended, 'last words', ended])
  w.assertBalanced()
})

test('F6: a watch that was ended is not answered, though its answer is in the store already', async () => {
  const w = await watched()
  w.holdAcks()
  w.ref(Worker, 'd').tell.destroy()
  await w.settle()
  w.ref(Watcher, 'w').tell.unwatch(d)
  await w.settle()
  await w.releaseAcks()
  assert.deepEqual(await told(w), ['last words'])
  assert.equal(w.store.stats().pending, 0, 'and it does not wait there for ever')
  const next = w.crash()
  assert.deepEqual(await told(next), ['last words'])
  next.assertBalanced()
})

test('F6: a watch begun after the actor came back is not answered by the end before', async () => {
  const w = await watched()
  gate = new Gate()
  w.ref(Watcher, 'w').tell.block()
  await settled(w, w.ref(Worker, 'd').ask.destroy())
  await settled(w, w.ref(Worker, 'd').ask.work('again'))
  // Its termination waits in the mailbox; before it is taken the watch is begun anew.
  w.ref(Watcher, 'w').tell.again(d, { lane: 'control' })
  gate.open()
  assert.deepEqual(await told(w), ['last words'])
  await settled(w, w.ref(Worker, 'd').ask.destroy())
  assert.deepEqual(await told(w), ['last words', 'last words', ended])
  assert.equal(w.store.stats().pending, 0)
  w.assertBalanced()
})

test('F6: an undone end is told to nobody', async () => {
  const engine = memoryEngine()
  const w = await watched({ engine })
  let faults = 1
  engine.fault = () => (faults-- > 0 ? 'before' : undefined)
  w.ref(Worker, 'd').tell.say('undone once')
  await w.advance(100)
  assert.deepEqual(await told(w), ['undone once'])
  faults = 1
  w.ref(Worker, 'd').tell.destroy()
  await w.advance(100)
  assert.deepEqual(await told(w), ['undone once', 'last words', ended])
  w.assertBalanced()
})

test('F6: an end whose answer was lost with a failed commit is told once', async () => {
  const engine = memoryEngine()
  const w = await watched({ engine })
  let faults = 1
  engine.fault = () => (faults-- > 0 ? 'after' : undefined)
  w.ref(Worker, 'd').tell.destroy()
  await w.advance(100)
  assert.deepEqual(await told(w), ['last words', ended])
  w.assertBalanced()
})

test('F6: a volatile watcher is told too, also of an actor destroyed in an earlier process', async () => {
  const w = world()
  await settled(w, w.ref(Worker, 'd').ask.destroy())
  await settled(w, w.ref(Worker, 'e').ask.work('x'))
  const next = w.crash()
  await settled(next, next.ref(Loose, 'l').ask.watch(d))
  await settled(next, next.ref(Loose, 'l').ask.watch({ type: 'worker', key: 'e' }))
  await settled(next, next.ref(Loose, 'l').ask.watch({ type: 'worker', key: 'new' }))
  assert.deepEqual(await settled(next, next.ref(Loose, 'l').ask.told()), [ended])
  await settled(next, next.ref(Worker, 'e').ask.stop())
  assert.deepEqual(await settled(next, next.ref(Loose, 'l').ask.told()), [ended, 'worker/e ended'])
  next.assertBalanced()
})

test('F6: a durable actor that its parent stops is told to those who watch it', async () => {
  const w = await watched()
  w.peer.signal('worker/d', { kind: 'stop', reason: 'stopped' })
  assert.deepEqual(await told(w), [ended])
  w.assertBalanced()
})

for (const where of ['in memory', 'out of memory'] as const) {
  test(`F6: the end of a child ${where} that its parent stops is in the store, whoever dies in between`, async () => {
    const w = await watched(where === 'in memory' ? {} : { residency: 0 })
    if (where === 'in memory') await settled(w, w.ref(Worker, 'd').deliver.say('last words'))
    assert.equal(w.cell('worker/d') !== undefined, where === 'in memory')
    const before = [...(await told(w))]
    w.holdAcks()
    w.peer.signal('worker/d', { kind: 'stop', reason: 'stopped', by: 'watcher/parent' })
    await w.settle()
    const next = w.crash(0, { residency: 9 })
    await next.settle()
    assert.deepEqual(next.cell('watcher/w')?.state, { told: [...before, ended] }, 'woken for it')
    assert.deepEqual(await told(next.crash()), [...before, ended], 'not again')
    next.assertBalanced()
  })
}

test('F6: a stop whose record is lost with a failed commit is told once', async () => {
  const engine = memoryEngine()
  const w = await watched({ engine })
  let faults = 1
  engine.fault = () => (faults-- > 0 ? 'before' : undefined)
  w.peer.signal('worker/d', { kind: 'stop', reason: 'stopped' })
  await w.advance(100)
  assert.deepEqual(await told(w), [ended])
  w.assertBalanced()
})

const g = { type: 'guest', key: 'g' } as const
const Guest = contract('guest', { greet: message<void, void>(), leave: message<void, void>() })
const guest = actor(Guest, { on: { greet: () => undefined, leave: (ctx) => ctx.stop() } })

test('F6: the end of a volatile actor is in the store of who watches it, whoever dies in between', async () => {
  const w = new World({ actors: [watcher, guest] })
  await settled(w, w.ref(Guest, 'g').ask.greet())
  await settled(w, w.ref(Watcher, 'w').ask.watch(g))
  w.holdAcks()
  w.ref(Guest, 'g').tell.leave()
  await w.settle()
  const next = w.crash()
  await next.settle()
  assert.deepEqual(next.cell('watcher/w')?.state, { told: ['guest/g ended'] }, 'woken for it')
  assert.deepEqual(await told(next.crash()), ['guest/g ended'], 'not again')
  next.assertBalanced()
})

test('F6: the watch of a volatile actor that is gone is answered by the store', async () => {
  const w = new World({ actors: [watcher, guest], residency: 0 })
  await settled(w, w.ref(Watcher, 'w').ask.watch(g))
  assert.deepEqual(await told(w), ['guest/g ended'])
  assert.equal(w.store.watches(['guest']).length, 0, 'and is over')
  await settled(w, w.ref(Guest, 'g').ask.greet())
  await settled(w, w.ref(Watcher, 'w').ask.watch(g))
  assert.deepEqual(w.store.watches(['guest']), [{ watched: 'guest/g', by: 'watcher/w' }])
  assert.deepEqual(w.store.watches(['worker']), [])
  await settled(w, w.ref(Guest, 'g').ask.leave())
  assert.deepEqual(await told(w), ['guest/g ended', 'guest/g ended'])
  w.assertBalanced()
})

test('F6: an actor that ends in its start hook is told as well, and its state is gone', async () => {
  let mayStay = true
  const brief = actor(Worker, {
    durable: true,
    state: () => ({ done: [] as string[] }),
    onStart: (ctx) => (mayStay ? undefined : ctx.destroy()),
    on: {
      work: (ctx, text) => void ctx.state.done.push(text),
      say: () => undefined,
      stop: () => undefined,
      destroy: () => undefined,
    },
  })
  const w = new World({ actors: [watcher, brief] })
  await settled(w, w.ref(Worker, 'd').ask.work('x'))
  await settled(w, w.ref(Watcher, 'w').ask.watch(d))
  const next = w.crash()
  mayStay = false
  next.peer.signal('worker/d', { kind: 'wake' })
  assert.deepEqual(await told(next), [ended])
  assert.equal(next.store.hasEnded('worker/d'), true)
  next.assertBalanced()
})
