/** D3 and D7: snapshots and checkpoints made beside the store, and what they cost. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Archivist } from '../../persistence/archivist.ts'
import { changesIn } from '../../persistence/changes.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { isDamage } from '../../persistence/decode.ts'
import { foldChain } from '../../persistence/fold.ts'
import { MemoryMedium, openMemoryStore } from '../../persistence/memory-store.ts'
import { openSqliteReader, openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import type { CheckpointChunk, Store, WrittenSnapshot } from '../../persistence/store.ts'
import type { Damage } from '../../persistence/stored.ts'
import { RecordKind, Writer } from './frames.ts'
import { withFolderAsync } from './temp.ts'

const a = 'account/a'
const b = 'account/b'
const emptyMeta = (): unknown => ({})

/** A turn that sets field `key` of a record state, as the draft would patch it. */
function set(writer: Writer, actor: string, key: string, value: unknown, fresh = false): void {
  const turn = (writer.turns.get(actor) ?? 0) + 1
  writer.turns.set(actor, turn)
  writer.build.record({
    kind: RecordKind.turn,
    time: 1,
    actor,
    turn,
    version: 1,
    name: 'set',
    patch: encodeValue([1, [key, value]]),
    ...(fresh ? { state: encodeValue({}), meta: encodeValue([1, ['born', true]]) } : {}),
  })
}

function fold(store: Store, actor: string): unknown {
  const loaded = store.load(actor, 0)
  if (isDamage(loaded)) assert.fail(loaded.detail)
  const { state, meta } = foldChain(loaded, emptyMeta)
  return { state: state?.value, meta }
}

function inMemory(): { store: Store; medium: MemoryMedium; writer: Writer } {
  const medium = new MemoryMedium()
  const store = openMemoryStore({}, medium)
  return { store, medium, writer: new Writer(store) }
}

test('D4: the fold of a snapshot and the changes after it is the fold of all changes', async () => {
  const { store, medium, writer } = inMemory()
  set(writer, a, 'first', 0, true)
  for (let i = 0; i < 100; i += 1) set(writer, a, `k${i % 7}`, 'x'.repeat(1000) + i)
  writer.commit()
  const whole = fold(store, a)
  const archivist = new Archivist(medium, store, { emptyMeta })
  assert.equal(await archivist.writeSnapshots(), 1)
  assert.equal(store.snapshots(a).length, 1)
  const loaded = store.load(a, 0)
  assert.ok(!isDamage(loaded) && changesIn(loaded.changes).length === 0)
  assert.deepEqual(fold(store, a), whole)
  set(writer, a, 'last', 1)
  writer.commit()
  assert.equal((fold(store, a) as { state: { last: number } }).state.last, 1)
})

test('D3: a turn writes its delta, whatever the size of the state', () => {
  const cost = (size: number): number => {
    const { writer } = inMemory()
    set(writer, a, 'bulk', 'x'.repeat(size), true)
    writer.commit()
    set(writer, a, 'n', 1)
    const frame = writer.frame()
    return frame.directory.length + frame.body.length
  }
  assert.equal(cost(1_000_000), cost(10))
})

test('D3: snapshots together cost no more than a few times what the turns wrote', async () => {
  const { store, medium, writer } = inMemory()
  let snapshotBytes = 0
  let turnBytes = 0
  const counting = {
    writeSnapshots(all: readonly WrittenSnapshot[]) {
      for (const { snapshot } of all) snapshotBytes += snapshot.state.length
      store.writeSnapshots(all)
    },
    writeCheckpoint: (chunk: CheckpointChunk) => store.writeCheckpoint(chunk),
    dropSegments: () => assert.fail('nothing was to be dropped'),
  }
  const archivist = new Archivist(medium, counting, { emptyMeta })
  set(writer, a, 'first', 0, true)
  for (let i = 0; i < 2000; i += 1) {
    set(writer, a, `k${i}`, 'x'.repeat(500))
    const frame = writer.frame()
    turnBytes += frame.directory.length + frame.body.length
    store.commit([frame])
    archivist.catchUp()
    await archivist.writeSnapshots()
  }
  assert.ok(store.snapshots(a).length === 3)
  assert.ok(snapshotBytes < 2 * turnBytes, `${snapshotBytes} for ${turnBytes}`)
  const loaded = store.load(a, 0)
  assert.ok(!isDamage(loaded))
  const sinceSnapshot = changesIn(loaded.changes).reduce(
    (sum, { patch }) => sum + (patch?.length ?? 0),
    0,
  )
  assert.ok(sinceSnapshot <= turnBytes / 2 + 65_536)
})

