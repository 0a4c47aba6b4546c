/** F6, D1: children and watches of durable actors are part of their commits and outlive restarts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { settled } from './support.ts'
import { World } from './world.ts'

const Parent = contract('parent', {
  spawn: message<string, void>(),
  spawnVolatile: message<string, void>(),
  watch: message<{ type: string; key: string }, void>(),
  stop: message<void, void>(),
  told: message<void, string[]>(),
})
const Child = contract('child', {
  work: message<string, void>(),
  leave: message<void, void>(),
  destroy: message<void, void>(),
  all: message<void, string[]>(),
})
const Loose = contract('loose', { fail: message<void, void>(), leave: message<void, void>() })

const log: string[] = []
let hook = true

const parent = actor(Parent, {
  durable: true,
  state: () => ({ told: [] as string[] }),
  on: {
    spawn: (ctx, name) => void ctx.spawn(Child, name),
    spawnVolatile: (ctx, name) => void ctx.spawn(Loose, name),
    watch: (ctx, who) => ctx.watch(who),
    stop: (ctx) => ctx.stop(),
  },
  reads: { told: (ctx) => ctx.state.told },
  onTerminated: (ctx, who) => void ctx.state.told.push(`terminated ${who.type}/${who.key}`),
  onChildFailed: (ctx, who) => void ctx.state.told.push(`failed ${who.type}/${who.key}`),
})
const child = actor(Child, {
  durable: true,
  state: () => ({ all: [] as string[] }),
  onStart: (ctx) => void log.push(`start ${ctx.self.key}`),
  on: {
    work: (ctx, text) => void ctx.state.all.push(text),
    leave: (ctx) => ctx.stop(),
    destroy: (ctx) => ctx.destroy(),
  },
  reads: { all: (ctx) => ctx.state.all },
})
const loose = actor(Loose, {
  supervision: { restarts: 0 },
  onStart: (ctx) => void log.push(`start ${ctx.self.key}`),
  on: {
    fail() {
      if (hook) throw new Error('broken')
    },
    leave: (ctx) => ctx.stop(),
  },
})
const actors = [parent, child, loose] as const

function world(): World {
  log.length = 0
  hook = true
  return new World({ actors })
}

function stopped(w: World): string[] {
  return w.events.flatMap((e) => (e.event === 'actor-stopped' ? [e.actor] : []))
}

test('spawn: a durable child starts with the commit, once, also if the process dies in between', async () => {
  const w = world()
  w.holdAcks()
  w.ref(Parent, 'p').tell.spawn('c')
  await w.settle()
  assert.deepEqual(log, [])
  const next = w.crash()
  await next.settle()
  assert.deepEqual(log, ['start p/c'])
  next.assertBalanced()
})

test('spawn: children stop with their parent, first they and then it', async () => {
  const w = world()
  await settled(w, w.ref(Parent, 'p').ask.spawn('c'))
  await settled(w, w.ref(Parent, 'p').ask.spawnVolatile('v'))
  await settled(w, w.ref(Parent, 'p').ask.stop())
  assert.deepEqual(stopped(w).toSorted(), ['child/p/c', 'loose/p/v', 'parent/p'])
  assert.equal(stopped(w).at(-1), 'parent/p')
  w.assertBalanced()
})

test('spawn: after a restart a parent still knows its children, and they it', async () => {
  const w = world()
  await settled(w, w.ref(Parent, 'p').ask.spawn('c'))
  const next = w.crash()
  await settled(next, next.ref(Child, 'p/c').ask.work('x'))
  await settled(next, next.ref(Parent, 'p').ask.stop())
  assert.deepEqual(stopped(next), ['child/p/c', 'parent/p'])
  next.assertBalanced()
})

test('spawn: a child that ended is forgotten for good, so that a parent of many starts none of them', async () => {
  const w = world()
  for (let i = 0; i < 20; i += 1) {
    await settled(w, w.ref(Parent, 'p').ask.spawn(`c${i}`))
    await settled(w, w.ref(Child, `p/c${i}`).ask.leave())
  }
  log.length = 0
  const next = w.crash()
  await settled(next, next.ref(Parent, 'p').ask.told())
  assert.deepEqual(log, [])
  assert.equal(next.cell('parent/p')?.family.size, 0)
  next.assertBalanced()
})

test('spawn: a child that stopped while its parent was out of memory is forgotten', async () => {
  const w = world()
  await settled(w, w.ref(Parent, 'p').ask.spawn('c'))
  const next = w.crash()
  await settled(next, next.ref(Child, 'p/c').ask.leave())
  assert.equal(next.cell('parent/p')?.family.size, 0)
  const third = next.crash()
  await settled(third, third.ref(Parent, 'p').ask.told())
  assert.equal(third.cell('parent/p')?.family.size, 0)
  third.assertBalanced()
})

test("F6: a volatile child that fails for good is its parent's business, in a turn of its own", async () => {
  const w = world()
  await settled(w, w.ref(Parent, 'p').ask.spawnVolatile('v'))
  w.ref(Loose, 'p/v').tell.fail()
  await w.settle()
  assert.deepEqual(await settled(w, w.ref(Parent, 'p').ask.told()), ['failed loose/p/v'])
  const next = w.crash()
  assert.deepEqual(
    await settled(next, next.ref(Parent, 'p').ask.told()),
    ['failed loose/p/v'],
    'recorded like any turn',
  )
  next.assertBalanced()
})

test('F6: a termination is told once, in a turn, and not again after a restart', async () => {
  const w = world()
  await settled(
    w,
    w
      .ref(Loose, 'x')
      .ask.fail()
      .catch(() => undefined),
  )
  hook = false
  await w.advance(60_000)
  w.ref(Loose, 'y').tell.fail()
  await w.settle()
  await settled(w, w.ref(Parent, 'p').ask.watch({ type: 'loose', key: 'y' }))
  w.ref(Loose, 'y').tell.leave()
  await w.settle()
  assert.deepEqual(await settled(w, w.ref(Parent, 'p').ask.told()), ['terminated loose/y'])
  const next = w.crash()
  assert.deepEqual(await settled(next, next.ref(Parent, 'p').ask.told()), ['terminated loose/y'])
  next.assertBalanced()
})

test('F6: who watched a volatile actor that died with the process is told after the restart', async () => {
  const w = world()
  hook = false
  w.ref(Loose, 'y').tell.fail()
  await w.settle()
  await settled(w, w.ref(Parent, 'p').ask.watch({ type: 'loose', key: 'y' }))
  const next = w.crash()
  assert.deepEqual(await settled(next, next.ref(Parent, 'p').ask.told()), [])
  assert.deepEqual(await settled(next, next.ref(Parent, 'p').ask.told()), ['terminated loose/y'])
  next.assertBalanced()
})

test('F6: a watcher out of memory is brought back to be told', async () => {
  log.length = 0
  hook = false
  const w = new World({ actors, residency: 0 })
  await settled(w, w.ref(Child, 'd').ask.work('x'))
  await settled(w, w.ref(Parent, 'p').ask.watch({ type: 'child', key: 'd' }))
  assert.equal(w.cell('parent/p'), undefined)
  await settled(w, w.ref(Child, 'd').ask.destroy())
  assert.deepEqual(await settled(w, w.ref(Parent, 'p').ask.told()), ['terminated child/d'])
  w.assertBalanced()
})
