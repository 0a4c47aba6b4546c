/** How durable actors come and go: passivation, stop, destroy, stash, start hooks, and bad records. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { code, Gate, settled, watched } from './support.ts'
import { type Fault, memoryEngine, World } from './world.ts'

const Life = contract('life', {
  note: message<string, string>(),
  wait: message<void, void>(),
  step: message<void, string>(),
  stop: message<void, void>(),
  destroy: message<void, void>(),
  later: message<string, void>(),
  release: message<void, void>(),
  all: message<void, string[]>(),
  gone: message<void, void>(),
})

let gate = new Gate()
const starts: string[] = []
let onStart: 'quiet' | 'note' | 'fail' | 'slow' = 'quiet'
let open = false

const life = actor(Life, {
  durable: true,
  state: (key) => ({ notes: [`born ${key}`], open: false }),
  stash: 3,
  onStart: async (ctx) => {
    starts.push(ctx.self.key)
    if (onStart === 'note') ctx.state.notes.push('started')
    if (onStart === 'fail') throw new Error('cannot start')
    if (onStart === 'slow') await gate.pass()
  },
  on: {
    note(ctx, text) {
      ctx.state.notes.push(text)
      return ctx.state.notes.join()
    },
    async wait() {
      await gate.pass()
    },
    step: (ctx) =>
      ctx.effect('s', 0, async () => {
        await gate.pass()
        return 'done'
      }),
    stop: (ctx) => ctx.stop(),
    destroy(ctx) {
      ctx.state.notes.push('last words')
      ctx.destroy()
    },
    later(ctx, text) {
      if (open) ctx.state.notes.push(text)
      else ctx.stash()
    },
    release(ctx) {
      open = true
      ctx.unstash()
    },
  },
  reads: { all: (ctx) => ctx.state.notes, gone() {} },
})

function world(
  options: { residency?: number; engine?: ReturnType<typeof memoryEngine> } = {},
): World {
  gate = new Gate()
  starts.length = 0
  onStart = 'quiet'
  open = false
  return new World({ actors: [life], ...options })
}

async function all(w: World, key = 'a'): Promise<string[]> {
  return await settled(w, w.ref(Life, key).ask.all())
}

test('passivation: an idle actor leaves memory and comes back as it was', async () => {
  const w = world()
  await settled(w, w.ref(Life, 'a').ask.note('x'))
  await w.advance(299_999)
  assert.ok(w.cell('life/a'))
  await w.advance(1)
  assert.equal(w.cell('life/a'), undefined)
  assert.deepEqual(w.events.filter(({ event }) => event === 'actor-passivated').length, 1)
  assert.deepEqual(await all(w), ['born a', 'x'])
  w.assertBalanced()
})

test('passivation: beyond the residency cap the longest idle leave first', async () => {
  const w = world({ residency: 3 })
  for (const key of ['a', 'b', 'c', 'd', 'e']) {
    await settled(w, w.ref(Life, key).ask.note('x'))
    await w.advance(10)
  }
  assert.deepEqual(
    [...w.peer.residents].map(({ key }) => key),
    ['c', 'd', 'e'],
  )
  assert.deepEqual(await all(w, 'a'), ['born a', 'x'])
  w.assertBalanced()
})

test('passivation: never with a turn, an uncommitted record, or an open step', async () => {
  const w = world({ residency: 0 })
  w.ref(Life, 'turn').tell.wait()
  w.ref(Life, 'step').tell.step()
  await w.advance(1_000_000)
  assert.ok(w.cell('life/turn') && w.cell('life/step'))
  gate.open()
  await w.settle()
  assert.equal(w.peer.residents.size, 0)
  w.holdAcks()
  w.ref(Life, 'record').tell.note('x')
  await w.advance(1_000_000)
  assert.ok(w.cell('life/record'))
  await w.releaseAcks()
  assert.equal(w.peer.residents.size, 0)
  w.assertBalanced()
})

test('stop keeps the state, and accepted messages wake the next incarnation', async () => {
  const w = world()
  await settled(w, w.ref(Life, 'a').ask.note('x'))
  w.ref(Life, 'a').tell.wait()
  await w.settle()
  const stop = w.ref(Life, 'a').deliver.stop()
  await w.settle()
  const delivered = w.ref(Life, 'a').deliver.note('after')
  const told = watched(w.ref(Life, 'a').ask.note('in memory'))
  told.promise.catch(() => undefined)
  await w.settle()
  gate.open()
  await w.settle()
  await stop
  await delivered
  await assert.rejects(told.promise, code('ACTOR_STOPPED'))
  assert.deepEqual(await all(w), ['born a', 'x', 'after'])
  w.assertBalanced()
})

test('destroy forgets the state; the next message finds a fresh one, also after a restart', async () => {
  const w = world()
  await settled(w, w.ref(Life, 'a').ask.note('x'))
  await settled(w, w.ref(Life, 'a').ask.destroy())
  assert.equal(await settled(w, w.ref(Life, 'a').ask.note('y')), 'born a,y')
  await settled(w, w.ref(Life, 'b').ask.destroy())
  const next = w.crash()
  assert.deepEqual(await all(next), ['born a', 'y'])
  assert.deepEqual(await all(next, 'b'), ['born b'])
  next.assertBalanced()
})

test('destroy: what was accepted before is for the next incarnation, stashed messages too', async () => {
  const w = world()
  for (const text of ['1', '2']) await settled(w, w.ref(Life, 'a').deliver.later(text))
  open = true
  w.ref(Life, 'a').tell.wait()
  await w.settle()
  const destroyed = w.ref(Life, 'a').deliver.destroy()
  await w.settle()
  const after = w.ref(Life, 'a').deliver.note('after')
  await w.settle()
  gate.open()
  await w.settle()
  await Promise.all([destroyed, after])
  assert.deepEqual(await all(w), ['born a', '1', '2', 'after'])
  w.assertBalanced()
})

test('stash: it is durable, in order, and comes back before newer messages', async () => {
  const w = world()
  for (const text of ['1', '2', '3']) w.ref(Life, 'a').tell.later(text)
  await w.settle()
  assert.equal(w.accounting('life').stashed, 3)
  const next = w.crash()
  await next.settle()
  open = false
  assert.equal(next.accounting('life').pending + next.accounting('life').stashed, 3)
  next.ref(Life, 'a').tell.release()
  next.ref(Life, 'a').tell.later('4')
  await next.settle()
  assert.deepEqual(await all(next), ['born a', '1', '2', '3', '4'])
  next.assertBalanced()
})

test('stash: one message too many is parked, the others stay', async () => {
  const w = world()
  for (const text of ['1', '2', '3', '4']) w.ref(Life, 'a').tell.later(text)
  await w.settle()
  assert.deepEqual(
    w.letters.map(({ reason }) => reason),
    ['stash-full'],
  )
  w.assertBalanced()
  const next = w.crash()
  next.ref(Life, 'a').tell.release()
  await next.settle()
  assert.deepEqual(await all(next), ['born a', '1', '2', '3'])
  next.assertBalanced()
})

test('stashing while the stash is replayed ends', async () => {
  const w = world()
  for (const text of ['1', '2']) w.ref(Life, 'a').tell.later(text)
  await w.settle()
  w.ref(Life, 'a').tell.release()
  await w.settle()
  open = false
  w.ref(Life, 'a').tell.later('3')
  await w.settle()
  w.assertBalanced()
  assert.equal(w.accounting('life').stashed, 1)
})

for (const fault of ['before', 'after'] as const) {
  test(`D5: stashing and unstashing outlive a commit that throws ${fault} it happened`, async () => {
    const engine = memoryEngine()
    const w = world({ engine })
    await settled(w, w.ref(Life, 'a').ask.note('x'))
    const faults: Fault[] = [fault]
    engine.fault = () => faults.shift()
    for (const text of ['1', '2']) w.ref(Life, 'a').tell.later(text)
    w.ref(Life, 'a').tell.release()
    w.ref(Life, 'a').tell.later('3')
    await w.advance(1_000)
    assert.deepEqual(await all(w), ['born a', 'x', '1', '2', '3'])
    w.assertBalanced()
  })
}

test('start hook: it runs at each activation, and is recorded only when it changes something', async () => {
  const w = world()
  await settled(w, w.ref(Life, 'a').ask.note('x'))
  assert.equal(w.records().length, 1)
  onStart = 'note'
  const next = w.crash()
  assert.deepEqual(await all(next), ['born a', 'x', 'started'])
  assert.equal(next.records().length, 2)
  assert.deepEqual(starts, ['a', 'a'])
  next.assertBalanced()
})

test('start hook: while it fails askers learn why, messages wait, and it is tried again', async () => {
  const w = world()
  onStart = 'fail'
  await assert.rejects(settled(w, w.ref(Life, 'a').ask.note('x')), code('ACTOR_FAILED'))
  w.ref(Life, 'a').tell.note('told')
  await settled(w, w.ref(Life, 'a').deliver.note('delivered'))
  await w.advance(1_000)
  w.assertBalanced()
  onStart = 'quiet'
  await w.advance(60_000)
  assert.deepEqual((await all(w)).toSorted(), ['born a', 'delivered', 'told'])
  w.assertBalanced()
})

test('T1: no message is handled before the start hook has ended', async () => {
  const w = world()
  onStart = 'slow'
  const reply = watched(w.ref(Life, 'a').ask.note('x'))
  await w.settle()
  assert.equal(reply.done, false)
  gate.open()
  assert.equal(await settled(w, reply.promise), 'born a,x')
  w.assertBalanced()
})

test('expired and aborted messages that the store holds become recorded dead letters', async () => {
  const w = world()
  w.ref(Life, 'a').tell.wait()
  await w.settle()
  const controller = new AbortController()
  void w.ref(Life, 'a').deliver.note('late', { within: 1_000 })
  void w.ref(Life, 'a').deliver.note('given up', { signal: controller.signal })
  await w.settle()
  controller.abort()
  await w.advance(2_000)
  gate.open()
  await w.settle()
  assert.deepEqual(
    w.letters.map(({ reason }) => reason),
    ['expired', 'cancelled'],
  )
  assert.equal(w.store.stats().pending, 0)
  assert.deepEqual(await all(w), ['born a'])
  w.assertBalanced()
  const next = w.crash()
  await next.settle()
  assert.deepEqual(await all(next), ['born a'])
})

test('a deadline is kept across a restart', async () => {
  const w = world()
  w.ref(Life, 'a').tell.wait()
  await w.settle()
  await settled(w, w.ref(Life, 'a').deliver.note('late', { within: 1_000 }))
  const next = w.crash(2_000)
  await next.settle()
  assert.deepEqual(
    next.letters.map(({ reason }) => reason),
    ['expired'],
  )
  assert.deepEqual(await all(next), ['born a'])
  next.assertBalanced()
})

test('no-handler: a stored message for a name that is gone is parked, the actor goes on', async () => {
  const w = world()
  w.ref(Life, 'a').tell.wait()
  await w.settle()
  await settled(w, w.ref(Life, 'a').deliver.note('x'))
  const smaller = contract('life', { other: message<void, void>() })
  const next = w.crash(0, {
    actors: [actor(smaller, { durable: true, state: () => ({}), on: { other() {} } })],
  })
  await next.settle()
  assert.deepEqual(
    next.letters.map(({ reason }) => reason),
    ['no-handler'],
  )
  await settled(next, next.ref(smaller, 'a').ask.other())
  next.assertBalanced()
})

test('a backlog for many keys boots in bounded memory', async () => {
  const w = world({ residency: 50 })
  w.holdAcks()
  for (let i = 0; i < 500; i += 1) void w.ref(Life, `k${i}`).deliver.note('x')
  await w.settle()
  const next = w.crash()
  assert.equal(next.accounting('life').pending, 500)
  await next.settle()
  assert.equal(next.accounting('life').processed, 500)
  assert.ok(next.peer.residents.size <= 50, `${next.peer.residents.size} in memory`)
  next.assertBalanced()
})

test('stop: whoever asked for a message that lies in the stash is told', async () => {
  const w = world()
  const asked = watched(w.ref(Life, 'a').ask.later('1'))
  asked.promise.catch(() => undefined)
  await w.settle()
  assert.equal(asked.done, false)
  await settled(w, w.ref(Life, 'a').ask.stop())
  await assert.rejects(asked.promise, code('ACTOR_STOPPED'))
  w.ref(Life, 'a').tell.release()
  await w.settle()
  assert.deepEqual(await all(w), ['born a', '1'], 'the message itself was accepted, and stays so')
  w.assertBalanced()
})

test('T3: a first state that is frozen and the same for all keys is copied: actors share nothing', async () => {
  const shared = Object.freeze({ notes: Object.freeze([] as string[]) as string[] })
  const Twin = contract('twin', { note: message<string, string>() })
  const twin = actor(Twin, {
    durable: true,
    state: () => shared,
    on: {
      note(ctx, text) {
        ctx.state.notes.push(text)
        return ctx.state.notes.join()
      },
    },
  })
  const w = new World({ actors: [twin] })
  assert.equal(await settled(w, w.ref(Twin, 'a').ask.note('x')), 'x')
  assert.equal(await settled(w, w.ref(Twin, 'b').ask.note('y')), 'y')
  assert.deepEqual(shared, { notes: [] })
})
