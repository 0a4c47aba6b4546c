/** D4 through the actor: what cannot be read hurts nobody else, and is never taken for empty. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { ChangesBuilder } from '../../persistence/changes.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { Section } from '../../persistence/record.ts'
import type { Store } from '../../persistence/store.ts'
import { withFolderAsync } from '../persistence/temp.ts'
import { code, Gate, settled } from './support.ts'
import { sqliteEngine, World } from './world.ts'

const Note = contract('note', {
  remind: message<number, void>(),
  add: message<string, void>(),
  all: message<void, string[]>(),
  wait: message<void, void>(),
})

let gate = new Gate()

const note = actor(Note, {
  durable: true,
  state: () => ({ all: [] as string[] }),
  on: {
    add: (ctx, text) => void ctx.state.all.push(text),
    remind: (ctx, every) => ctx.timer('t', { rate: every }, 'add', 'tick'),
    wait: () => gate.pass(),
  },
  reads: { all: (ctx) => ctx.state.all },
})

/** What the store answers an activation with. */
function onLoad(w: World, load: Store['load']): void {
  w.store.loadMany = (ids, limit) => ids.map((id) => load(id, limit))
}

const all = (w: World, key: string): Promise<string[]> => settled(w, w.ref(Note, key).ask.all())

test('D4: exactly the changes after the snapshot are folded, neither none nor twice', async () => {
  const w = new World({ actors: [note] })
  for (const text of ['1', '2', '3']) await settled(w, w.ref(Note, 'a').ask.add(text))
  const two = w.records()[1]
  assert.ok(two)
  w.store.writeSnapshot(
    {
      actor: 'note/a',
      position: two.position,
      turn: 2,
      version: 0,
      state: encodeValue({ all: ['1', '2'] }),
    },
    0,
  )
  const next = w.crash()
  assert.deepEqual(await all(next, 'a'), ['1', '2', '3'])
  await settled(next, next.ref(Note, 'a').ask.add('4'))
  assert.deepEqual(await all(next.crash(), 'a'), ['1', '2', '3', '4'])
})

test('D4: the message that activated an actor survives its failed recovery; others are not affected', async () => {
  const w = new World({ actors: [note] })
  for (const key of ['a', 'b']) await settled(w, w.ref(Note, key).ask.add('1'))
  const next = w.crash()
  const load = next.store.load.bind(next.store)
  let broken = true
  onLoad(next, (id, limit) =>
    broken && id === 'note/a'
      ? { kind: 'damaged', detail: 'record 1 fails its checksum', positions: [1], actor: id }
      : load(id, limit),
  )
  await assert.rejects(settled(next, next.ref(Note, 'a').ask.all()), code('STORE_CORRUPT'))
  await settled(next, next.ref(Note, 'a').deliver.add('2'))
  next.ref(Note, 'a').tell.add('3')
  await next.advance(10_000)
  assert.deepEqual(await all(next, 'b'), ['1'])
  assert.equal(next.accounting('note').pending, 2)
  assert.deepEqual(next.letters, [])
  const event = next.events.find((e) => e.event === 'actor-damaged')
  assert.ok(event?.event === 'actor-damaged' && event.damage.positions[0] === 1)
  broken = false
  await next.advance(60_000)
  assert.deepEqual((await all(next, 'a')).toSorted(), ['1', '2', '3'])
  next.assertBalanced()
})

test('D4: a message that cannot be read is set aside with its bytes, those around it are handled', async () => {
  const w = new World({ actors: [note] })
  gate = new Gate()
  w.ref(Note, 'a').tell.wait()
  await w.settle()
  for (const text of ['1', '2', '3']) await settled(w, w.ref(Note, 'a').deliver.add(text))
  const next = w.crash()
  const load = next.store.load.bind(next.store)
  onLoad(next, (id, limit) => {
    const loaded = load(id, limit)
    if (loaded.kind === 'damaged') return loaded
    const { messages } = loaded.pending
    const bad = messages[1]
    if (bad === undefined) return loaded
    const damaged = [
      {
        kind: 'damaged' as const,
        detail: 'a message fails its checksum',
        positions: [bad.at.position],
        actor: id,
        message: bad.ref,
        name: 'add',
      },
    ]
    return {
      ...loaded,
      pending: { ...loaded.pending, messages: messages.filter((m) => m !== bad), damaged },
    }
  })
  await next.settle()
  assert.deepEqual(await all(next, 'a'), ['1', '3'])
  assert.deepEqual(
    next.letters.map(({ reason, envelope }) => [reason, envelope.name]),
    [['quarantined', 'add']],
  )
  assert.equal(next.store.stats().pending, 0)
  next.assertBalanced()
  const third = next.crash()
  assert.deepEqual(await all(third, 'a'), ['1', '3'])
  assert.deepEqual(third.letters, [], 'once')
})

