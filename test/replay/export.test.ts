/** A history out and in again: the same records, the same states, the same answers. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import { exportHistory } from '../../persistence/replay/export.ts'
import { importHistory } from '../../persistence/replay/import.ts'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'
import { bytes, PartFlag, RecordFlag, RecordKind, Writer } from '../persistence/frames.ts'
import { Account, temporaryFolder, withBank, writeBank } from './bank.ts'
import { troupe } from './cli.ts'

async function exported(store: string, folder: string): Promise<string> {
  const { code, stdout } = await troupe(['history', store, '--export'])
  assert.equal(code, 0)
  const file = join(folder, 'history.ndjson')
  writeFileSync(file, stdout)
  return file
}

test('export: an imported history gives the same records and states, and a system runs on with it', async (t) => {
  const folder = temporaryFolder(t)
  const store = join(folder, 'bank.db')
  await writeBank(store)
  const copy = join(folder, 'copy.db')
  const { code, stdout } = await troupe([
    'history',
    copy,
    '--import',
    await exported(store, folder),
  ])
  assert.deepEqual([code, stdout], [0, `${copy} holds 12 records\n`])
  const [a, b] = [openSqliteReader(store), openSqliteReader(copy)]
  for (let position = 1; position <= a.history.position; position += 1) {
    assert.deepEqual(b.history.record(position), a.history.record(position))
  }
  assert.equal(b.history.position, a.history.position)
  for (const one of [a, b]) one.close()
  const shown = async (file: string): Promise<string> =>
    (await troupe(['state', file, 'account/alice', '--json'])).stdout
  assert.equal(await shown(copy), await shown(store))
  await withBank(copy, async (system) => {
    const alice = system.ref(Account, 'alice')
    assert.equal(
      await alice.ask.deposit({ amount: 7 }, { id: 'gift-1' }),
      57,
      'its own ids are known',
    )
    assert.equal(await alice.ask.deposit({ amount: 3 }), 30)
  })
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('importing')),
    [],
  )
})

test('export: timers, subscriptions, stashes and dropped duplicates come back as they were', async () => {
  const writer = new Writer(openMemoryStore({ now: () => 5_000 }))
  const { build } = writer
  writer.accept('cell/a', 'first', { ownId: 'one' })
  writer.commit()
  writer.turn('cell/a', { position: 1, index: 0 }, 'patch', RecordFlag.stash)
  build.setTimer({ id: 't', name: 'tick', lane: 3, due: 9_000, every: 100, payload: bytes('p') })
  build.subscribe({ pattern: 'orders.*', name: 'placed', lane: 3 })
  build.message({
    to: 'cell/a',
    name: 'add',
    lane: 3,
    flags: PartFlag.durable,
    ownId: 'one',
    payload: bytes('again'),
  })
  writer.send('cell/b', 'after the duplicate')
  writer.commit()
  build.record({ kind: RecordKind.accept, time: 9_001 })
  build.timerFired({ actor: 'cell/a', id: 't', due: 9_000, next: 9_100 })
  build.message({
    to: 'orders.new',
    name: 'placed',
    lane: 3,
    flags: PartFlag.topic,
    payload: bytes('x'),
  })
  writer.commit()
  const lines = [...exportHistory(writer.store as never)].map((line) => JSON.stringify(line))
  let copy = openMemoryStore()
  await importHistory(lines, {
    open: (now) => {
      copy = openMemoryStore({ now })
      // Looked at afterwards.
      copy.close = () => undefined
      return copy
    },
  })
  const again = [...exportHistory(copy)].map((line) => JSON.stringify(line))
  assert.deepEqual(again, lines)
  for (const actor of ['cell/a', 'cell/b']) {
    assert.deepEqual(copy.load(actor, 10), writer.store.load(actor, 10))
  }
  assert.deepEqual(copy.nextDue(), writer.store.nextDue())
})

test('export: a line that is no record, is missing or does not follow is refused, and nothing is left', async (t) => {
  const folder = temporaryFolder(t)
  const store = join(folder, 'bank.db')
  await writeBank(store)
  const { stdout } = await troupe(['history', store, '--export'])
  const lines = stdout.trimEnd().split('\n')
  const target = join(folder, 'new.db')
  const refused = async (changed: readonly string[], why: RegExp): Promise<void> => {
    const file = join(folder, 'bad.ndjson')
    writeFileSync(file, changed.join('\n'))
    const { code, stderr } = await troupe(['history', target, '--import', file])
    assert.equal(code, 1, stderr)
    assert.match(stderr, why)
    assert.equal(existsSync(target), false)
  }
  await refused([], /line 1 of the export cannot be imported: it is empty/)
  await refused(['{}'], /"troupe" must be a text/)
  await refused(
    lines.toSpliced(0, 1, '{"troupe":"history","version":99,"position":1}'),
    /knows up to 1/,
  )
  await refused(lines.toSpliced(3, 1), /line 4 .*expected record 3, got 4/)
  await refused(lines.slice(0, -1), /ends at record 11, its first line promises 12/)
  await refused(lines.with(2, 'null'), /line 3 .*it is no object/)
  await refused(lines.with(2, '{"position":'), /line 3 /)
  const turn = lines.findIndex((line) => line.includes('"turn":2,'))
  await refused(
    lines.with(turn, (lines[turn] as string).replace('"turn":2,', '"turn":9,')),
    /turn-mismatch/,
  )
  await refused(
    lines.with(1, (lines[1] as string).replace('"kind":1,', '"kind":77,')),
    /"kind" must be one of/,
  )
  assert.match((await troupe(['history', store, '--import', store])).stderr, /STORE_EXISTS/)
  assert.equal((await troupe(['history', target, '--import', join(folder, 'nowhere')])).code, 2)
})
