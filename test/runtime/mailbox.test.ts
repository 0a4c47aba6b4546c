/** M1, M2, M3 as actors see them: signals first, shares of the thread, bounded mailboxes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import type { Cell } from '../../actors/cell/cell.ts'
import { sliceMessages, sliceSignals } from '../../actors/cell/slice.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { Lane, laneWeights } from '../../mailbox/lane.ts'
import type { TellOutcome } from '../../mailbox/outcome.ts'
import { RunQueue } from '../../runtime/peer/run-queue.ts'
import { gate } from './gate.ts'
import { type Harness, harness } from './harness.ts'

const Plain = contract('plain', {
  note: message<string>(),
  wait: message<void, string>(),
  watchMany: message<readonly string[]>(),
})

function plain(h: { log: string[]; held?: Promise<void> }, capacity?: number) {
  return actor(Plain, {
    ...(capacity !== undefined && { mailbox: { capacity } }),
    on: {
      note: (ctx, text) => void h.log.push(`${ctx.self.key} ${text}`),
      async wait() {
        await h.held
        return 'done'
      },
      watchMany(ctx, keys) {
        for (const key of keys) ctx.watch(ctx.ref(Plain, key))
      },
    },
    onTerminated: (_ctx, who) => void h.log.push(`end of ${who.key}`),
  })
}

const turns = (h: Harness, event: string): number =>
  h.events.filter((each) => each.event === event).length

test('M1: signals come before messages', async () => {
  const log: string[] = []
  const Leaver = contract('leaver', { note: message<string>() })
  const leaver = actor(Leaver, { on: { note: (_ctx, text) => void log.push(text) } })
  const h = harness({ actors: [leaver] })
  h.ref(Leaver, 'a').tell.note('waits')
  h.peer.signal('leaver/a', { kind: 'stop', reason: 'stopped' })
  await h.settle()
  assert.deepEqual(log, [])
  assert.deepEqual(
    h.letters.map(({ reason }) => reason),
    ['stopped'],
  )
  assert.equal(h.imbalance(), 0)
})

test('M1: at most 32 system messages per slice', async () => {
  const log: string[] = []
  const h = harness({ actors: [plain({ log })] })
  h.ref(Plain, 'a').tell.note('one')
  const cell = h.peer.residents.get('plain/a')
  for (let i = 0; i < 100; i += 1) {
    h.peer.signal('plain/a', { kind: 'terminated', who: `plain/x${i}` })
  }
  assert.equal(cell?.inbox.mailbox.signalCount, 100)
  assert.equal(sliceSignals, 32)
  // What one slice leaves is seen from the message that it runs.
  const left: (number | undefined)[] = []
  log.push = (...items) => {
    left.push(cell?.inbox.mailbox.signalCount)
    return Array.prototype.push.apply(log, items)
  }
  await h.settle()
  assert.deepEqual(left, [100 - 32], 'the message did not wait for the other signals')
  assert.equal(cell?.inbox.mailbox.signalCount, 0)
  assert.equal(h.imbalance(), 0)
})

test('M2: an actor with more urgent work runs first', async () => {
  const log: string[] = []
  const h = harness({ actors: [plain({ log })] })
  h.ref(Plain, 'low').tell.note('1', { lane: 'low' })
  h.ref(Plain, 'normal').tell.note('2')
  h.ref(Plain, 'high').tell.note('3', { lane: 'high' })
  h.ref(Plain, 'control').tell.note('4', { lane: 'control' })
  // More urgent work moves an actor up, also when it stands further down already.
  h.ref(Plain, 'low').tell.note('5', { lane: 'control' })
  await h.settle()
  assert.deepEqual(log, ['control 4', 'low 5', 'low 1', 'high 3', 'normal 2'])
  assert.equal(h.imbalance(), 0)
})

const Busy = contract('busy', { spin: message<number>() })

function busy(log: string[], slices: { readonly left: number }) {
  return actor(Busy, {
    on: {
      spin(ctx, left) {
        log.push(ctx.self.key)
        const { lane } = ctx.message
        if (left > 0 && slices.left > 0 && lane !== 'system') {
          ctx.self.tell.spin(left - 1, { lane })
        }
      },
    },
  })
}

test('M2: an actor that messages itself does not starve others', async () => {
  const log: string[] = []
  const h = harness({ actors: [busy(log, { left: 1 })] })
  h.ref(Busy, 'selfish').tell.spin(500)
  h.ref(Busy, 'other').tell.spin(3)
  await h.settle()
  assert.equal(log.length, 501 + 4)
  assert.ok(
    log.lastIndexOf('other') < sliceMessages * 5,
    `the other was done after ${log.lastIndexOf('other')} of 505 turns`,
  )
  assert.equal(h.imbalance(), 0)
})

test('M2: actors of different lanes share the thread by weight, whatever else an actor holds', async () => {
  const log: string[] = []
  const h = harness({ actors: [busy(log, { left: 1 })] })
  for (const lane of ['control', 'high', 'normal', 'low'] as const) {
    for (const key of ['a', 'b', 'c']) h.ref(Busy, `${lane}-${key}`).tell.spin(2_000, { lane })
  }
  await h.settle()
  // Up to the moment when the first lane runs dry, slices are shared 8 to 4 to 2 to 1.
  const dry = Math.max(...['a', 'b', 'c'].map((key) => log.lastIndexOf(`control-${key}`)))
  const share = (lane: string): number =>
    log.slice(0, dry).filter((key) => key.startsWith(lane)).length / (6_003 / 8)
  for (const [i, lane] of ['control', 'high', 'normal', 'low'].entries()) {
    const weight = laneWeights[i + 1] as number
    assert.ok(Math.abs(share(lane) - weight) < 0.3, `${lane}: ${share(lane)} for ${weight}`)
  }
  assert.equal(h.imbalance(), 0)
})

test('M2: an actor has one place in each lane of the run queue, however it moves', async () => {
  const h = harness({ actors: [plain({ log: [] })] })
  h.ref(Plain, 'noisy').tell.note('x')
  h.ref(Plain, 'other').tell.note('x')
  const [noisy, other] = [...h.peer.residents] as [Cell, Cell]
  await h.settle()
  const queue = new RunQueue()
  for (let i = 0; i < 4; i += 1) {
    queue.enqueue(noisy, Lane.normal)
    queue.enqueue(noisy, Lane.high)
    assert.equal(queue.take(), noisy)
    assert.equal(queue.size, 1, 'the place it left behind')
  }
  const taken: Cell[] = []
  for (let i = 0; i < 100; i += 1) {
    queue.enqueue(noisy, Lane.normal)
    queue.enqueue(other, Lane.normal)
    queue.enqueue(noisy, Lane.high)
    assert.ok(queue.size <= 3, `${queue.size} places for two actors`)
    taken.push(queue.take() as Cell, queue.take() as Cell)
  }
  assert.equal(taken.filter((cell) => cell === other).length, 100, 'its stale places cost nothing')
  assert.equal(h.imbalance(), 0)
})

const Flood = contract('flood', {
  fill: message<{ readonly to: string; readonly count: number }, readonly string[]>(),
  last: message<void, string>(),
})

const flood = actor(Flood, {
  state: () => ({ outcomes: [] as string[] }),
  on: {
    fill(ctx, { to, count }) {
      const outcomes: TellOutcome[] = []
      for (let i = 0; i < count; i += 1) {
        outcomes.push(ctx.ref(Plain, to).tell.note(String(i)))
      }
      ctx.state.outcomes = outcomes.map(({ status }) => status)
      return ctx.state.outcomes
    },
    last: (ctx) => ctx.state.outcomes.at(-1) ?? 'none',
  },
})

test('M3: a full mailbox answers full and throws nothing into the sender', async () => {
  const log: string[] = []
  const h = harness({ actors: [plain({ log }, 3), flood] })
  const asked = h.ref(Flood, 'f').ask.fill({ to: 'a', count: 5 })
  await h.settle()
  assert.deepEqual(await asked, ['queued', 'queued', 'queued', 'full', 'full'])
  assert.deepEqual(
    h.letters.map(({ envelope, reason }) => [envelope.from, envelope.payload, reason]),
    [
      ['flood/f', '3', 'mailbox-full'],
      ['flood/f', '4', 'mailbox-full'],
    ],
  )
  assert.deepEqual(log, ['a 0', 'a 1', 'a 2'])
  const last = h.ref(Flood, 'f').ask.last()
  await h.settle()
  assert.equal(await last, 'full', 'the sender kept its state')
  assert.equal(turns(h, 'actor-restarted'), 0)
  assert.equal(h.imbalance(), 0)
})

test('M3: a mailbox of one message starts and works', async () => {
  const log: string[] = []
  const h = harness({ actors: [plain({ log }, 1)] })
  const a = h.ref(Plain, 'a')
  assert.equal(a.tell.note('first').status, 'queued')
  assert.equal(a.tell.note('second').status, 'full')
  await h.settle()
  assert.equal(a.tell.note('third').status, 'queued')
  const asked = a.ask.wait()
  await assert.rejects(asked, { code: 'MAILBOX_FULL' })
  await h.settle()
  const again = a.ask.wait()
  await h.settle()
  assert.equal(await again, 'done')
  assert.deepEqual(log, ['a first', 'a third'])
  assert.equal(h.imbalance(), 0)
})

test('M3: a reply is never shed', async () => {
  const Asker = contract('asker', { go: message<void, string>(), fill: message<number>() })
  const held = gate()
  const log: string[] = []
  const asker = actor(Asker, {
    mailbox: { capacity: 1, overflow: 'drop-oldest' },
    on: {
      go: (ctx) => ctx.ref(Plain, 'p').ask.wait(),
      fill: (_ctx, n) => void log.push(String(n)),
    },
  })
  const h = harness({ actors: [asker, plain({ log: [], held: held.opened })] })
  const went = h.ref(Asker, 'a').ask.go()
  await h.settle()
  for (let n = 0; n < 10; n += 1) h.ref(Asker, 'a').tell.fill(n)
  held.open()
  await h.settle()
  assert.equal(await went, 'done')
  assert.deepEqual(log, ['9'])
  assert.equal(h.letters.filter(({ reason }) => reason === 'dropped-oldest').length, 9)
  assert.equal(h.imbalance(), 0)
})

test('M3: a termination reaches an actor whose mailbox is full', async () => {
  const log: string[] = []
  const held = gate()
  const h = harness({ actors: [plain({ log, held: held.opened }, 1)] })
  const a = h.ref(Plain, 'a')
  h.ref(Plain, 'x').tell.note('lives')
  await h.settle()
  a.tell.watchMany(['x'])
  await h.settle()
  const asked = a.ask.wait()
  await h.settle()
  a.tell.note('fills it')
  assert.equal(a.tell.note('too much').status, 'full')
  h.peer.signal('plain/x', { kind: 'stop', reason: 'stopped' })
  await h.settle()
  held.open()
  await h.settle()
  assert.equal(await asked, 'done')
  assert.deepEqual(log, ['x lives', 'a fills it', 'end of x'])
  assert.equal(h.imbalance(), 0)
})
