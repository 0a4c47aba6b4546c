/** T2, M1, M4: a mailbox with its stash under random programs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Envelope } from '../../mailbox/envelope.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import { Mailbox } from '../../mailbox/mailbox.ts'
import { Stash } from '../../mailbox/stash.ts'
import { countSlotAccess, message, seqs, userLanes } from './support.ts'

type Step =
  | { readonly op: 'offer'; readonly from: string; readonly lane: (typeof userLanes)[number] }
  | { readonly op: 'process' | 'retry' | 'stash' | 'unstash' }
  | { readonly op: 'remove'; readonly pick: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('offer' as const),
      from: fc.constantFrom('a/1', 'a/2', ''),
      lane: fc.constantFrom(...userLanes),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constantFrom('process', 'retry', 'stash', 'unstash') }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), pick: fc.nat(6) }) },
)

/** One actor's mailbox and stash, and a note of everything that ever happened to a message. */
class Actor {
  readonly mailbox = new Mailbox<string>({ capacity: 12 })
  readonly stash = new Stash(4)
  readonly processed: Envelope[] = []
  offered = 0
  refused = 0
  removed = 0

  do(step: Step): void {
    switch (step.op) {
      case 'offer':
        this.offered += 1
        if (this.mailbox.offer(message({ ...step, seq: this.offered }))) this.refused += 1
        return
      case 'remove':
        this.remove(step.pick)
        return
      case 'unstash':
        this.stash.unstashInto(this.mailbox)
        return
      case 'process':
      case 'retry':
      case 'stash':
        this.turn(step.op)
        return
      default:
        step satisfies never
    }
  }

  turn(what: 'process' | 'retry' | 'stash'): void {
    const envelope = this.mailbox.take()
    if (envelope === undefined) return
    if (what === 'retry') this.mailbox.offerFirst(envelope)
    else if (what === 'process') this.processed.push(envelope)
    else if (!this.stash.put(envelope)) this.refused += 1
  }

  remove(pick: number): void {
    const target = [...this.mailbox][pick]
    if (target === undefined) return
    assert.equal(
      this.mailbox.remove(target.lane, (each) => each === target),
      target,
    )
    this.removed += 1
  }

  /** What is still to come for each sender and lane, in the order in which it will come. */
  streams(): Map<string, number[]> {
    const streams = new Map<string, number[]>()
    for (const envelope of [...this.stash, ...this.mailbox]) {
      const key = `${envelope.from} ${envelope.lane}`
      streams.set(key, [...(streams.get(key) ?? []), envelope.b])
    }
    return streams
  }
}

const program = fc.array(step, { maxLength: 120 })

test('T2: messages of one sender in one lane stay in order through retries, stash and removal', () => {
  fc.assert(
    fc.property(program, (steps) => {
      const actor = new Actor()
      for (const each of steps) {
        actor.do(each)
        for (const stream of actor.streams().values()) {
          assert.deepEqual(
            stream,
            [...stream].sort((a, b) => a - b),
          )
        }
      }
    }),
  )
})

test('T2: without a stash, messages are processed in the order in which they were offered', () => {
  const plain = step.filter((each) => each.op !== 'stash' && each.op !== 'unstash')
  fc.assert(
    fc.property(fc.array(plain, { maxLength: 120 }), (steps) => {
      const actor = new Actor()
      for (const each of steps) actor.do(each)
      while (actor.mailbox.size > 0) actor.turn('process')
      const last = new Map<string, number>()
      for (const envelope of actor.processed) {
        const key = `${envelope.from} ${envelope.lane}`
        assert.ok(envelope.b > (last.get(key) ?? 0))
        last.set(key, envelope.b)
      }
    }),
  )
})

test('M4: offered = processed + waiting + stashed + refused + removed, after every step', () => {
  fc.assert(
    fc.property(program, (steps) => {
      const actor = new Actor()
      for (const each of steps) {
        actor.do(each)
        const waiting = [...actor.mailbox].length
        assert.equal(actor.mailbox.size, waiting)
        assert.equal(actor.mailbox.best() === undefined, waiting === 0)
        assert.equal(actor.stash.size, [...actor.stash].length)
        const { offered, processed, stash, refused, removed } = actor
        assert.equal(offered, processed.length + waiting + stash.size + refused + removed)
      }
    }),
  )
})