test('D4: a real file: everything an actor was comes back from it', async () => {
  await withFolderAsync(async (folder) => {
    const engine = sqliteEngine(join(folder, 's.db'))
    try {
      let w = new World({ actors: [note], engine })
      for (let i = 0; i < 30; i += 1) {
        await settled(w, w.ref(Note, `k${i % 3}`).deliver.add(String(i)))
        if (i % 7 === 6) w = w.crash()
      }
      for (const key of [0, 1, 2]) {
        const expected = Array.from({ length: 10 }, (_, i) => String(i * 3 + key))
        assert.deepEqual(await all(w, `k${key}`), expected)
      }
      w.assertBalanced()
    } finally {
      engine.close()
    }
  })
})

test('D4: a change that does not fit its state fails the activation, and is not skipped', async () => {
  const w = new World({ actors: [note] })
  await settled(w, w.ref(Note, 'a').ask.add('1'))
  const next = w.crash()
  const load = next.store.load.bind(next.store)
  onLoad(next, (id, limit) => {
    const loaded = load(id, limit)
    if (loaded.kind === 'damaged') return loaded
    const patch = encodeValue([1, 'no such place', 5])
    const body = Uint8Array.of(Section.patch, patch.length, 0, 0, 0, ...patch)
    const build = new ChangesBuilder()
    build.prepend({ position: loaded.position, turn: 1, version: 1 }, body, 0, body.length)
    return { ...loaded, changes: build.changes }
  })
  await assert.rejects(settled(next, next.ref(Note, 'a').ask.all()), code('STORE_CORRUPT'))
  next.assertBalanced()
})

/** What the archivist does for one actor: folds what is there, and hands it in when it gets to it. */
function fold(w: World, id: string): () => void {
  const position = w.records().findLast(({ actor: of }) => of === id)?.position as number
  const cell = w.cell(id)
  const state = encodeValue(cell?.state)
  const meta = encodeValue(cell?.book)
  const turn = cell?.turnNumber as number
  return () => w.store.writeSnapshot({ actor: id, position, turn, version: 0, state, meta }, 0)
}

test('D7: messages that arrive while a snapshot is written are kept', async () => {
  const w = new World({ actors: [note] })
  await settled(w, w.ref(Note, 'a').ask.add('before'))
  const write = fold(w, 'note/a')
  await settled(w, w.ref(Note, 'a').ask.add('meanwhile'))
  gate = new Gate()
  w.ref(Note, 'a').tell.wait()
  await w.settle()
  await settled(w, w.ref(Note, 'a').deliver.add('waiting'))
  write()
  const next = w.crash()
  await next.settle()
  assert.deepEqual(await all(next, 'a'), ['before', 'meanwhile', 'waiting'])
  next.assertBalanced()
})

test('D7: a restored state is snapshotted again and its timers run on', async () => {
  let w = new World({ actors: [note] })
  await settled(w, w.ref(Note, 'a').ask.remind(1_000))
  const expected: string[] = []
  for (let round = 0; round < 3; round += 1) {
    await settled(w, w.ref(Note, 'a').ask.add(String(round)))
    fold(w, 'note/a')()
    expected.push(String(round))
    w = w.crash()
    await w.advance(1_000)
    expected.push('tick')
    assert.deepEqual(await all(w, 'a'), expected)
  }
  assert.equal(w.store.snapshots('note/a').length, 3)
  w.assertBalanced()
})
