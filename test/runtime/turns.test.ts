/** T1, T6: one handler at a time, and nothing of a turn outlives it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import type { Context } from '../../actors/context.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import type { Ref } from '../../actors/ref.ts'
import { type Gate, gate } from './gate.ts'
import { harness } from './harness.ts'

const Worker = contract('worker', {
  slow: message<string, string>(),
  quick: message<string, void>(),
  look: message<void, readonly string[]>(),
  lookLong: message<void, readonly string[]>(),
  lookStream: stream<void, string, number>(),
})
const revoked = { code: 'CTX_REVOKED' }

function workers() {
  const log: string[] = []
  const gates = new Map<string, Gate>()
  const open = (name: string): Gate => {
    const made = gates.get(name) ?? gate()
    gates.set(name, made)
    return made
  }
  const worker = actor(Worker, {
    state: () => ({ log: [] as string[] }),
    on: {
      async slow(ctx, name) {
        log.push(`${name} begins`)
        await open(name).opened
        ctx.state.log.push(name)
        log.push(`${name} ends`)
        return name
      },
      quick(ctx, name) {
        ctx.state.log.push(name)
        log.push(name)
      },
    },
    reads: {
      look: (ctx) => ctx.state.log,
      async lookLong(ctx) {
        log.push('look begins')
        await open('look').opened
        log.push('look ends')
        return ctx.state.log
      },
      *lookStream(ctx) {
        for (const line of ctx.state.log) yield line
        return ctx.state.log.length
      },
    },
  })
  const h = harness({ actors: [worker] })
  return { h, log, open, ref: h.ref(Worker, 'a') }
}

test('T1: one handler at a time, awaits included', async () => {
  const { h, log, open, ref } = workers()
  const first = ref.ask.slow('one')
  const second = ref.ask.slow('two')
  ref.tell.quick('three')
  await h.settle()
  assert.deepEqual(log, ['one begins'])
  assert.equal(h.accounting('worker').running, 1)
  open('one').open()
  await h.settle()
  assert.deepEqual(log, ['one begins', 'one ends', 'two begins'])
  open('two').open()
  await h.settle()
  assert.deepEqual(await Promise.all([first, second]), ['one', 'two'])
  assert.deepEqual(log.slice(3), ['two ends', 'three'])
  assert.equal(h.imbalance(), 0)
})

test('T1: a volatile actor answers reads between its turns, never beside one', async () => {
  const { h, log, open, ref } = workers()
  const turn = ref.ask.slow('one')
  const look = ref.ask.look()
  await h.settle()
  assert.deepEqual(log, ['one begins'])
  open('one').open()
  await h.settle()
  await turn
  assert.deepEqual(await look, ['one'])

  const long = ref.ask.lookLong()
  ref.tell.quick('two')
  await h.settle()
  assert.deepEqual(log.slice(2), ['look begins'], 'no turn beside a read that awaits')
  open('look').open()
  await h.settle()
  assert.deepEqual(await long, ['one'])
  assert.deepEqual(log.slice(2), ['look begins', 'look ends', 'two'])
  assert.equal(h.imbalance(), 0)
})

test('a read handler may be a stream', async () => {
  const { h, ref } = workers()
  ref.tell.quick('one')
  ref.tell.quick('two')
  const items: string[] = []
  const lines = ref.stream.lookStream()
  const read = (async () => {
    for await (const line of lines) items.push(line)
  })()
  await h.settle()
  await read
  assert.deepEqual(items, ['one', 'two'])
  assert.equal(await lines.reply, 2)
  assert.equal(h.imbalance(), 0)
})

test('an actor that stops during a read ends after it', async () => {
  const Reader = contract('reader', { look: message<void, number>(), leave: message() })
  const held = gate()
  const reader = actor(Reader, {
    state: () => ({ n: 1 }),
    on: { leave: (ctx) => ctx.stop() },
    reads: {
      async look(ctx) {
        await held.opened
        return ctx.state.n
      },
    },
  })
  const h = harness({ actors: [reader] })
  const look = h.ref(Reader, 'a').ask.look()
  h.ref(Reader, 'a').tell.leave()
  await h.settle()
  held.open()
  await h.settle()
  assert.equal(await look, 1)
  assert.ok(h.events.some(({ event }) => event === 'actor-stopped'))
  assert.equal(h.imbalance(), 0)
})

const Holder = contract('holder', {
  keep: message<string, void>(),
  silent: message<void, string>(),
  forget: message<'ask' | 'effect' | 'late' | 'handled', void>(),
  throws: message<void, void>(),
  note: message<string, void>(),
})
const Peer = contract('peer', { wait: message<string, string>() })

interface Kept {
  ctx?: Context<(typeof Holder)['messages'], { n: number }>
  ref?: Ref<(typeof Peer)['messages']>
  state?: { n: number }
}

function holders() {
  const kept: Kept = {}
  const log: string[] = []
  const held = gate()
  const peer = actor(Peer, {
    on: {
      async wait(_ctx, how) {
        await held.opened
        if (how === 'fail') throw new Error('peer failed')
        return how
      },
    },
  })
  const holder = actor(Holder, {
    state: () => ({ n: 1 }),
    on: {
      keep(ctx, key) {
        kept.ctx = ctx
        kept.ref = ctx.ref(Peer, key)
        kept.state = ctx.state
      },
      async silent(ctx) {
        void ctx.ref(Peer, 'p').ask.wait('x')
        return 'answered'
      },
      forget(ctx, how) {
        const call =
          how === 'effect'
            ? ctx.effect('e', null, () => held.opened)
            : ctx.ref(Peer, 'p').ask.wait(how === 'ask' ? 'x' : 'fail')
        if (how === 'handled') call.catch(() => log.push('handled'))
        log.push(`${how} returns`)
      },
      throws(ctx) {
        void ctx.ref(Peer, 'p').ask.wait('x')
        throw new Error('after an ask')
      },
      note: (_ctx, text) => void log.push(text),
    },
  })
  const h = harness({ actors: [peer, holder] })
  return { h, kept, log, held, ref: h.ref(Holder, 'a') }
}

test('T6: ctx and its refs are revoked when the turn is over', async () => {
  const { h, kept, ref } = holders()
  ref.tell.keep('p')
  await h.settle()
  const ctx = kept.ctx as NonNullable<Kept['ctx']>
  const peer = kept.ref as NonNullable<Kept['ref']>
  const uses: (() => unknown)[] = [
    () => ctx.state,
    () => {
      ctx.state = { n: 2 }
    },
    () => ctx.self,
    () => ctx.message,
    () => ctx.deps,
    () => ctx.now(),
    () => ctx.random(),
    () => ctx.uuid(),
    () => ctx.ref(Peer, 'q'),
    () => ctx.spawn(Peer, 'q'),
    () => ctx.watch(peer),
    () => ctx.unwatch(peer),
    () => ctx.timer('t', { after: 1 }, 'note', 'x'),
    () => ctx.cancelTimer('t'),
    () => ctx.stash(),
    () => ctx.unstash(),
    () => ctx.publish('a.b', 1),
    () => ctx.subscribe('a.b', 'note'),
    () => ctx.unsubscribe('a.b'),
    () => ctx.effect('e', null, () => 1),
    () => ctx.grant(),
    () => ctx.interrupt(peer, 'id'),
    () => ctx.stop(),
    () => ctx.destroy(),
    () => peer.tell.wait('x'),
    () => peer.ask.wait('x'),
    () => peer.deliver.wait('x'),
  ]
  for (const use of uses) assert.throws(use, revoked, String(use))
  await h.settle()
  assert.equal(h.accounting('peer').accepted, 0)
  assert.equal(h.imbalance(), 0)
})

for (const how of ['ask', 'effect'] as const) {
  test(`T6: a turn waits for an un-awaited ${how} before the next message`, async () => {
    const { h, log, held, ref } = holders()
    ref.tell.forget(how)
    ref.tell.note('next')
    await h.settle()
    assert.deepEqual(log, [`${how} returns`])
    held.open()
    await h.settle()
    assert.deepEqual(log, [`${how} returns`, 'next'])
    assert.equal(h.imbalance(), 0)
  })
}

test('T6: the reply, too, waits for what the turn left open', async () => {
  const { h, held, ref } = holders()
  let answer: string | undefined
  const asked = ref.ask.silent().then((value) => {
    answer = value
  })
  await h.settle()
  assert.equal(answer, undefined)
  held.open()
  await asked
  assert.equal(answer, 'answered')
  await h.settle()
  assert.equal(h.imbalance(), 0)
})

test('T6: a handler that throws is over only after its open calls', async () => {
  const { h, log, held, ref } = holders()
  const asked = assert.rejects(ref.ask.throws(), { code: 'ACTOR_FAILED' })
  ref.tell.note('next')
  await h.settle()
  assert.equal(h.events.filter(({ event }) => event === 'turn-failed').length, 0)
  held.open()
  await h.settle()
  await asked
  await h.advance(200)
  assert.deepEqual(log, ['next'])
  assert.equal(h.imbalance(), 0)
})

test('T6: a call that fails and that nobody awaited fails its turn, not the thread', async () => {
  const { h, held, ref } = holders()
  ref.tell.forget('late')
  await h.settle()
  held.open()
  await h.settle()
  assert.deepEqual(
    h.letters.filter(({ envelope }) => envelope.name === 'forget').map(({ reason }) => reason),
    ['failed'],
  )
  assert.ok(h.events.some((event) => event.event === 'turn-failed' && event.actor === 'holder/a'))
  await h.advance(60_000)
  assert.equal(h.imbalance(), 0)
})

test('T6: a failed call that the handler looked at is its own affair', async () => {
  const { h, log, held, ref } = holders()
  ref.tell.forget('handled')
  held.open()
  await h.settle()
  assert.deepEqual(log, ['handled returns', 'handled'])
  assert.equal(h.letters.length, 0)
  await h.advance(60_000)
  assert.equal(h.imbalance(), 0)
})
