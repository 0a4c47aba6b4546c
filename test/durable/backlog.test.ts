/** M3, T2, M4, M5: accepted messages wait in the store when memory has no room, and come back in order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { Overflow } from '../../mailbox/mailbox.ts'
import { RecordKind } from '../../persistence/record.ts'
import { Gate, settled, watched } from './support.ts'
import { type Fault, memoryEngine, World } from './world.ts'

const Sink = contract('sink', {
  take: message<number, void>(),
  hold: message<void, void>(),
  all: message<void, number[]>(),
  stashAll: message<boolean, void>(),
  listen: message<void, void>(),
  step: message<number, void>(),
})
const Feeder = contract('feeder', { feed: message<{ from: number; count: number }, void>() })

let gate = new Gate()
/** Opened when a turn of `step` may make its call. */
let late = new Gate()

function actors(capacity: number, overflow: Overflow = 'reject') {
  const sink = actor(Sink, {
    durable: true,
    state: () => ({ all: [] as number[] }),
    mailbox: { capacity, overflow },
    on: {
      take(ctx, n) {
        ctx.state.all.push(n)
      },
      async hold() {
        await gate.pass()
      },
      stashAll() {},
      listen: (ctx) => ctx.subscribe('numbers', 'take'),
      async step(ctx, n) {
        await late.opened
        await ctx.effect('wait', n, () => gate.pass(), { idempotent: true })
        ctx.state.all.push(n)
      },
    },
    reads: { all: (ctx) => ctx.state.all },
  })
  const feeder = actor(Feeder, {
    durable: true,
    state: () => ({}),
    on: {
      feed(ctx, { from, count }) {
        for (let i = 0; i < count; i += 1) ctx.ref(Sink, 's').tell.take(from + i)
      },
    },
  })
  return [sink, feeder] as const
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

async function holdSink(w: World): Promise<void> {
  gate = new Gate()
  w.ref(Sink, 's').tell.hold()
  await w.settle()
  assert.equal(gate.arrived, 1)
}

for (const overflow of ['reject', 'drop-oldest', 'drop-newest'] as const) {
  test(`M3: more accepted messages than the mailbox holds wait in the store and come back in order (${overflow})`, async () => {
    const w = new World({ actors: actors(8, overflow) })
    await holdSink(w)
    for (let i = 0; i < 10; i += 1)
      await settled(w, w.ref(Feeder, 'f').ask.feed({ from: i * 100, count: 100 }))
    const { pending } = w.accounting('sink')
    assert.equal(pending, 1_000)
    assert.ok((w.cell('sink/s')?.inbox.mailbox.size ?? 0) <= 8, 'memory holds no more than it may')
    assert.equal(w.imbalance(), 0)
    gate.open()
    await w.settle()
    assert.deepEqual(await settled(w, w.ref(Sink, 's').ask.all()), upTo(1_000))
    assert.deepEqual(w.letters, [])
    w.assertBalanced()
  })
}

test('M3: volatile messages that find no room are dead letters; the stored ones around them are untouched', async () => {
  const w = new World({ actors: actors(4) })
  await holdSink(w)
  await settled(w, w.ref(Feeder, 'f').ask.feed({ from: 0, count: 20 }))
  assert.equal(w.ref(Sink, 's').tell.take(99).status, 'full')
  gate.open()
  await w.settle()
  assert.deepEqual(await settled(w, w.ref(Sink, 's').ask.all()), upTo(20))
  assert.deepEqual(
    w.letters.map(({ reason }) => reason),
    ['mailbox-full'],
  )
  w.assertBalanced()
})

test('M3: a mailbox of one message starts and works', async () => {
  const w = new World({ actors: actors(1) })
  await settled(w, w.ref(Feeder, 'f').ask.feed({ from: 0, count: 50 }))
  assert.deepEqual(await settled(w, w.ref(Sink, 's').ask.all()), upTo(50))
  const next = w.crash()
  await settled(next, next.ref(Feeder, 'f').ask.feed({ from: 50, count: 50 }))
  assert.deepEqual(await settled(next, next.ref(Sink, 's').ask.all()), upTo(100))
  next.assertBalanced()
})

test('T2: the order is kept across spill and restart', async () => {
  const w = new World({ actors: actors(8) })
  await holdSink(w)
  await settled(w, w.ref(Feeder, 'f').ask.feed({ from: 0, count: 300 }))
  // Told in memory only, it dies with the process; the 300 do not.
  const next = w.crash()
  assert.equal(next.accounting('sink').pending, 300)
  await next.settle()
  await settled(next, next.ref(Feeder, 'f').ask.feed({ from: 300, count: 10 }))
  assert.deepEqual(await settled(next, next.ref(Sink, 's').ask.all()), upTo(310))
  next.assertBalanced()
})

test('T2: the order is kept across passivation', async () => {
  const w = new World({ actors: actors(100), residency: 0 })
  for (let i = 0; i < 30; i += 1) {
    await settled(w, w.ref(Sink, 's').deliver.take(i))
    assert.equal(w.cell('sink/s'), undefined, 'it left memory')
  }
  assert.deepEqual(await settled(w, w.ref(Sink, 's').ask.all()), upTo(30))
  w.assertBalanced()
})

test('T2: what one sender told and delivered to an actor that is being loaded comes in that order', async () => {
  const ready = new Gate()
  const w = new World({ actors: actors(100), deps: () => ready.opened })
  const sink = w.ref(Sink, 's')
  sink.tell.take(0)
  await settled(w, sink.deliver.take(1))
  sink.tell.take(2)
  await settled(w, sink.deliver.take(3))
  sink.tell.take(4)
  ready.open()
  await w.settle()
  assert.deepEqual(await settled(w, sink.ask.all()), upTo(5))
  w.assertBalanced()
})

test('T2: that order is kept when the store undoes turns', async () => {
  const engine = memoryEngine()
  const w = new World({ actors: actors(100), engine })
  const sink = w.ref(Sink, 's')
  await settled(w, sink.ask.take(0))
  const faults: Fault[] = ['before']
  engine.fault = () => faults.shift()
  sink.tell.take(1)
  await w.settle()
  // The turn of 1 is lost. What comes meanwhile waits for the actor to be loaded again.
  sink.tell.take(2)
  const third = sink.deliver.take(3)
  await w.advance(1_000)
  await third
  sink.tell.take(4)
  await w.settle()
  assert.deepEqual(await settled(w, sink.ask.all()), upTo(5))
  w.assertBalanced()
})

test('T2: what waited in memory, told and delivered, keeps its order when turns are undone', async () => {
  const engine = memoryEngine()
  const w = new World({ actors: actors(100), engine })
  const sink = w.ref(Sink, 's')
  await settled(w, sink.ask.take(0))
  await holdSink(w)
  sink.tell.take(1)
  await settled(w, sink.deliver.take(2))
  sink.tell.take(3)
  await settled(w, sink.deliver.take(4))
  const faults: Fault[] = ['before']
  engine.fault = () => faults.shift()
  gate.open()
  await w.advance(10_000)
  assert.deepEqual(faults, [])
  assert.deepEqual(await settled(w, sink.ask.all()), upTo(5))
  w.assertBalanced()
})

/** The sink is in a turn with room for three more messages in memory, and messages 7 to 20 in the store. */
async function halfRead(w: World): Promise<void> {
  await holdSink(w)
  const sink = w.ref(Sink, 's')
  for (const n of [0, 1]) await settled(w, sink.deliver.take(n))
  await settled(w, sink.deliver.hold())
  for (let n = 2; n <= 20; n += 1) await settled(w, sink.deliver.take(n))
  await nextHold(w)
  assert.equal(w.cell('sink/s')?.inbox.mailbox.size, 5)
}

/** Lets the sink run to its next hold. */
async function nextHold(w: World): Promise<void> {
  const before = gate
  gate = new Gate()
  before.open()
  await w.settle()
}

test('T2: what is told after messages that wait in the store comes after them, and before later ones', async () => {
  const w = new World({ actors: actors(8) })
  const sink = w.ref(Sink, 's')
  await halfRead(w)
  assert.equal(sink.tell.take(21).status, 'queued')
  await settled(w, sink.deliver.take(22))
  assert.equal(sink.tell.take(23).status, 'queued')
  await nextHold(w)
  assert.deepEqual(await settled(w, sink.ask.all()), upTo(24))
  assert.deepEqual(w.letters, [])
  w.assertBalanced()
})

test('T2, M2: only the lanes wait in which the store may have something', async () => {
  const w = new World({ actors: actors(8) })
  const sink = w.ref(Sink, 's')
  await halfRead(w)
  sink.tell.take(21)
  sink.tell.take(100, { lane: 'high' })
  await nextHold(w)
  const all = await settled(w, sink.ask.all())
  assert.deepEqual(
    all.filter((n) => n !== 100),
    upTo(22),
  )
  assert.ok(all.indexOf(100) < 7, 'it came before what the store had of the normal lane')
  w.assertBalanced()
})

test('T2, M2: after a restart a lane that has nothing in the store does not wait for the whole backlog', async () => {
  const w = new World({ actors: actors(8) })
  await holdSink(w)
  await settled(w, w.ref(Feeder, 'f').ask.feed({ from: 0, count: 100 }))
  const next = w.crash()
  const sink = next.ref(Sink, 's')
  sink.tell.take(1_000, { lane: 'control' })
  sink.tell.take(100)
  await next.settle()
  const all = await settled(next, sink.ask.all())
  assert.deepEqual(
    all.filter((n) => n !== 1_000),
    upTo(101),
  )
  assert.ok(all.indexOf(1_000) <= 8, 'the first page told that the store has no control messages')
  next.assertBalanced()
})

test('T2: what is told after a restart comes after what the same sender delivered before it', async () => {
  const w = new World({ actors: actors(8) })
  await holdSink(w)
  for (const n of upTo(20)) await settled(w, w.ref(Sink, 's').deliver.take(n))
  const next = w.crash()
  next.ref(Sink, 's').tell.take(20)
  await next.settle()
  assert.deepEqual(await settled(next, next.ref(Sink, 's').ask.all()), upTo(21))
  next.assertBalanced()
})

test('T2: a told message whose turn had begun, with a step, comes first after a crash, also by pages', async () => {
  for (const capacity of [1, 100]) {
    const w = new World({ actors: actors(capacity) })
    gate = new Gate()
    late = new Gate()
    const sink = w.ref(Sink, 's')
    sink.tell.step(0)
    await w.settle()
    for (const n of [1, 2]) await settled(w, sink.deliver.take(n))
    // Its first record comes behind those of two that wait.
    late.open()
    await w.settle()
    await settled(w, sink.deliver.take(3))
    const next = w.crash()
    gate.open()
    await next.settle()
    assert.deepEqual(await settled(next, next.ref(Sink, 's').ask.all()), upTo(4))
    next.assertBalanced()
  }
})

test('T2, M2: what is told after something was published to a busy actor comes after it; urgent lanes do not wait', async () => {
  const w = new World({ actors: actors(8) })
  const sink = w.ref(Sink, 's')
  await settled(w, sink.ask.listen())
  await holdSink(w)
  for (let n = 0; n < 5; n += 1) sink.tell.take(n)
  // It is not read yet: the mailbox is more than a quarter full.
  w.outside.publish('numbers', 5)
  await w.settle()
  assert.equal(sink.tell.take(6).status, 'queued')
  sink.tell.take(100, { lane: 'control' })
  await nextHold(w)
  assert.deepEqual(await settled(w, sink.ask.all()), [100, ...upTo(7)])
  w.assertBalanced()
})

test('M3: what waits behind the store takes of the room of the mailbox; a wait that is given up leaves it', async () => {
  const w = new World({ actors: actors(8) })
  const sink = w.ref(Sink, 's')
  await halfRead(w)
  const controller = new AbortController()
  const given = sink.ask.take(21, { signal: controller.signal }).catch(() => 'given up')
  sink.tell.take(22)
  sink.tell.take(23)
  assert.equal(sink.tell.take(99).status, 'full')
  assert.equal(sink.tell.take(99, { lane: 'high' }).status, 'full')
  controller.abort()
  await w.settle()
  assert.equal(await given, 'given up')
  assert.equal(sink.tell.take(24).status, 'queued')
  assert.equal(w.imbalance(), 0)
  await nextHold(w)
  assert.deepEqual(await settled(w, sink.ask.all()), [...upTo(21), 22, 23, 24])
  w.assertBalanced()
})

test('T2, M3: any mix of tells and deliveries keeps its order in each lane, whatever waits in the store', async () => {
  const moves = ['tell', 'deliver', 'feed', 'hold', 'open', 'wake', 'undo', 'crash'] as const
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.tuple(fc.constantFrom(...moves), fc.constantFrom('normal', 'high')), {
        maxLength: 60,
      }),
      async (capacity, program) => {
        gate = new Gate()
        const engine = memoryEngine()
        const faults: Fault[] = []
        engine.fault = () => faults.shift()
        let w = new World({ actors: actors(capacity), engine })
        const sent = { normal: [] as number[], high: [] as number[] }
        let volatile = new Set<number>()
        let n = 0
        for (const [move, lane] of program) {
          const sink = w.ref(Sink, 's')
          n += 1
          if (move === 'tell') {
            if (sink.tell.take(n, { lane }).status !== 'queued') continue
            volatile.add(n)
            sent[lane].push(n)
          } else if (move === 'deliver') {
            const delivered = watched(sink.deliver.take(n, { lane }))
            await w.advance(60_000)
            assert.ok(delivered.done)
            sent[lane].push(n)
          } else if (move === 'hold') void sink.deliver.hold(undefined, { lane })
          else if (move === 'feed') w.ref(Feeder, 'f').tell.feed({ from: n + 10_000, count: 3 })
          else if (move === 'open') await nextHold(w)
          else if (move === 'undo') {
            faults.push('before')
            await nextHold(w)
          } else if (move === 'wake') w.peer.signal('sink/s', { kind: 'wake' })
          else {
            faults.length = 0
            w = w.crash()
            for (const own of [sent.normal, sent.high]) {
              own.splice(0, own.length, ...own.filter((one) => !volatile.has(one)))
            }
            volatile = new Set()
          }
          assert.ok(
            (w.cell('sink/s')?.inbox.mailbox.size ?? 0) <= capacity + Math.ceil(capacity / 4),
            'memory holds no more than it may',
          )
        }
        gate.open()
        await w.advance(120_000)
        const all = await settled(w, w.ref(Sink, 's').ask.all())
        for (const own of [sent.normal, sent.high]) {
          assert.deepEqual(
            all.filter((one) => own.includes(one)),
            own,
          )
        }
        w.assertBalanced()
        assert.equal(w.accounting('sink').pending, 0)
      },
    ),
    {
      numRuns: 60,
      examples: [
        [
          10,
          [
            ['hold', 'normal'],
            ['deliver', 'normal'],
            ['tell', 'normal'],
            ['deliver', 'normal'],
            ['undo', 'normal'],
          ],
        ],
      ],
    },
  )
})

