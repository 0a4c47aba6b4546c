/** F4, M5: what stands in for a link while the other thread is replaced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../../actors/cell/ask-table.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import { Envelope, type Header } from '../../mailbox/envelope.ts'
import { Lane } from '../../mailbox/lane.ts'
import { MAX_BYTES } from '../../persistence/codec.ts'
import { Standby, type Successor } from '../../runtime/peer/standby.ts'
import { linkBytes, linkMessages } from '../../runtime/wire/link-credit.ts'

function message(n: number, payload: unknown = n, header?: Header): Envelope {
  return new Envelope('log/a', '', 'put', payload, Lane.normal, -1, n, 0, 0, header)
}

/** Keeps an account like a peer's, and everything in the order in which it came out. */
function world(): {
  standby: Standby
  out: string[]
  pending: () => number
  link: (credits: number) => Successor
} {
  const out: string[] = []
  let pending = 0
  const note =
    (what: string) =>
    ({ b }: Envelope): void =>
      void out.push(`${what} ${b}`)
  const standby = new Standby({
    coarse: 7,
    waits: () => {
      pending += 1
    },
    waitIsOver: () => {
      pending -= 1
    },
    gaveUpWaiting: (envelope) => {
      pending -= 1
      note('gave up')(envelope)
    },
    forward: note('forward'),
    signal: (_to, { kind }) => void out.push(`elsewhere ${kind}`),
    endedWaiting: note('ended'),
  })
  const link = (credits: number): Successor => {
    let left = credits
    const send = (envelope: Envelope): boolean => {
      if (left === 0) return false
      left -= 1
      note('sent')(envelope)
      return true
    }
    return {
      send,
      put: note('put'),
      wait: (envelope) => {
        note('at door')(envelope)
        return true
      },
      signal: (_to, { kind }) => void out.push(kind),
      publish: () => false,
      interest: () => undefined,
      giveUp: () => Promise.resolve(undefined),
      flush: () => undefined,
      takeIn: () => undefined,
      waitingSince: undefined,
    }
  }
  return { standby, out, pending: () => pending, link }
}

const watch: Signal = { kind: 'watch', by: 'log/b' }

test('T2: messages and signals are handed over in the order they came, deliveries beyond credit last', () => {
  const { standby, out, pending, link } = world()
  standby.send(message(1))
  standby.signal('log/a', watch)
  standby.signal('log/a', { kind: 'wake' })
  standby.send(message(2))
  assert.equal(standby.wait(message(3)), true)
  assert.equal(standby.wait(message(4)), true)
  assert.equal(pending(), 2)
  standby.handOver(link(1))
  assert.deepEqual(out, ['put 1', 'watch', 'put 2', 'sent 3', 'at door 4'])
  // The delivery that was sent was counted by whoever brought it to the door.
  assert.equal(pending(), -1)
  assert.equal(standby.send(message(5)), false)
})

test('M5: as many messages wait as the link has credits, and as many bytes', () => {
  const many = world()
  for (let n = 0; n < linkMessages; n += 1) assert.equal(many.standby.send(message(n)), true)
  assert.equal(many.standby.send(message(linkMessages)), false)
  const large = world()
  const payload = 'x'.repeat(linkBytes / 4)
  for (let n = 0; n < 4; n += 1) assert.equal(large.standby.send(message(n, payload)), true)
  assert.equal(large.standby.send(message(4)), false)
  assert.equal(large.pending(), 4)
})

test('health: what waits for a thread is as old as the first of it', () => {
  const { standby, link } = world()
  assert.equal(standby.waitingSince, undefined)
  standby.signal('log/a', watch)
  standby.send(message(1))
  assert.equal(standby.waitingSince, 7)
  standby.handOver(link(0))
  assert.equal(standby.waitingSince, undefined)
})

test('a delivery that its sender aborted at the door does not leave', () => {
  const { standby, out, link } = world()
  const { signal } = new AbortController()
  const gone = AbortSignal.abort()
  standby.wait(message(1, 'x', { signal }))
  standby.wait(message(2, 'x', { signal: gone }))
  standby.wait(message(3))
  standby.handOver(link(1))
  assert.deepEqual(out, ['sent 1', 'gave up 2', 'at door 3'])
})

test('what cannot be encoded is refused at once, not when the thread is back', () => {
  const { standby, pending } = world()
  const payload = { list: [1, () => 2] }
  assert.throws(() => standby.send(message(1, payload)), { code: 'NOT_ENCODABLE' })
  assert.throws(() => standby.wait(message(1, payload)), { code: 'NOT_ENCODABLE' })
  assert.equal(pending(), 0)
})

test('an ask that is given up leaves, says where it stood, and makes room for a delivery', async () => {
  const { standby, out, link } = world()
  for (let n = 0; n < linkMessages; n += 1) standby.send(message(n))
  standby.wait(message(5_000))
  standby.wait(message(5_001))
  const where = await standby.giveUp({ a: -1, b: 7 } as Ask)
  assert.deepEqual(where, { position: 7 })
  assert.equal(standby.send(message(6_000)), false, 'the delivery has the room')
  const last = await standby.giveUp({ a: -1, b: 5_001 } as Ask)
  assert.deepEqual(last, { position: linkMessages })
  assert.equal(await standby.giveUp({ a: -1, b: 9_999 } as Ask), undefined)
  standby.handOver(link(0))
  assert.deepEqual(out.slice(0, 2), ['gave up 7', 'gave up 5001'])
  assert.equal(out.at(-1), 'put 5000')
})

test('a message whose sender aborted it meanwhile does not leave', () => {
  const { standby, out, pending, link } = world()
  const abort = new AbortController()
  standby.send(message(1, 1, { signal: abort.signal }))
  standby.send(message(2))
  abort.abort()
  standby.handOver(link(0))
  assert.deepEqual(out, ['gave up 1', 'put 2'])
  assert.equal(pending(), 0)
})

test('F4: when the slot is given up everything goes to where its address lives now', () => {
  const { standby, out, pending } = world()
  standby.send(message(1))
  standby.signal('log/a', watch)
  standby.wait(message(2))
  standby.release()
  assert.deepEqual(out, ['forward 1', 'elsewhere watch', 'forward 2'])
  assert.equal(pending(), -1)
})

test('S2: when the system ends everything is told so, and nothing more comes in', () => {
  const { standby, out } = world()
  standby.send(message(1))
  standby.wait(message(2))
  standby.close()
  assert.deepEqual(out, ['ended 1', 'ended 2'])
  assert.equal(standby.send(message(3)), false)
  assert.equal(standby.wait(message(4)), false)
})

test('T5: what cannot cross is refused while it would wait for the next thread, and is not kept', () => {
  const { standby, out, pending, link } = world()
  for (const [payload, code] of [
    [() => 1, 'NOT_ENCODABLE'],
    [new Uint8Array(MAX_BYTES), 'PAYLOAD_TOO_LARGE'],
  ] as const) {
    assert.throws(() => standby.send(message(1, payload)), { code })
    assert.throws(() => standby.wait(message(2, payload)), { code })
  }
  assert.equal(pending(), 0)
  standby.handOver(link(9))
  assert.deepEqual(out, [])
})
