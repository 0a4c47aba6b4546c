/** The options `retention` and `archive`, and that the archivist acts on them. */
import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SystemClock } from '../../mailbox/clock.ts'
import { openSqliteReader, openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import { runArchive } from '../../runtime/store/archive.ts'
import type { ToStore } from '../../runtime/store/protocol.ts'
import { StoreService } from '../../runtime/store/store-service.ts'
import { archiveSlot } from '../../runtime/store/upkeep.ts'
import { script, write } from '../backup/history.ts'
import { code } from '../durable/support.ts'
import bank from './bank.app.ts'
import { eventOf, fileOf, folderOf, systemOf } from './support.ts'

test('D7: after a checkpoint the archivist takes out what retention gives up', async (t) => {
  const folder = folderOf(t)
  const file = join(folder, 'a.db')
  const store = openSqliteStore(file)
  const records = script()
  write(store, records, 1)
  const service = new StoreService(store, new SystemClock(), setImmediate, {
    // The test gives the orders.
    checkpointEvery: 1_000_000,
    checkpointAfter: Number.POSITIVE_INFINITY,
  })
  const reader = openSqliteReader(file)
  const archive = join(folder, 'archive')
  let post: (message: ToStore) => void = () => undefined
  let archived: () => void = () => undefined
  const retention = { keepRecords: 0, archive }
  const wire = { post: (message: ToStore) => post(message) }
  const receive = runArchive(reader.medium, wire, retention)
  const say = service.connect(archiveSlot, { post: (message) => receive(message) })
  post = (message) => {
    say(message)
    if (message.kind === 'archived') archived()
  }
  for (let i = 0; i < 3; i += 1) {
    const done = new Promise<void>((resolve) => {
      archived = resolve
    })
    receive({ kind: 'archive', checkpoint: true })
    await done
    write(store, [records[1] ?? assert.fail()], 1)
  }
  assert.ok(store.record(8) === undefined, 'a timer that fired, consumed and behind every snapshot')
  assert.ok(readdirSync(archive).length > 0)
  reader.close()
  service.close()
})

test('D7: retention that fails is told, by event and health, until it goes well again', async (t) => {
  const folder = folderOf(t)
  const archive = join(folder, 'archive')
  writeFileSync(archive, 'a file where the folder should be')
  const system = await systemOf(t, bank, {
    store: join(folder, 'a.db'),
    workers: 0,
    checkpointEvery: 1,
    retention: { keepRecords: 0 },
    archive,
  })
  const failed = eventOf(system, 'upkeep-failed', ({ work }) => work === 'retention')
  // What was published and nobody wanted may go, once three checkpoints are behind it.
  for (let i = 0; i < 12; i += 1) {
    system.publish('news', i)
    await system.quiet()
  }
  const { error } = await failed
  assert.match(String(error), /archive/)
  const health = await system.health()
  assert.equal(health.status, 'upkeep-failing')
  assert.equal(health.upkeep?.work, 'retention')
})

test('D7: retention is checked: what is misspelt keeps nothing by accident', async (t) => {
  const store = fileOf(t)
  const start = (options: object) => systemOf(t, bank, { store, workers: 0, ...options })
  await assert.rejects(start({ archive: './archive' }), code('OPTION_INVALID'))
  await assert.rejects(start({ retention: {} }), code('OPTION_INVALID'))
  await assert.rejects(start({ retention: { keepfor: 5 } }), /did you mean "keepFor"/)
})