test('D7: a checkpoint is written in bounded chunks while commits go on, and boot starts from it', async () => {
  await withFolderAsync(async (folder) => {
    const file = join(folder, 's.db')
    let store = openSqliteStore(file)
    const reader = openSqliteReader(file)
    const writer = new Writer(store)
    for (let i = 0; i < 300; i += 1) {
      set(writer, `account/${i}`, 'n', i, true)
      writer.accept(`account/${i}`, `waiting ${i}`)
    }
    writer.commit()
    const chunks: CheckpointChunk[] = []
    const sink = {
      writeSnapshots: (all: readonly WrittenSnapshot[]) => store.writeSnapshots(all),
      writeCheckpoint(chunk: CheckpointChunk) {
        chunks.push(chunk)
        store.writeCheckpoint(chunk)
        set(writer, a, 'n', chunk.part, chunk.part === 0)
        writer.commit()
      },
      dropSegments: () => assert.fail('nothing was to be dropped'),
    }
    const archivist = new Archivist(reader.medium, sink, { emptyMeta, chunkEntries: 64 })
    const position = await archivist.writeCheckpoint()
    assert.equal(position, 600)
    assert.ok(chunks.length >= 9 && chunks.every(({ bytes }) => bytes.length <= 64 * 48))
    assert.deepEqual(chunks.map(({ last }) => last).lastIndexOf(true), chunks.length - 1)
    const end = store.position
    assert.equal(end, 600 + chunks.length)
    const before = store.stats()
    reader.close()
    store.close()
    store = openSqliteStore(file)
    assert.deepEqual(
      { ...store.stats(), resident: 0, bytes: 0 },
      { ...before, resident: 0, bytes: 0 },
    )
    assert.deepEqual(fold(store, a), { state: { n: chunks.length - 1 }, meta: { born: true } })
    store.close()
  })
})

test('D7: the archivist goes on from a checkpoint as from the beginning', async () => {
  const { store, medium, writer } = inMemory()
  const archivist = new Archivist(medium, store, { emptyMeta })
  for (let i = 0; i < 5; i += 1) {
    set(writer, a, 'n', i, i === 0)
    writer.accept(b, `m${i}`)
    writer.commit()
    archivist.catchUp()
    await archivist.writeCheckpoint()
  }
  const fresh = new Archivist(medium, store, { emptyMeta })
  assert.equal(fresh.position, archivist.position)
  await fresh.writeCheckpoint()
  store.reopen()
  assert.equal(store.stats().pending, 5)
  assert.deepEqual(fold(store, a), { state: { n: 4 }, meta: { born: true } })
})

test('a store without waiting work can be checkpointed', async () => {
  const { store, medium } = inMemory()
  const archivist = new Archivist(medium, store)
  assert.equal(await archivist.writeCheckpoint(), 0)
  store.reopen()
  assert.equal(store.position, 0)
})

test('D4: an actor whose records cannot be folded is named, the others get their snapshots', async () => {
  const { store, medium, writer } = inMemory()
  for (const actor of [a, b]) {
    set(writer, actor, 'bulk', '', true)
    set(writer, actor, 'bulk', 'x'.repeat(70_000))
    writer.commit()
  }
  const turn = (writer.turns.get(a) ?? 0) + 1
  const patch = encodeValue([2, [0, 1, []]])
  writer.build.record({
    kind: RecordKind.turn,
    time: 1,
    actor: a,
    turn,
    version: 1,
    name: 'bad',
    patch,
  })
  writer.commit()
  const damages: Damage[] = []
  const onDamage = (damage: Damage): void => void damages.push(damage)
  const archivist = new Archivist(medium, store, { emptyMeta, onDamage })
  assert.equal(await archivist.writeSnapshots(), 1)
  assert.deepEqual(
    damages.map(({ actor, positions }) => [actor, positions]),
    [[a, [5]]],
  )
  assert.equal(store.snapshots(b).length, 1)
  assert.equal(store.snapshots(a).length, 0)
  assert.deepEqual(decodeValue(store.snapshots(b)[0]?.state ?? new Uint8Array(0)), {
    bulk: 'x'.repeat(70_000),
  })
})

test('D7: snapshots that are due together are written in bounded pieces', async () => {
  const { store, medium, writer } = inMemory()
  const pieces: number[] = []
  const sink = {
    writeSnapshots(all: readonly WrittenSnapshot[]) {
      pieces.push(all.length)
      store.writeSnapshots(all)
    },
    writeCheckpoint: () => assert.fail('no checkpoint was asked for'),
    dropSegments: () => assert.fail('nothing was to be dropped'),
  }
  const small = Array.from({ length: 65 }, (_, i) => `account/small-${i}`)
  for (const actor of small) set(writer, actor, 'k', 'x'.repeat(70_000), true)
  const archivist = new Archivist(medium, sink, { emptyMeta })
  store.commit([writer.frame()])
  for (const actor of small)
    for (let i = 0; i < 2; i += 1) set(writer, actor, 'k', 'y'.repeat(70_000))
  for (const actor of small) set(writer, actor, 'k', 'z')
  store.commit([writer.frame()])
  archivist.catchUp()
  assert.equal(await archivist.writeSnapshots(), 65)
  assert.deepEqual(pieces, [64, 1])
  assert.equal(archivist.due, 0)
})
