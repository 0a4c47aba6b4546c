/** `deliver` to a volatile actor: acknowledged when there was room (M3). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { doorstepCapacity } from '../../actors/cell/doorstep.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { Overflow } from '../../mailbox/mailbox.ts'
import { gate } from './gate.ts'
import { harness } from './harness.ts'

const Small = contract('small', {
  hold: message<void, string>(),
  note: message<string>(),
  pass: message<{ readonly to: string; readonly text: string }, string>(),
})

function smalls(capacity = 1, overflow: Overflow = 'reject') {
  const held = gate()
  const log: string[] = []
  const small = actor(Small, {
    mailbox: { capacity, overflow },
    on: {
      async hold() {
        await held.opened
        return 'held'
      },
      note: (_ctx, text) => void log.push(text),
      async pass(ctx, { to, text }) {
        await held.opened
        await ctx.ref(Small, to).deliver.note(text)
        log.push(`passed ${text}`)
        return 'passed'
      },
    },
  })
  const h = harness({ actors: [small] })
  return { h, held, log, a: h.ref(Small, 'a') }
}

const codeOf = (seen: { error?: unknown } | undefined): unknown =>
  (seen?.error as { code?: unknown } | undefined)?.code

/** Follows a promise without waiting for it. */
function watched(promise: Promise<unknown>): { state: string; error?: unknown } {
  const seen: { state: string; error?: unknown } = { state: 'waiting' }
  promise.then(
    () => {
      seen.state = 'resolved'
    },
    (error) => {
      seen.state = 'rejected'
      seen.error = error
    },
  )
  return seen
}

test('M3: a delivery resolves when its message has a place', async () => {
  const { h, log, a } = smalls()
  const first = watched(a.deliver.note('one'))
  await h.settle()
  assert.equal(first.state, 'resolved')
  assert.deepEqual(log, ['one'])
  assert.equal(h.imbalance(), 0)
})

test('M3: a delivery to a full mailbox waits for room, in order', async () => {
  const { h, held, log, a } = smalls()
  const hold = a.ask.hold()
  await h.settle()
  a.tell.note('fills')
  const waits = ['one', 'two'].map((text) => watched(a.deliver.note(text, { lane: 'high' })))
  // Nothing that comes later overtakes what waits: the mailbox is full for it.
  assert.equal(a.tell.note('late', { lane: 'high' }).status, 'full')
  await h.settle()
  assert.deepEqual(
    waits.map(({ state }) => state),
    ['waiting', 'waiting'],
  )
  held.open()
  await h.settle()
  await hold
  assert.deepEqual(
    waits.map(({ state }) => state),
    ['resolved', 'resolved'],
  )
  assert.deepEqual(log, ['fills', 'one', 'two'])
  assert.equal(h.imbalance(), 0)
})

test('M3: the deliveries that may wait are bounded', async () => {
  const { h, held, log, a } = smalls(2)
  const hold = a.ask.hold()
  await h.settle()
  const all = Array.from({ length: 2 + doorstepCapacity + 2 }, (_, i) =>
    watched(a.deliver.note(String(i))),
  )
  await h.settle()
  const count = (state: string): number => all.filter((each) => each.state === state).length
  assert.deepEqual(
    [count('resolved'), count('waiting'), count('rejected')],
    [2, doorstepCapacity, 2],
  )
  assert.equal(codeOf(all.at(-1)), 'MAILBOX_FULL')
  held.open()
  await h.settle()
  await hold
  assert.equal(log.length, 2 + doorstepCapacity)
  assert.equal(h.imbalance(), 0)
})

test('a waiting delivery is taken back by its signal', async () => {
  const { h, held, log, a } = smalls()
  const hold = a.ask.hold()
  await h.settle()
  a.tell.note('fills')
  const controller = new AbortController()
  const seen = watched(a.deliver.note('never', { signal: controller.signal }))
  await h.settle()
  assert.equal(seen.state, 'waiting')
  controller.abort(new Error('changed my mind'))
  await h.settle()
  assert.equal(codeOf(seen), 'CANCELLED')
  held.open()
  await h.settle()
  await hold
  assert.deepEqual(log, ['fills'])
  assert.deepEqual(
    h.letters.map(({ reason }) => reason),
    ['cancelled'],
  )
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
})

