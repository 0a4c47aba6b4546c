/** Backups of a running system: on request, by the clock, and at its end. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { emptyBook } from '../../actors/cell/book.ts'
import { restoreBackup, verifyBackup } from '../../persistence/backup/index.ts'
import { code } from '../durable/support.ts'
import bank, { Account } from './bank.app.ts'
import { eventOf, folderOf, systemOf } from './support.ts'

for (const workers of [0, 1]) {
  test(`D6: a backup of a busy system has what was acknowledged before it, workers: ${workers}`, async (t) => {
    const folder = folderOf(t)
    const system = await systemOf(t, bank, { store: join(folder, 'a.db'), workers })
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
    const depositToAll = () =>
      Promise.all(keys.map((key) => system.ref(Account, key).ask.deposit({ amount: 1 })))
    for (let i = 0; i < 5; i += 1) await depositToAll()
    let isOver = false
    const backup = system.backup(join(folder, 'backups')).finally(() => {
      isOver = true
    })
    while (!isOver) await depositToAll()
    const { name, problems } = await backup
    assert.deepEqual(problems, [])
    assert.ok((await verifyBackup(join(folder, 'backups'), name, { emptyMeta: emptyBook })).ok)
    const store = join(folder, 'restored.db')
    await restoreBackup(join(folder, 'backups'), store, { emptyMeta: emptyBook })
    const restored = await systemOf(t, bank, { store, workers: 0 })
    for (const key of keys) {
      assert.ok((await restored.ref(Account, key).ask.balance()) >= 5, key)
    }
    assert.equal((await system.health()).backup.last?.name, name)
  })
}

test('D7: backups by the clock are told of, and older ones are removed', async (t) => {
  const folder = folderOf(t)
  const dir = join(folder, 'backups')
  const system = await systemOf(t, bank, {
    store: join(folder, 'a.db'),
    workers: 0,
    backup: { dir, every: 1, keep: 2 },
  })
  const removed: string[] = []
  const names: string[] = []
  await system.ref(Account, 'alice').ask.deposit({ amount: 1 })
  while (removed.length < 2) {
    const done = await eventOf(system, 'backup-finished')
    names.push(done.name)
    removed.push(...done.removed)
  }
  await system.close()
  const kept = readdirSync(dir).filter((file) => /Z-\d+\.json$/.test(file))
  assert.ok(kept.length >= 2)
  assert.ok(removed.every((name) => !existsSync(join(dir, `${name}.db`))))
  assert.deepEqual(names, names.toSorted())
})

test('D7: a backup by the clock that fails is told of, and stands in health', async (t) => {
  const folder = folderOf(t)
  const dir = join(folder, 'a.db', 'below a file')
  const system = await systemOf(t, bank, {
    store: join(folder, 'a.db'),
    workers: 0,
    backup: { dir, every: 1 },
  })
  const { error } = await eventOf(system, 'backup-failed')
  assert.match(String(error), /STORE_READONLY/)
  assert.match((await system.health()).backup.error ?? '', /STORE_READONLY/)
})

for (const workers of [0, 1]) {
  test(`S2: the end of a system cancels its backup, workers: ${workers}`, async (t) => {
    const folder = folderOf(t)
    const dir = join(folder, 'backups')
    const system = await systemOf(t, bank, { store: join(folder, 'a.db'), workers })
    await system.ref(Account, 'alice').ask.deposit({ amount: 1 })
    let closing: Promise<unknown> | undefined
    const backup = system.backup(dir, {
      progress: () => {
        closing ??= system.close()
      },
    })
    const second = system.backup(dir)
    await assert.rejects(second, code('SYSTEM_CLOSED'))
    // On its own thread it may have been done before it heard.
    await backup.catch(code('SYSTEM_CLOSED'))
    await closing
    assert.ok(
      !existsSync(join(folder, 'a.db-wal')),
      'the log is cleared away: nobody reads the file',
    )
  })
}

test('D7: a backup needs a store in a file, and its options are checked', async (t) => {
  const folder = folderOf(t)
  const system = await systemOf(t, bank, { store: 'memory', workers: 0 })
  await assert.rejects(system.backup(folder), code('OPTION_INVALID'))
  const plan = systemOf(t, bank, { store: 'memory', workers: 0, backup: { dir: folder } })
  await assert.rejects(plan, code('OPTION_INVALID'))
  const wrong = { dir: folder, evry: 5 } as { dir: string }
  const misspelt = systemOf(t, bank, { store: join(folder, 'a.db'), workers: 0, backup: wrong })
  await assert.rejects(misspelt, /did you mean "every"/)
  const other = await systemOf(t, bank, { store: join(folder, 'b.db'), workers: 0 })
  const abort = new AbortController()
  abort.abort()
  await assert.rejects(other.backup(folder, { signal: abort.signal }), code('CANCELLED'))
})