test('M1: signals wait apart, in order, and are never refused', () => {
  const mailbox = new Mailbox<number>({ capacity: 1 })
  mailbox.offer(message())
  for (let i = 0; i < 100; i += 1) mailbox.signal(i)
  assert.equal(mailbox.signalCount, 100)
  assert.equal(mailbox.depth(Lane.system), 100)
  assert.equal(mailbox.size, 1)
  const taken = Array.from({ length: 101 }, () => mailbox.takeSignal())
  assert.deepEqual(taken, [...Array(100).keys(), undefined])
})

test('M1, M2: an actor stands in the lane of its best message, with a signal in the first', () => {
  const mailbox = new Mailbox<string>()
  assert.equal(mailbox.best(), undefined)
  mailbox.offer(message({ lane: 'low' }))
  assert.equal(mailbox.best(), Lane.low)
  mailbox.offer(message({ lane: 'high' }))
  assert.equal(mailbox.best(), Lane.high)
  assert.equal(mailbox.best(Lane.control), undefined)
  mailbox.signal('stop')
  assert.equal(mailbox.best(), Lane.control)
  assert.equal(mailbox.best(Lane.control), Lane.control)
})

test('F2: while a retry holds the user lanes, control alone is served', () => {
  const mailbox = new Mailbox<string>()
  mailbox.offerFirst(message({ lane: 'normal', seq: 1 }))
  mailbox.offer(message({ lane: 'high', seq: 2 }))
  mailbox.offer(message({ lane: 'control', seq: 3 }))
  assert.equal(mailbox.take(Lane.control)?.b, 3)
  assert.equal(mailbox.take(Lane.control), undefined)
  assert.deepEqual(seqs([mailbox.take(), mailbox.take()] as Envelope[]), [2, 1])
})

test('M2: strict mode serves the most urgent message first, however many there are', () => {
  const mailbox = new Mailbox<string>({ strict: true })
  mailbox.offer(message({ lane: 'low', seq: 0 }))
  for (let seq = 1; seq <= 100; seq += 1) mailbox.offer(message({ lane: 'control', seq }))
  assert.equal(
    mailbox.positionOf((each) => each.b === 0),
    100,
  )
  for (let seq = 1; seq <= 100; seq += 1) assert.equal(mailbox.take()?.b, seq)
  assert.equal(mailbox.take()?.b, 0)
})

test('M3: offer and take touch the same few slots at any depth', () => {
  const costs = [10, 4_000].map((depth) => {
    const mailbox = new Mailbox<string>()
    for (let seq = 0; seq < depth; seq += 1) mailbox.offer(message({ lane: 'control', seq }))
    mailbox.take()
    const tally = { count: 0 }
    const { lanes } = mailbox as unknown as { lanes: { rings: (object | undefined)[] } }
    for (const ring of lanes.rings) if (ring !== undefined) countSlotAccess(ring, tally)
    mailbox.offer(message({ lane: 'control' }))
    const offering = tally.count
    mailbox.take()
    return { offering, taking: tally.count - offering }
  })
  assert.deepEqual(costs[0], costs[1])
  assert.ok(Object.values(costs[0] ?? {}).every((cost) => cost <= 2))
})

test('a lane emptied by removal is idle at once', () => {
  const mailbox = new Mailbox<string>()
  mailbox.offer(message({ lane: 'high', seq: 1 }))
  mailbox.offer(message({ lane: 'low', seq: 2 }))
  assert.equal(
    mailbox.remove(Lane.high, (each) => each.b === 9),
    undefined,
  )
  assert.equal(mailbox.remove(Lane.high, (each) => each.b === 1)?.b, 1)
  assert.equal(mailbox.best(), Lane.low)
  assert.equal(mailbox.take()?.b, 2)
  assert.equal(mailbox.best(), undefined)
})

test('an ask learns its place, more urgent lanes first, or that it is not waiting', () => {
  const mailbox = new Mailbox<string>()
  const lanes: LaneNumber[] = []
  for (const lane of ['low', 'normal', 'normal', 'high'] as const) {
    const envelope = message({ lane, seq: lanes.push(Lane[lane]) })
    mailbox.offer(envelope)
  }
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((seq) => mailbox.positionOf((each) => each.b === seq)),
    [3, 1, 2, 0, undefined],
  )
})
