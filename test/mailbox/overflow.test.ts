/** M3: who loses when a mailbox is full, and who never does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Envelope } from '../../mailbox/envelope.ts'
import { Lane } from '../../mailbox/lane.ts'
import { Mailbox, type Overflow } from '../../mailbox/mailbox.ts'
import { message, type Spec, seqs, slotsOf, userLanes } from './support.ts'

const overflows: readonly Overflow[] = ['reject', 'drop-oldest', 'drop-newest']

/** A mailbox of three with messages 1, 2, 3 and what the specs add to them. */
function fullOf(overflow: Overflow, ...specs: readonly Spec[]): Mailbox<string> {
  const mailbox = new Mailbox<string>({ capacity: specs.length, overflow })
  for (const [i, spec] of specs.entries()) mailbox.offer(message({ seq: i + 1, ...spec }))
  return mailbox
}

const normal: Spec = { lane: 'normal' }
const offered = 9

const whoLoses = [
  { overflow: 'reject', waiting: [normal, normal], offer: normal, loser: offered },
  { overflow: 'drop-oldest', waiting: [normal, normal], offer: normal, loser: 1 },
  { overflow: 'drop-newest', waiting: [normal, normal], offer: normal, loser: offered },
  // The least urgent lane gives way first, under either policy.
  { overflow: 'drop-oldest', waiting: [normal, { lane: 'low' }], offer: normal, loser: 2 },
  { overflow: 'drop-newest', waiting: [{ lane: 'low' }, normal], offer: normal, loser: 1 },
  {
    overflow: 'drop-newest',
    waiting: [{ lane: 'low' }, { lane: 'low' }],
    offer: normal,
    loser: 2,
  },
  // A more urgent message never gives way to a less urgent one.
  { overflow: 'drop-oldest', waiting: [{ lane: 'high' }], offer: normal, loser: offered },
  { overflow: 'drop-newest', waiting: [{ lane: 'high' }], offer: normal, loser: offered },
  // What the store holds, a termination and a tick stay; the next in line goes.
  { overflow: 'drop-oldest', waiting: [{ stored: true }, normal], offer: normal, loser: 2 },
  { overflow: 'drop-oldest', waiting: [{ keep: true }, normal], offer: normal, loser: 2 },
  { overflow: 'drop-oldest', waiting: [{ stored: true }], offer: normal, loser: offered },
  { overflow: 'drop-oldest', waiting: [{ keep: true }], offer: normal, loser: offered },
  // A delivery was acknowledged when it found its place, and keeps it.
  { overflow: 'drop-oldest', waiting: [{ delivered: true }, normal], offer: normal, loser: 2 },
  { overflow: 'drop-oldest', waiting: [{ delivered: true }], offer: normal, loser: offered },
  {
    overflow: 'drop-newest',
    waiting: [{ lane: 'low' }, { lane: 'low', delivered: true }],
    offer: normal,
    loser: 1,
  },
  // A stored message that finds no room waits in the store: it costs nobody a place.
  { overflow: 'drop-oldest', waiting: [normal], offer: { stored: true }, loser: offered },
] as const satisfies readonly {
  overflow: Overflow
  waiting: readonly Spec[]
  offer: Spec
  loser: number
}[]

for (const { overflow, waiting, offer, loser } of whoLoses) {
  const scene = `${JSON.stringify(offer)} to ${JSON.stringify(waiting)}`
  test(`M3: ${overflow}: ${scene} costs ${loser === offered ? 'itself' : `message ${loser}`}`, () => {
    const mailbox = fullOf(overflow, ...waiting)
    assert.equal(mailbox.offer(message({ seq: offered, ...offer }))?.b, loser)
    assert.equal(mailbox.size, waiting.length)
  })
}

test('M3: a termination or a tick always finds room, and costs nobody a place', () => {
  for (const overflow of overflows) {
    const mailbox = fullOf(overflow, normal, normal)
    assert.equal(mailbox.offer(message({ seq: offered, keep: true })), undefined)
    assert.deepEqual(seqs(mailbox), [1, 2, offered])
  }
})

test('M3: by default 4,096 messages fit, and the next one is handed back', () => {
  const mailbox = new Mailbox<string>()
  for (let seq = 0; seq < 4_096; seq += 1) assert.equal(mailbox.offer(message({ seq })), undefined)
  const extra = message()
  assert.equal(mailbox.offer(extra), extra)
})

