/** D1: nothing a durable turn says leaves before the commit that holds it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { code, settled, watched } from './support.ts'
import { World } from './world.ts'

const Heard = contract('heard', { note: message<string, void>(), all: message<void, string[]>() })
const Source = contract('source', {
  say: message<string, number>(),
  refuse: message<string, number>(),
  everything: message<string, void>(),
  leave: message<void, void>(),
  mixed: message<string, void>(),
})

const notes: string[] = []

const heard = actor(Heard, {
  state: () => ({ all: [] as string[] }),
  on: {
    note(ctx, text) {
      ctx.state.all.push(text)
      notes.push(text)
    },
    all: (ctx) => ctx.state.all,
  },
  onStart: (ctx) => {
    notes.push(`start ${ctx.self.key}`)
    if (ctx.self.key === 'listener') ctx.subscribe('news.*', 'note')
  },
})

const source = actor(Source, {
  durable: true,
  state: () => ({ said: 0 }),
  on: {
    say(ctx, text) {
      ctx.ref(Heard, 'h').tell.note(text)
      ctx.state.said += 1
      return ctx.state.said
    },
    refuse(ctx) {
      throw new Error(`refused after ${ctx.state.said}`)
    },
    everything(ctx, text) {
      ctx.ref(Heard, 'h').tell.note(text)
      ctx.publish('news.today', `news ${text}`)
      ctx.spawn(Heard, 'child')
      ctx.watch({ type: 'heard', key: 'nobody' })
      ctx.timer('later', { after: 10 }, 'say', 'tick')
      ctx.state.said += 1
    },
    leave(ctx) {
      ctx.stop()
    },
    mixed(ctx, text) {
      ctx.ref(Heard, 'h').tell.note(`${text} 1`)
      ctx.ref(Heard, 'h').tell.note(`${text} 2`)
    },
  },
  onTerminated: () => void notes.push('terminated'),
})

async function world(): Promise<World> {
  notes.length = 0
  const w = new World({ actors: [source, heard] })
  w.ref(Heard, 'listener').tell.note('ready')
  await settled(w, w.ref(Source, 'a').ask.say('first'))
  notes.length = 0
  return w
}

test('D1: nothing leaves before the commit that holds it', async () => {
  const w = await world()
  w.holdAcks()
  const done = watched(w.ref(Source, 'a').ask.everything('x'))
  await w.advance(1_000)
  assert.deepEqual(notes, [], 'no tell, no publish, no start of a child, no word of a watched one')
  assert.equal(done.done, false, 'no reply')
  await w.releaseAcks()
  assert.ok(done.done)
  await w.advance(1_000)
  assert.deepEqual(
    notes.toSorted(),
    ['news x', 'start source', 'terminated', 'tick', 'x']
      .toSorted()
      .map((n) => (n === 'start source' ? 'start a/child' : n)),
  )
  w.assertBalanced()
})

test('D1: what is not committed when the process dies was never said', async () => {
  const w = await world()
  w.holdAcks()
  const pending = w.ref(Source, 'a').ask.say('x')
  pending.catch(() => undefined)
  // The frame is built, and the process dies before its store has it.
  await Promise.resolve()
  const next = w.crash()
  await next.settle()
  assert.deepEqual(notes, [])
  assert.equal(await settled(next, next.ref(Source, 'a').ask.say('y')), 2)
  next.assertBalanced()
})

test('D1: the next turn starts before the commit of the one before it', async () => {
  const w = await world()
  w.holdAcks()
  const replies = ['x', 'y', 'z'].map((text) => watched(w.ref(Source, 'a').ask.say(text)))
  await w.settle()
  assert.equal(w.store.stats().pending, 0)
  assert.equal(
    w.records().filter(({ actor: id }) => id === 'source/a').length,
    4,
    'all were written',
  )
  assert.deepEqual(
    replies.map(({ done }) => done),
    [false, false, false],
  )
  await w.releaseAcks()
  assert.deepEqual(await Promise.all(replies.map(({ promise }) => promise)), [2, 3, 4])
  w.assertBalanced()
})

test('D1: everything is released in record order', async () => {
  const w = await world()
  w.holdAcks()
  for (const text of ['a', 'b', 'c']) {
    w.ref(Source, text).tell.mixed(text)
    await w.settle()
  }
  assert.deepEqual(notes, [])
  await w.releaseSome(1)
  assert.deepEqual(notes, ['a 1', 'a 2'])
  await w.releaseSome(1)
  await w.releaseAcks()
  assert.deepEqual(notes, ['a 1', 'a 2', 'b 1', 'b 2', 'c 1', 'c 2'])
  w.assertBalanced()
})

test('D1: the error of a failed ask waits for its record too', async () => {
  const w = await world()
  w.holdAcks()
  const refused = watched(w.ref(Source, 'a').ask.refuse('x'))
  await w.settle()
  assert.equal(refused.done, false)
  await w.releaseAcks()
  await assert.rejects(refused.promise, code('ACTOR_FAILED'))
  w.assertBalanced()
})

test('D1: nobody hears that an actor stopped before the turn that says so is committed', async () => {
  const w = await world()
  await settled(w, w.ref(Source, 'a').ask.everything('x'))
  notes.length = 0
  w.events.length = 0
  w.holdAcks()
  w.ref(Source, 'a').tell.leave()
  await w.settle()
  assert.deepEqual(
    w.events.filter(({ event }) => event === 'actor-stopped'),
    [],
  )
  await w.releaseAcks()
  assert.deepEqual(
    w.events.flatMap((e) => (e.event === 'actor-stopped' ? [e.actor] : [])),
    ['heard/a/child', 'source/a'],
  )
  w.assertBalanced()
})

test("D1: a large record of one actor does not hold back another's turns", async () => {
  const w = await world()
  const large = watched(w.ref(Source, 'big').ask.say('x'.repeat(4 * 1024 * 1024)))
  const small = watched(w.ref(Source, 'small').ask.say('y'))
  await w.settle()
  assert.ok(large.done && small.done)
  const records = w.records().filter(({ actor: id }) => id.startsWith('source/'))
  assert.equal(records.at(-1)?.actor, 'source/small')
  w.assertBalanced()
})
