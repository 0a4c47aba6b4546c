/** Activation: how many actors are loaded at once, and what that costs the store. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { Alarms } from '../../mailbox/alarms.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { MemoryMedium, openMemoryStore } from '../../persistence/memory-store.ts'
import { RecordKind } from '../../persistence/record.ts'
import { SegmentBuilder } from '../../persistence/segment.ts'
import { JournalClient } from '../../runtime/peer/journal.ts'
import { loadsAtOnce } from '../../runtime/peer/loads.ts'
import { StoreClient } from '../../runtime/peer/store-client.ts'
import type { ToStore } from '../../runtime/store/protocol.ts'
import { harness } from './harness.ts'

type Asked = ToStore & { readonly kind: 'ask'; readonly with: { readonly actors: string[] } }

const thread = {
  alarms: new Alarms(new VirtualClock()),
  clock: new VirtualClock(),
  coarse: 0,
  isAwaited: false,
  touched: () => undefined,
  sendFrames: () => undefined,
}

function journalTo(asked: Asked[]): { client: StoreClient; journal: JournalClient } {
  const client = new StoreClient({ post: (message) => asked.push(message as Asked) })
  const journal = new JournalClient(client, { slot: 0, epoch: 1, position: 0 }, thread)
  return { client, journal }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `a/${i}`)

test('only so many actors of a thread are loaded at once, the others wait their turn', async () => {
  const asked: Asked[] = []
  const { client, journal } = journalTo(asked)
  const loads = names(700).map((name) => journal.load(name, 1))
  let most = 0
  for (let answered = 0; ; answered += 1) {
    await new Promise(setImmediate)
    const open = asked.slice(answered).flatMap((message) => message.with.actors)
    most = Math.max(most, open.length)
    const message = asked[answered]
    if (message === undefined) break
    const value = message.with.actors.map(() => ({ kind: 'loaded' }))
    client.receive({ kind: 'answer', id: message.id, value })
  }
  await Promise.all(loads)
  assert.equal(most, loadsAtOnce)
  assert.equal(loadsAtOnce, 512)
  assert.equal(asked.length, 3)
  assert.deepEqual(
    asked.flatMap((message) => message.with.actors),
    names(700),
  )
})

test('what an answer had no room for is asked for again, before those behind it', async () => {
  const asked: Asked[] = []
  const { client, journal } = journalTo(asked)
  const loads = names(600).map((name) => journal.load(name, 1))
  for (let answered = 0; ; answered += 1) {
    await new Promise(setImmediate)
    const message = asked[answered]
    if (message === undefined) break
    const brought = answered === 0 ? ['a/0'] : message.with.actors
    const value = brought.map(() => ({ kind: 'loaded' }))
    client.receive({ kind: 'answer', id: message.id, value })
  }
  await Promise.all(loads)
  assert.deepEqual(asked[2]?.with.actors, [...names(256).slice(1), 'a/512'])
})

test('M5: actors with large states are read a few at a time, one at least', () => {
  const store = openMemoryStore()
  const build = new SegmentBuilder(1, store.beginEpoch(1))
  const state = new Uint8Array(3 * 1024 * 1024)
  for (const actor of names(4))
    build.record({ kind: RecordKind.turn, time: 1, actor, turn: 1, state })
  const whole = new Uint8Array(9 * 1024 * 1024)
  build.record({ kind: RecordKind.turn, time: 1, actor: 'a/huge', turn: 1, state: whole })
  store.commit([build.take()])
  assert.equal(store.loadMany(names(4), 1).length, 2)
  assert.equal(store.loadMany(names(4).slice(2), 1).length, 2)
  assert.equal(store.loadMany(['a/huge', 'a/0'], 1).length, 1)
})

test('actors with room for different numbers of messages are asked for apart', async () => {
  const asked: Asked[] = []
  const { journal } = journalTo(asked)
  for (const [i, limit] of [9, 9, 4, 9].entries()) void journal.load(`a/${i}`, limit)
  await new Promise(setImmediate)
  assert.deepEqual(
    asked.map((message) => message.with),
    [
      { actors: ['a/0', 'a/1'], limit: 9 },
      { actors: ['a/2'], limit: 4 },
    ],
  )
})

test('an actor that cannot be read fails alone', async () => {
  const asked: Asked[] = []
  const { client, journal } = journalTo(asked)
  const settled = Promise.allSettled(names(10).map((name) => journal.load(name, 1)))
  for (let answered = 0; ; answered += 1) {
    await new Promise(setImmediate)
    const message = asked[answered]
    if (message === undefined) break
    const { actors } = message.with
    const value = actors.map(() => ({ kind: 'loaded' }))
    const { id } = message
    if (!actors.includes('a/3')) client.receive({ kind: 'answer', id, value })
    else client.receive({ kind: 'refusal', id, error: { message: 'unreadable' } as never })
  }
  const ends = await settled
  const failed = ends.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))
  assert.deepEqual(failed, [3])
})

const Counter = contract('counter', { add: message<number, number>() })
const counter = actor(Counter, {
  durable: true,
  state: (): { sum: number } => ({ sum: 0 }),
  on: {
    add: (ctx, n) => {
      ctx.state.sum += n
      return ctx.state.sum
    },
  },
})

/** Counts the segments that are read. */
class CountingMedium extends MemoryMedium {
  reads = 0

  override segmentOf(position: number): ReturnType<MemoryMedium['segmentOf']> {
    this.reads += 1
    return super.segmentOf(position)
  }
}

test('D3: actors that come up together share the reading of the history', async () => {
  const medium = new CountingMedium()
  const store = openMemoryStore({}, medium)
  const writing = harness({ actors: [counter], store })
  const turns = 20
  for (let n = 0; n < turns; n += 1) {
    for (const key of names(25)) writing.ref(Counter, key).tell.add(1)
    await writing.settle()
  }
  medium.reads = 0
  const reading = harness({ actors: [counter], store })
  const sums = names(25).map((key) => reading.ref(Counter, key).ask.add(0))
  await reading.settle()
  assert.deepEqual(
    await Promise.all(sums),
    Array.from({ length: 25 }, () => turns),
  )
  // A walk for each actor alone would read 25 times 20 of them.
  assert.ok(medium.reads <= turns * 2, `${medium.reads} segments were read`)
})