test('M3: encoded bytes are bounded as messages are, and room returns as they leave', () => {
  const mailbox = new Mailbox<string>({ capacityBytes: 100 })
  assert.equal(mailbox.offer(message({ bytes: 60 })), undefined)
  assert.equal(mailbox.offer(message({ bytes: 60 })), undefined)
  assert.equal(mailbox.hasRoom, false)
  assert.equal(mailbox.offer(message({ bytes: 1 }))?.header.bytes?.byteLength, 1)
  mailbox.take()
  assert.equal(mailbox.hasRoom, true)
})

test('M3: a message taken out or put back moves the bytes with it', () => {
  const mailbox = new Mailbox<string>({ capacityBytes: 100 })
  mailbox.offer(message({ bytes: 100 }))
  assert.equal(mailbox.hasRoom, false)
  const removed = mailbox.remove(Lane.normal, () => true) as Envelope
  assert.equal(mailbox.hasRoom, true)
  mailbox.offerFirst(removed)
  assert.equal(mailbox.hasRoom, false)
})

test('M3: many small messages are not swapped for large ones', () => {
  const mailbox = new Mailbox<string>({ capacityBytes: 100, overflow: 'drop-oldest' })
  for (let seq = 1; seq <= 10; seq += 1) mailbox.offer(message({ seq, bytes: 10 }))
  for (let seq = 11; seq <= 30; seq += 1) mailbox.offer(message({ seq, bytes: 50 }))
  assert.ok(weigh(mailbox) < 100 + 50)
})

test('M3: dropping the oldest of a full mailbox does not depend on how full it is', () => {
  const costs = [8, 4_096].map((capacity) => {
    const mailbox = new Mailbox<string>({ capacity, overflow: 'drop-oldest' })
    for (let seq = 0; seq < capacity; seq += 1) mailbox.offer(message({ seq }))
    const { lanes } = mailbox as unknown as { lanes: { rings: object[] } }
    let writes = 0
    const ring = lanes.rings[3] as { items: unknown[] }
    ring.items = new Proxy(slotsOf(ring), {
      set: (target, key, value) => {
        writes += 1
        return Reflect.set(target, key, value)
      },
    })
    assert.equal(mailbox.offer(message())?.b, 0)
    return writes
  })
  assert.deepEqual(costs, [2, 2])
})

const weigh = (mailbox: Iterable<Envelope>): number =>
  [...mailbox].reduce((sum, each) => sum + (each.header.bytes?.byteLength ?? 0), 0)

type Step =
  | ({ readonly op: 'offer' } & Required<Omit<Spec, 'from' | 'seq'>>)
  | { op: 'take' | 'back' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('offer' as const),
      lane: fc.constantFrom(...userLanes),
      bytes: fc.constantFrom(0, 0, 5, 30),
      stored: fc.boolean(),
      keep: fc.boolean(),
      delivered: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('take', 'back') }) },
)

test('M3, M4: whatever is offered, one message at most loses, the right one, and all are counted', () => {
  const options = fc.record({
    capacity: fc.integer({ min: 1, max: 6 }),
    capacityBytes: fc.constantFrom(40, 1_000),
    overflow: fc.constantFrom(...overflows),
  })
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 80 }), (limits, steps) => {
      const mailbox = new Mailbox<string>(limits)
      const count = { offered: 0, taken: 0, lost: 0 }
      let beyond = 0
      for (const each of steps) {
        if (each.op === 'offer') {
          count.offered += 1
          const envelope = message({ ...each, seq: count.offered })
          const [size, bytes, room] = [mailbox.size, weigh(mailbox), mailbox.hasRoom]
          const loser = mailbox.offer(envelope)
          if (loser !== undefined) {
            count.lost += 1
            assert.ok(!room && !envelope.header.keep)
            assert.ok(loser === envelope || (loser.sheddable && loser.lane >= envelope.lane))
            assert.ok(loser === envelope || limits.overflow !== 'reject')
            assert.equal(mailbox.size, size)
            assert.ok(weigh(mailbox) <= Math.max(bytes, limits.capacityBytes - 1 + 30))
          } else assert.ok(room || envelope.header.keep)
          if (!room && envelope.header.keep) beyond += 1
        } else {
          const envelope = mailbox.take()
          if (envelope !== undefined && each.op === 'back') mailbox.offerFirst(envelope)
          else if (envelope !== undefined) count.taken += 1
        }
        assert.equal(mailbox.size, [...mailbox].length)
        assert.equal(count.offered, count.taken + count.lost + mailbox.size)
        assert.ok(mailbox.size <= limits.capacity + beyond)
        const room = mailbox.size < limits.capacity && weigh(mailbox) < limits.capacityBytes
        assert.equal(mailbox.hasRoom, room)
      }
    }),
    { numRuns: 500 },
  )
})