test('M3: after a restart memory takes no more of the backlog than it has room for', async () => {
  const w = new World({ actors: actors(8) })
  gate = new Gate()
  await settled(w, w.ref(Sink, 's').deliver.hold())
  await settled(w, w.ref(Feeder, 'f').ask.feed({ from: 0, count: 100 }))
  const next = w.crash()
  await next.settle()
  assert.ok((next.cell('sink/s')?.inbox.mailbox.size ?? 0) <= 8, 'it is held by its first message')
  gate.open()
  await next.settle()
  assert.deepEqual(await settled(next, next.ref(Sink, 's').ask.all()), upTo(100))
  next.assertBalanced()
})

test('M3: a message that the store handed out before its sender did is not taken twice', async () => {
  const w = new World({ actors: actors(100) })
  w.holdAcks()
  w.ref(Feeder, 'f').tell.feed({ from: 0, count: 5 })
  await w.settle()
  const all = w.ref(Sink, 's').ask.all()
  await w.settle()
  assert.equal(
    w.accounting('sink').running,
    5,
    'read from the store, while the sender waits for its ack',
  )
  await w.releaseAcks()
  await all
  assert.deepEqual(await settled(w, w.ref(Sink, 's').ask.all()), upTo(5))
  assert.ok(!w.events.some(({ event }) => event === 'turn-undone'))
  w.assertBalanced()
})