for (const [given, within] of [
  [undefined, 60_000],
  [500, 500],
] as const) {
  test(`a delivery waits ${within} ms for room${given === undefined ? ' by default' : ''}`, async () => {
    const { h, held, log, a } = smalls()
    const hold = a.ask.hold(undefined, { within: 100_000 })
    await h.settle()
    a.tell.note('fills')
    const seen = watched(a.deliver.note('never', given === undefined ? {} : { within: given }))
    await h.advance(within - 1)
    assert.equal(seen.state, 'waiting')
    await h.advance(1)
    const error = seen.error as { code?: string; message: string }
    assert.equal(error.code, 'MAILBOX_FULL')
    assert.match(error.message, /number 2 in its queue, the actor is busy with "hold"/)
    held.open()
    await h.settle()
    await hold
    assert.deepEqual(log, ['fills'])
    assert.equal(h.clock.pending, 0)
    assert.equal(h.imbalance(), 0)
  })
}

test('a delivery that waits when the actor stops is told', async () => {
  const { h, held, a } = smalls()
  const hold = a.ask.hold()
  await h.settle()
  a.tell.note('fills')
  const seen = watched(a.deliver.note('never'))
  h.peer.signal('small/a', { kind: 'stop', reason: 'stopped' })
  await h.settle()
  held.open()
  await h.settle()
  await hold
  assert.equal(codeOf(seen), 'ACTOR_STOPPED')
  assert.equal(h.imbalance(), 0)
})

for (const ring of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
  test(`T4: of ${ring.length} full mailboxes that deliver to each other, one delivery fails`, async () => {
    const { h, held, log } = smalls()
    const passes = ring.map((key, i) => {
      const to = ring[(i + 1) % ring.length] as string
      return watched(h.ref(Small, key).ask.pass({ to, text: `from ${key}` }))
    })
    await h.settle()
    for (const key of ring) h.ref(Small, key).tell.note(`fills ${key}`)
    held.open()
    await h.advance(999)
    assert.deepEqual(new Set(passes.map(({ state }) => state)), new Set(['waiting']))
    await h.advance(2_000)
    const failed = passes.filter(({ state }) => state === 'rejected')
    assert.equal(failed.length, 1)
    assert.equal(codeOf(failed[0]), 'ASK_CYCLE')
    assert.equal(passes.filter(({ state }) => state === 'resolved').length, ring.length - 1)
    assert.equal(log.filter((line) => line.startsWith('fills')).length, ring.length)
    assert.equal(h.clock.pending, 0)
    assert.equal(h.imbalance(), 0)
  })
}

test('M3: dropping the oldest never drops what deliver has acknowledged', async () => {
  const { h, held, log, a } = smalls(2, 'drop-oldest')
  const hold = a.ask.hold()
  await h.settle()
  const delivered = watched(a.deliver.note('acknowledged'))
  a.tell.note('told')
  await h.settle()
  assert.equal(delivered.state, 'resolved')
  assert.equal(a.tell.note('drops the told one').status, 'queued')
  const second = watched(a.deliver.note('takes its place'))
  await h.settle()
  assert.equal(second.state, 'resolved')
  assert.equal(a.tell.note('refused').status, 'full')
  held.open()
  await h.settle()
  await hold
  assert.deepEqual(log, ['acknowledged', 'takes its place'])
  assert.deepEqual(
    h.letters.map(({ envelope, reason }) => [envelope.payload, reason]),
    [
      ['told', 'dropped-oldest'],
      ['drops the told one', 'dropped-oldest'],
      ['refused', 'mailbox-full'],
    ],
  )
  assert.equal(h.imbalance(), 0)
})
