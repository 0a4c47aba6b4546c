/** Who is in memory: passivation of those that opted in, the cap, stopping, the stash's bounds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { gate } from './gate.ts'
import { type HarnessOptions, harness } from './harness.ts'

const Cache = contract('cache', {
  add: message<void, number>(),
  addLate: message<void, number>(),
  timer: message<boolean>(),
  tick: message(),
  watch: message<string>(),
  unwatch: message<string>(),
  spawn: message(),
  stash: message(),
})

function caches(options: Partial<HarnessOptions> = {}, passivateAfter: number | undefined = 1_000) {
  const held = gate()
  const cache = actor(Cache, {
    ...(passivateAfter !== undefined && { passivateAfter }),
    state: () => ({ count: 0 }),
    onTerminated: () => undefined,
    on: {
      add: (ctx) => (ctx.state.count += 1),
      async addLate(ctx) {
        await held.opened
        ctx.state.count += 1
        return ctx.state.count
      },
      timer(ctx, on) {
        if (on) ctx.timer('t', { after: 1e7 }, 'tick')
        else ctx.cancelTimer('t')
      },
      tick: () => undefined,
      watch: (ctx, key) => ctx.watch(ctx.ref(Cache, key)),
      unwatch: (ctx, key) => ctx.unwatch(ctx.ref(Cache, key)),
      spawn: (ctx) => void ctx.spawn(Cache, 'child'),
      stash: (ctx) => ctx.stash(),
    },
  })
  const h = harness({ actors: [cache], ...options })
  const passivated = (): string[] =>
    h.events.flatMap((event) => (event.event === 'actor-passivated' ? [event.actor] : []))
  return { h, held, passivated, ref: (key: string) => h.ref(Cache, key) }
}

test('a volatile actor stays in memory unless it opted out', async () => {
  const { h, ref } = caches({}, Number.POSITIVE_INFINITY)
  ref('a').tell.add()
  await h.advance(1e7)
  assert.equal(h.peer.residents.size, 1)
  assert.equal(h.clock.pending, 0)
})

test('one that opted out leaves after its idle time, and starts afresh', async () => {
  const { h, passivated, ref } = caches()
  ref('a').tell.add()
  await h.advance(999)
  ref('a').tell.add()
  await h.advance(999)
  assert.deepEqual(passivated(), [])
  await h.advance(1)
  assert.deepEqual(passivated(), ['cache/a'])
  assert.equal(h.clock.pending, 0)
  const again = ref('a').ask.add()
  await h.settle()
  assert.equal(await again, 1)
  assert.equal(h.imbalance(), 0)
})

test('the idle time of an actor with an asynchronous handler begins after it', async () => {
  const { h, held, passivated, ref } = caches()
  const late = ref('a').ask.addLate(undefined, { within: 1e6 })
  await h.advance(5_000)
  assert.deepEqual(passivated(), [])
  held.open()
  await h.settle()
  assert.equal(await late, 1)
  await h.advance(999)
  assert.deepEqual(passivated(), [])
  await h.advance(1)
  assert.deepEqual(passivated(), ['cache/a'])
  assert.equal(h.imbalance(), 0)
})

test('an actor does not leave with a timer, a watch, a watcher, a child, a parent or a stash', async () => {
  const { h, passivated, ref } = caches()
  ref('timer').tell.timer(true)
  ref('watched').tell.add()
  await h.settle()
  ref('watcher').tell.watch('watched')
  ref('parent').tell.spawn()
  ref('stash').tell.stash()
  ref('free').tell.add()
  await h.advance(5_000)
  assert.deepEqual(passivated(), ['cache/free'])
  ref('timer').tell.timer(false)
  ref('watcher').tell.unwatch('watched')
  await h.advance(5_000)
  assert.deepEqual(passivated().toSorted(), [
    'cache/free',
    'cache/timer',
    'cache/watched',
    'cache/watcher',
  ])
  assert.equal(h.imbalance(), 0)
})

test('above the residency cap the longest idle ones leave first', async () => {
  const { h, passivated, ref } = caches({ residency: 3 }, 1e6)
  for (const key of ['a', 'b', 'c']) {
    ref(key).tell.add()
    await h.advance(1)
  }
  ref('a').tell.add()
  await h.advance(1)
  ref('d').tell.add()
  await h.settle()
  assert.deepEqual(passivated(), ['cache/b'])
  ref('e').tell.add()
  await h.settle()
  assert.deepEqual(passivated(), ['cache/b', 'cache/c'])
  assert.equal(h.peer.residents.size, 3)
  assert.equal(h.imbalance(), 0)
})

test('above the cap it counts how long, and not of which type', async () => {
  const [Short, Long] = [
    contract('short', { add: message() }),
    contract('long', { add: message() }),
  ] as const
  const add = { add: () => undefined }
  const actors = [
    actor(Short, { passivateAfter: 5_000, on: add }),
    actor(Long, { passivateAfter: 9_000, on: add }),
  ]
  const h = harness({ actors, residency: 2 })
  for (const contract of [Long, Short, Short, Long]) {
    h.ref(contract, String(h.clock.mono())).tell.add()
    await h.advance(1)
  }
  const gone = h.events.flatMap((event) =>
    event.event === 'actor-passivated' ? [event.actor] : [],
  )
  assert.deepEqual(gone, ['long/0', 'short/1'])
  await h.advance(10_000)
  assert.equal(h.peer.residents.size, 0)
  assert.equal(h.imbalance(), 0)
})

test('above the cap nobody who works is put out', async () => {
  const { h, held, passivated, ref } = caches({ residency: 1 }, 1e6)
  const late = [ref('a').ask.addLate(), ref('b').ask.addLate()]
  await h.settle()
  assert.deepEqual(passivated(), [])
  held.open()
  await h.settle()
  assert.deepEqual(await Promise.all(late), [1, 1])
  assert.equal(h.peer.residents.size, 1)
  assert.equal(h.imbalance(), 0)
})

test('passivating many idle actors looks at each a bounded number of times', async () => {
  const { h, passivated, ref } = caches()
  let looked = 0
  for (let i = 0; i < 500; i += 1) {
    ref(String(i)).tell.add()
    await h.advance(1)
  }
  for (const cell of h.peer.residents) {
    const quiet = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(cell), 'quiet')
    Object.defineProperty(cell, 'quiet', {
      get() {
        looked += 1
        return quiet?.get?.call(cell)
      },
    })
  }
  await h.advance(2_000)
  assert.equal(passivated().length, 500)
  assert.ok(looked <= 500 * 4, `${looked} looks for 500 actors`)
  assert.equal(h.clock.pending, 0)
})

const Stasher = contract('stasher', {
  item: message<string, string>(),
  open: message(),
  again: message<string>(),
})

function stashers(capacity?: number) {
  const log: string[] = []
  const stasher = actor(Stasher, {
    ...(capacity !== undefined && { stash: capacity }),
    state: () => ({ isOpen: false }),
    on: {
      item(ctx, text) {
        if (!ctx.state.isOpen) {
          ctx.stash()
          return ''
        }
        log.push(text)
        return `got ${text}`
      },
      open(ctx) {
        ctx.state.isOpen = true
        ctx.unstash()
      },
      again(ctx, text) {
        log.push(text)
        ctx.stash()
      },
    },
  })
  const h = harness({ actors: [stasher] })
  return { h, log, ref: h.ref(Stasher, 's') }
}

test('what was stashed is handled after unstash, in order, before newer messages', async () => {
  const { h, log, ref } = stashers()
  const asked = ref.ask.item('one')
  ref.tell.item('two')
  await h.settle()
  assert.equal(h.accounting('stasher').stashed, 2)
  ref.tell.open()
  ref.tell.item('three')
  await h.settle()
  assert.equal(await asked, 'got one')
  assert.deepEqual(log, ['one', 'two', 'three'])
  assert.equal(h.imbalance(), 0)
})

test('M3: a stash is bounded', async () => {
  const { h, ref } = stashers(1)
  ref.tell.item('one')
  ref.tell.item('two')
  const asked = ref.ask.item('three')
  asked.catch(() => undefined)
  await h.settle()
  await assert.rejects(asked, { code: 'MAILBOX_FULL' })
  assert.deepEqual(
    h.letters.map(({ envelope, reason }) => [envelope.payload, reason]),
    [
      ['two', 'stash-full'],
      ['three', 'stash-full'],
    ],
  )
  assert.equal(h.accounting('stasher').stashed, 1)
  assert.equal(h.imbalance(), 0)
})

test('stashing while the stash is replayed ends', async () => {
  const { h, log, ref } = stashers()
  for (const text of ['one', 'two', 'three']) ref.tell.again(text)
  await h.settle()
  for (let round = 0; round < 3; round += 1) {
    ref.tell.open()
    await h.settle()
  }
  assert.deepEqual(
    log,
    Array.from({ length: 4 }, () => ['one', 'two', 'three']).flat(),
    'once per unstash, in order',
  )
  assert.equal(h.accounting('stasher').stashed, 3)
  assert.equal(h.imbalance(), 0)
})