test('M5: without store credit no durable turn starts; with it again they all do', async () => {
  const w = new World({ actors: actors(1_000), credit: 2_000 })
  await settled(w, w.ref(Sink, 's').ask.take(0))
  w.holdAcks()
  const asks = upTo(200).map((n) => watched(w.ref(Sink, `s${n % 20}`).ask.take(n)))
  await w.settle()
  const written = w.records().length
  assert.ok(written > 1 && written < 60, `${written} turns were let in`)
  for (let i = 0; i < 10; i += 1) {
    w.ref(Sink, 'late').tell.take(i)
    await w.settle()
  }
  assert.equal(w.records().length, written, 'not even those that came meanwhile')
  await w.releaseAcks()
  assert.ok(asks.every(({ done }) => done))
  assert.deepEqual(await settled(w, w.ref(Sink, 'late').ask.all()), upTo(10))
  w.assertBalanced()
})

test('M5: deliveries wait for store credit, in order', async () => {
  const w = new World({ actors: actors(10_000), credit: 1_000 })
  w.holdAcks()
  const all = upTo(100).map((n) => watched(w.ref(Sink, 's').deliver.take(n)))
  await w.settle()
  assert.ok(w.store.position < 20, `${w.store.position} were let in`)
  await w.releaseAcks()
  assert.ok(all.every(({ done }) => done))
  assert.deepEqual(await settled(w, w.ref(Sink, 's').ask.all()), upTo(100))
  w.assertBalanced()
})

