/**
 * D9, D4: a store of format 1, as it was written once, is read and goes on, for ever. When this fails,
 * the code is wrong, not the file.
 */
import assert from 'node:assert/strict'
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { emptyBook } from '../../actors/cell/book.ts'
import { readArchive } from '../../persistence/archive-file.ts'
import { restoreBackup, verifyBackup } from '../../persistence/backup/index.ts'
import { importFile } from '../../persistence/replay/import-file.ts'
import { readSuspects } from '../../persistence/suspects-file.ts'
import { code, Gate, settled } from '../durable/support.ts'
import { sqliteEngine, World } from '../durable/world.ts'
import { Account, actorsOf, type Outside } from './format-1.ts'
import { type Told, tellStore } from './tell-store.ts'

const golden = fileURLToPath(new URL('../fixtures/stores/format-1/', import.meta.url))
const expected = JSON.parse(readFileSync(join(golden, 'expected.json'), 'utf8')) as Told
const name = readdirSync(golden)
  .find((file) => file.endsWith('.states'))
  ?.slice(0, -'.states'.length) as string

/** A copy to write to, with what lay beside the store. */
function copyOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'store.db')
  copyFileSync(join(golden, `${name}.db`), file)
  for (const side of ['store.db-tail', 'store.db-suspects']) {
    copyFileSync(join(golden, side), join(folder, side))
  }
  return file
}

test('D9: format 1: its history, states, waiting work, timers and subscriptions read as they were', async (t) => {
  const told = await tellStore(copyOf(t))
  assert.deepEqual(told.actors, expected.actors)
  assert.deepEqual(JSON.parse(JSON.stringify(told.history)), expected.history)
  assert.equal(told.position, expected.position)
})

test('D9: format 1: its backup verifies, and is restored to any position', async (t) => {
  const verdict = await verifyBackup(golden, name, { emptyMeta: emptyBook })
  assert.deepEqual([verdict.ok, verdict.problems], [true, []])
  const file = join(copyOf(t), '..', 'cut.db')
  const { position } = await restoreBackup(golden, file, { at: 10, emptyMeta: emptyBook })
  assert.equal(position, 10)
  const cut = await tellStore(file)
  assert.deepEqual(JSON.parse(JSON.stringify(cut.history.slice(1))), expected.history.slice(1, 11))
})

test('D9: format 1: its export, written then, is imported, and says the same again', async (t) => {
  const target = join(copyOf(t), '..', 'imported.db')
  const source = `${target}.ndjson`
  writeFileSync(source, expected.history.map((line) => `${JSON.stringify(line)}\n`).join(''))
  assert.equal(await importFile(source, target), expected.position)
  const told = await tellStore(target)
  assert.deepEqual(JSON.parse(JSON.stringify(told.history)), expected.history)
  assert.deepEqual(told.actors, expected.actors)
})

test('D9: format 1: its archive and its suspects are read', (t) => {
  const [archive] = readdirSync(golden).filter((file) => file.endsWith('.zst'))
  const { header, segments } = readArchive(join(golden, archive as string))
  assert.deepEqual([header.format, header.from, header.to], [1, 1, 4])
  assert.deepEqual(
    segments.map(({ position, count }) => [position, count]),
    [1, 2, 3, 4].map((position) => [position, 1]),
  )
  const [suspect] = readSuspects(copyOf(t))
  assert.equal(suspect?.address, 'account/poisoned')
})

test('D9: format 1: what it left unfinished goes on', async (t) => {
  const file = copyOf(t)
  const engine = sqliteEngine(file)
  t.after(() => engine.close())
  const outside: Outside = { gate: new Gate(), calls: [] }
  outside.gate.open()
  const wall = Date.UTC(2026, 10, 25, 0, 0, 10)
  const w = new World({ actors: actorsOf(outside), engine, wall })
  await w.settle()
  const alice = w.ref(Account, 'alice')
  const seen = async (): ReturnType<typeof alice.ask.see> => await settled(w, alice.ask.see())
  // The payment was begun and not done: its turn is parked in doubt, and nothing is paid twice.
  assert.deepEqual(outside.calls, [])
  const [doubt] = w.letters
  assert.equal(doubt?.envelope.id, 'charge-1')
  assert.ok(code('IN_DOUBT')(doubt?.error))
  const state = await seen()
  assert.equal(state.balance, 50 + 7 + 3)
  assert.deepEqual(state.log.slice(6), ['waiting', 'heard 4'])
  assert.deepEqual(state.kinds.bytes, new Uint8Array([1, 2, 255]))
  assert.equal(state.kinds.big, 12345678901234567890n)
  // Own ids are known: the same gift is not given twice.
  assert.equal(await settled(w, alice.ask.deposit(50, { id: 'gift-1' })), 50)
  await settled(w, alice.ask.release())
  await w.settle()
  // `put` stashes again; what counts is that it came back.
  assert.equal(w.cell('account/alice')?.inbox.stash.size, 1)
  await w.advance(3_600_000)
  assert.deepEqual((await seen()).log.slice(8), ['ring once', 'ring hourly'])
  w.outside.publish('prices.salt', 5)
  await w.settle()
  assert.equal((await seen()).log.at(-1), 'heard 5')
  await settled(w, alice.ask.adopt('second'))
  assert.deepEqual(Object.keys(w.cell('account/alice')?.book.children ?? {}).sort(), [
    'account/alice/junior',
    'account/alice/second',
  ])
  const watcher = await settled(w, w.ref(Account, 'watcher').ask.see())
  assert.deepEqual(watcher.log, ['born watcher', 'ended closed'])
  const closed = await settled(w, w.ref(Account, 'closed').ask.see())
  assert.deepEqual([closed.balance, closed.log], [0, ['born closed']])
  w.assertBalanced()
})
