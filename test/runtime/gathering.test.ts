/** When the records of volatile actors leave their thread, which nobody waits for. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import { PartKind, RecordKind } from '../../persistence/record.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import { gatherTime } from '../../runtime/peer/gathering.ts'
import { type Harness, harness } from './harness.ts'

const Sensor = contract('sensor', { read: message<string>(), fail: message<void>() })
const sensor = actor(Sensor, {
  record: 'full',
  on: {
    read: () => undefined,
    fail: () => {
      throw new Error('broken')
    },
  },
})
const Desk = contract('desk', { note: message<void>() })
const desk = actor(Desk, { durable: true, state: () => ({}), on: { note: () => undefined } })

/** A thread, and how many records each frame brought that came to its store. */
function watched(): { h: Harness; frames: number[]; store: ReturnType<typeof openMemoryStore> } {
  const store = openMemoryStore()
  const frames: number[] = []
  const commit = store.commit.bind(store)
  store.commit = (all) => {
    frames.push(...all.map(({ count }) => count))
    return commit(all)
  }
  return { h: harness({ actors: [sensor, desk], store }), frames, store }
}

function recordsOf(store: ReturnType<typeof openMemoryStore>): StoredRecord[] {
  return Array.from({ length: store.position }, (_, n) => store.record(n + 1) as StoredRecord)
}

/** The sensor is up and silent; its start and the first message were recorded. */
async function silent() {
  const found = watched()
  found.h.ref(Sensor, 's').tell.read('first')
  await found.h.advance(gatherTime)
  found.frames.length = 0
  return found
}

test('S4: a record that nobody waits for leaves at once after a silence, and holds no alarm', async () => {
  const { h, frames } = await silent()
  const alarms = h.clock.pending
  h.ref(Sensor, 's').tell.read('a')
  await h.settle()
  assert.deepEqual(frames, [1])
  assert.equal(h.clock.pending, alarms)
})

test('records that nobody waits for leave together, none of them late by more than the gathering', async () => {
  const { h, frames } = await silent()
  const { tell } = h.ref(Sensor, 's')
  for (let n = 0; n < 2 * gatherTime; n += 1) {
    tell.read(`reading ${n}`)
    await h.advance(1)
  }
  assert.deepEqual(frames, [1, gatherTime - 1, gatherTime])
})

test('T2: one that somebody waits for takes with it all that came before', async () => {
  const { h, frames, store } = await silent()
  const { tell } = h.ref(Sensor, 's')
  for (const text of ['a', 'b', 'c']) {
    tell.read(text)
    await h.settle()
  }
  assert.deepEqual(frames, [1])
  const delivered = h.ref(Desk, 'd').deliver.note()
  await h.settle()
  await delivered
  assert.deepEqual(frames.slice(0, 2), [1, 3])
  const kinds = recordsOf(store).map(({ kind }) => kind)
  const { event, accept, turn } = RecordKind
  assert.deepEqual(kinds.slice(-4), [event, event, accept, turn])
})

test('F1: what a handler threw is recorded at once, with what led to it', async () => {
  const { h, frames } = await silent()
  const { tell } = h.ref(Sensor, 's')
  for (const text of ['a', 'b']) {
    tell.read(text)
    await h.settle()
  }
  tell.fail()
  await h.settle()
  assert.deepEqual(frames, [1, 3])
})

test('S2: who waits for quiet waits for no gathering', async () => {
  const { h, frames } = await silent()
  const { tell } = h.ref(Sensor, 's')
  tell.read('a')
  await h.settle()
  tell.read('b')
  const quiet = h.peer.pump.calm('quiet')
  await h.settle()
  await quiet
  assert.deepEqual(frames, [1, 1])
})

test('S2: a thread that ends keeps nothing', async () => {
  const { h, frames } = await silent()
  const { tell } = h.ref(Sensor, 's')
  tell.read('a')
  await h.settle()
  tell.read('b')
  await h.settle()
  assert.deepEqual(frames, [1])
  h.peer.flushAll()
  await h.settle()
  assert.deepEqual(frames, [1, 1])
})

test('D5: records that were lost with a failed commit are written again, as they were', async (t) => {
  const { h, store } = await silent()
  failOnce(t, store)
  const { tell } = h.ref(Sensor, 's')
  const texts = Array.from({ length: 30 }, (_, n) => `reading ${n} ${'x'.repeat(n * 100)}`)
  for (const text of texts) tell.read(text)
  await h.advance(10_000)
  const payloads = recordsOf(store).flatMap(({ parts }) =>
    parts.flatMap((part) => (part.kind === PartKind.message ? (part.message.payload ?? []) : [])),
  )
  assert.deepEqual(payloads.map((bytes) => decodeValue(bytes)).slice(1), texts)
})

/** The next commit does not happen. */
function failOnce(t: TestContext, store: ReturnType<typeof openMemoryStore>): void {
  const commit = store.commit
  let failed = 0
  store.commit = (frames) => {
    if (failed++ > 0) return commit(frames)
    throw new Error('no such disk')
  }
  t.after(() => assert.ok(failed > 1))
}