test('M4: everything is counted at each moment of a spill, a restart and a retry', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.array(
        fc.constantFrom(
          'feed',
          'deliver',
          'tell',
          'settle',
          'crash',
          'hold',
          'open',
          'stop',
        ) as fc.Arbitrary<string>,
        { maxLength: 30 },
      ),
      async (capacity, moves) => {
        gate = new Gate()
        gate.open()
        let w = new World({ actors: actors(capacity) })
        let n = 0
        for (const move of moves) {
          switch (move) {
            case 'feed':
              w.ref(Feeder, 'f').tell.feed({ from: n, count: 7 })
              n += 7
              break
            case 'deliver':
              void w
                .ref(Sink, 's')
                .deliver.take(n)
                .catch(() => undefined)
              n += 1
              break
            case 'tell':
              w.ref(Sink, 's').tell.take(n)
              n += 1
              break
            case 'hold':
              gate.open()
              gate = new Gate()
              w.ref(Sink, 's').tell.hold()
              break
            case 'open':
              gate.open()
              break
            case 'crash':
              gate.open()
              w = w.crash()
              break
            case 'stop':
              w.peer.signal('sink/s', { kind: 'stop', reason: 'stopped' })
              break
            default:
              await w.settle()
          }
          assert.equal(w.imbalance(), 0, move)
        }
        gate.open()
        await w.advance(10_000)
        w.assertBalanced()
        assert.equal(w.accounting('sink').pending, 0, 'nothing is left waiting')
        const all = await settled(w, w.ref(Sink, 's').ask.all())
        assert.equal(new Set(all).size, all.length, 'nothing twice')
      },
    ),
    { numRuns: 80 },
  )
})

