/** F6, children, stopping: who is told of whose end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { Address } from '../../mailbox/address.ts'
import { gate } from './gate.ts'
import { harness } from './harness.ts'

const Member = contract('member', {
  tell: message<{ readonly to: string; readonly text: string; readonly times: number }>(),
  text: message<string>(),
  watch: message<readonly string[]>(),
  unwatch: message<string>(),
  spawn: message<readonly string[]>(),
  fail: message(),
  hold: message<void, string>(),
  leave: message(),
  wipe: message(),
})

function members(options: { childHook?: boolean; restarts?: number } = {}) {
  const log: string[] = []
  const held = gate()
  const onChildFailed = (ctx: { self: Address }, child: Address, error: unknown): void =>
    void log.push(`${ctx.self.key} hears that ${child.key} failed: ${String(error)}`)
  const member = actor(Member, {
    supervision: { restarts: options.restarts ?? 0 },
    state: () => ({ texts: 0 }),
    onStart: (ctx) => void log.push(`${ctx.self.key} starts`),
    onTerminated: (ctx, who) => void log.push(`${ctx.self.key} hears of the end of ${who.key}`),
    ...(options.childHook && { onChildFailed }),
    on: {
      tell(ctx, { to, text, times }) {
        for (let i = 0; i < times; i += 1) ctx.ref(Member, to).tell.text(`${text}${i}`)
        if (times > 0) ctx.stop()
      },
      text(ctx, text) {
        ctx.state.texts += 1
        log.push(`${ctx.self.key} gets ${text}`)
      },
      watch(ctx, keys) {
        for (const key of keys) ctx.watch(ctx.ref(Member, key))
      },
      unwatch: (ctx, key) => ctx.unwatch(ctx.ref(Member, key)),
      spawn(ctx, names) {
        for (const name of names) ctx.spawn(Member, name)
      },
      fail(ctx) {
        throw new Error(`${ctx.self.key} broke`)
      },
      async hold(ctx) {
        await held.opened
        return `${ctx.self.key}: ${ctx.signal.aborted}`
      },
      leave: (ctx) => ctx.stop(),
      wipe: (ctx) => ctx.destroy(),
    },
  })
  const h = harness({ actors: [member] })
  const ref = (key: string) => h.ref(Member, key)
  const start = async (...keys: string[]): Promise<void> => {
    for (const key of keys) ref(key).tell.tell({ to: '', text: '', times: 0 })
    await h.settle()
    log.length = 0
  }
  const stopped = (): string[] =>
    h.events.flatMap((event) => (event.event === 'actor-stopped' ? [event.actor] : []))
  return { h, log, held, ref, start, stopped }
}

test('F6: the end of a watched actor is told once, after what it said before', async () => {
  const { h, log, ref, start } = members()
  await start('a', 'b')
  ref('a').tell.watch(['b', 'b'])
  await h.settle()
  ref('b').tell.tell({ to: 'a', text: 'last words ', times: 3 })
  await h.settle()
  await h.advance(60_000)
  assert.deepEqual(log, [
    'a gets last words 0',
    'a gets last words 1',
    'a gets last words 2',
    'a hears of the end of b',
  ])
  assert.equal(h.imbalance(), 0)
})

test('F6: an actor that is already gone, or never was, is told at once', async () => {
  const { h, log, ref, start } = members()
  await start('a', 'b')
  ref('b').tell.leave()
  await h.settle()
  ref('a').tell.watch(['b', 'never'])
  await h.settle()
  assert.deepEqual(log, ['a hears of the end of b', 'a hears of the end of never'])
  assert.equal(h.imbalance(), 0)
})

test('F6: every way to end is told: stop, destroy, failure, a parent that stops', async () => {
  const { h, log, ref, start } = members()
  await start('a', 'x', 'y', 'z', 'p')
  ref('p').tell.spawn(['child'])
  await h.settle()
  ref('a').tell.watch(['x', 'y', 'z', 'p/child'])
  await h.settle()
  log.length = 0
  ref('x').tell.leave()
  ref('y').tell.wipe()
  ref('z').tell.fail()
  ref('p').tell.leave()
  await h.settle()
  assert.deepEqual(
    log.toSorted(),
    ['p/child', 'x', 'y', 'z'].map((key) => `a hears of the end of ${key}`),
  )
  assert.equal(h.imbalance(), 0)
})

test('F6: after unwatch nothing is told, even when the end has happened already', async () => {
  const { h, log, held, ref, start } = members()
  await start('a', 'b', 'c')
  ref('a').tell.watch(['b', 'c'])
  await h.settle()
  const busy = ref('a').ask.hold()
  await h.settle()
  // Both ends wait in the mailbox of `a`, behind an unwatch that comes in a more urgent lane.
  ref('b').tell.leave()
  ref('c').tell.leave()
  await h.settle()
  ref('a').tell.unwatch('b', { lane: 'control' })
  held.open()
  await h.settle()
  await busy
  assert.deepEqual(log, ['a hears of the end of c'])
  assert.equal(h.imbalance(), 0)
})

test('F6: a watcher that restarts watches nobody any more', async () => {
  const { h, log, ref, start } = members({ restarts: 5 })
  await start('a', 'b')
  ref('a').tell.watch(['b'])
  await h.settle()
  ref('a').tell.fail()
  await h.advance(200)
  ref('b').tell.leave()
  await h.settle()
  assert.deepEqual(log, ['a starts'])
  assert.equal(h.imbalance(), 0)
})

test('F6: watch asks for the hook that it calls', async () => {
  const Deaf = contract('deaf', { watch: message<void, string>() })
  const deaf = actor(Deaf, {
    on: {
      watch(ctx) {
        ctx.watch({ type: 'deaf', key: 'other' })
        return 'watching'
      },
    },
  })
  const h = harness({ actors: [deaf] })
  const asked = h.ref(Deaf, 'd').ask.watch()
  asked.catch(() => undefined)
  await h.settle()
  await assert.rejects(asked, { code: 'CONTRACT_INVALID' })
  await h.advance(1_000)
  assert.equal(h.imbalance(), 0)
})

test('a child stops with its parent, which waits for it', async () => {
  const { h, log, held, ref, start, stopped } = members()
  await start('p')
  ref('p').tell.spawn(['x', 'y'])
  await h.settle()
  ref('p/x').tell.spawn(['deep'])
  await h.settle()
  assert.deepEqual(log, ['p/x starts', 'p/y starts', 'p/x/deep starts'])
  const busy = ref('p/x/deep').ask.hold()
  await h.settle()
  ref('p').tell.leave()
  await h.settle()
  assert.deepEqual(stopped(), ['member/p/y'])
  held.open()
  await h.settle()
  assert.equal(await busy, 'p/x/deep: true', 'its turn was told to stop, and ended')
  assert.deepEqual(stopped(), ['member/p/y', 'member/p/x/deep', 'member/p/x', 'member/p'])
  assert.equal(h.imbalance(), 0)
})

test('a child that failed for good goes to the hook of its parent', async () => {
  const { h, log, ref, start, stopped } = members({ childHook: true })
  await start('p')
  ref('p').tell.spawn(['x', 'y'])
  await h.settle()
  log.length = 0
  ref('p/x').tell.fail()
  ref('p/y').tell.leave()
  await h.settle()
  assert.deepEqual(log, ['p hears that p/x failed: Error: p/x broke'])
  assert.deepEqual(stopped(), ['member/p/x', 'member/p/y'])
  assert.equal(h.imbalance(), 0)
})

test('without a hook the failure of a child is its parent’s own', async () => {
  const { h, log, ref, start, stopped } = members()
  await start('top', 'mid')
  ref('top').tell.spawn(['mid'])
  await h.settle()
  ref('top/mid').tell.spawn(['leaf'])
  await h.settle()
  log.length = 0
  ref('top/mid/leaf').tell.fail()
  await h.settle()
  assert.deepEqual(stopped(), ['member/top/mid/leaf', 'member/top/mid', 'member/top'])
  const cause = h.events.findLast((event) => event.event === 'turn-failed')?.error as Error
  assert.match(cause.message, /top\/mid failed for good/)
  assert.equal(h.imbalance(), 0)
})

test('T1: the failure of a child never cuts into a turn of its parent', async () => {
  const { h, held, ref, start } = members({ restarts: 5 })
  await start('p')
  ref('p').tell.spawn(['x'])
  await h.settle()
  const busy = ref('p').ask.hold()
  await h.settle()
  for (let i = 0; i < 6; i += 1) ref('p/x').tell.fail()
  await h.advance(20_000)
  held.open()
  await h.settle()
  assert.equal(await busy, 'p: false', 'the turn ended as if nothing had happened')
  assert.ok(
    h.events.some((event) => event.event === 'actor-restarted' && event.actor === 'member/p'),
  )
  await h.advance(60_000)
  assert.equal(h.imbalance(), 0)
})

test('a restart waits for the children of the old state', async () => {
  const { h, log, held, ref, start, stopped } = members({ restarts: 5 })
  await start('p')
  ref('p').tell.spawn(['x'])
  await h.settle()
  log.length = 0
  const busy = ref('p/x').ask.hold()
  await h.settle()
  ref('p').tell.fail()
  ref('p').tell.spawn(['x'])
  await h.advance(10_000)
  assert.deepEqual(log, [], 'the old child is still there')
  held.open()
  await h.settle()
  await busy
  assert.deepEqual(log, ['p starts', 'p/x starts'])
  assert.deepEqual(stopped(), ['member/p/x'])
  assert.equal(h.imbalance(), 0)
})

test('a child that was given up starts again when its parent spawns it', async () => {
  const { h, log, ref, start } = members({ childHook: true })
  await start('p')
  ref('p').tell.spawn(['x'])
  await h.settle()
  ref('p/x').tell.fail()
  await h.settle()
  ref('p/x').tell.text('lost')
  await h.settle()
  assert.ok(!log.includes('p/x gets lost'))
  ref('p').tell.spawn(['x'])
  await h.settle()
  ref('p/x').tell.text('found')
  await h.settle()
  assert.equal(log.at(-1), 'p/x gets found')
  assert.equal(h.imbalance(), 0)
})

test('a stopped actor starts afresh with the next message', async () => {
  const { h, log, ref, start } = members()
  await start('a')
  ref('a').tell.leave()
  ref('a').tell.text('too late')
  await h.settle()
  ref('a').tell.text('again')
  await h.settle()
  assert.deepEqual(log, ['a starts', 'a gets again'])
  assert.deepEqual(
    h.letters.map(({ reason }) => reason),
    ['stopped'],
  )
  assert.equal(h.imbalance(), 0)
})