test('T2: random feeds keep their order per sender, whatever the capacity and whenever it crashes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.record({ feeder: fc.nat(2), count: fc.nat(20), crash: fc.boolean() }), {
        maxLength: 12,
      }),
      async (capacity, feeds) => {
        let w = new World({ actors: actors(capacity) })
        const next = [0, 10_000, 20_000]
        for (const { feeder, count, crash } of feeds) {
          await settled(
            w,
            w.ref(Feeder, `f${feeder}`).deliver.feed({ from: next[feeder] as number, count }),
          )
          next[feeder] = (next[feeder] as number) + count
          if (crash) w = w.crash()
        }
        await w.settle()
        const all = await settled(w, w.ref(Sink, 's').ask.all())
        for (const base of [0, 10_000, 20_000]) {
          const own = all.filter((n) => n >= base && n < base + 10_000)
          assert.deepEqual(
            own,
            upTo(own.length).map((i) => base + i),
          )
        }
        assert.equal(
          all.length,
          next.reduce((sum, n) => sum + (n % 10_000), 0),
        )
        w.assertBalanced()
      },
    ),
    { numRuns: 30 },
  )
})

test('D1: the history of an actor is the order of its turns', async () => {
  const w = new World({ actors: actors(8) })
  await settled(w, w.ref(Feeder, 'f').ask.feed({ from: 0, count: 40 }))
  const turns = w
    .records()
    .filter(({ actor: id, kind }) => id === 'sink/s' && kind === RecordKind.turn)
  assert.deepEqual(
    turns.map(({ turn }) => turn),
    upTo(40).map((i) => i + 1),
  )
  assert.deepEqual(
    turns.map(({ message: ref }) => ref.index),
    upTo(40),
  )
})
