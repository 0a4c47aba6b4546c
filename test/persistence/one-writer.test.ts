/** D10: one writer, many readers, and a store that knows when its tail is gone. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TroupeError } from '../../mailbox/errors.ts'
import { isDamage } from '../../persistence/decode.ts'
import { connect } from '../../persistence/sqlite/connection.ts'
import { openSqliteReader, openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import { readTail } from '../../persistence/sqlite/tail-file.ts'
import { fromSources } from '../house/from-sources.ts'
import { Writer } from './frames.ts'
import { withFolder, withFolderAsync } from './temp.ts'

const a = 'account/a'

function code(expected: string): (error: unknown) => boolean {
  return (error) => error instanceof TroupeError && error.code === expected
}

/** A store with `records` records in it, closed. */
function make(file: string, records: number): void {
  const store = openSqliteStore(file)
  const writer = new Writer(store)
  for (let i = 0; i < records; i += 1) {
    writer.accept(a, `m${i}`)
    writer.commit()
  }
  store.close()
}

test('D10: a second writer in the same process is refused at once, also by another name', () => {
  withFolder((folder) => {
    const file = join(folder, 's.db')
    const store = openSqliteStore(file)
    symlinkSync(file, join(folder, 'alias.db'))
    assert.throws(() => openSqliteStore(file), code('STORE_LOCKED'))
    assert.throws(() => openSqliteStore(join(folder, 'alias.db')), code('STORE_LOCKED'))
    store.close()
    openSqliteStore(file).close()
  })
})

test('D10: a writer in another process is refused; the lock dies with its process', async () => {
  await withFolderAsync(async (folder) => {
    const file = join(folder, 's.db')
    const module = new URL('../../persistence/sqlite/sqlite-store.ts', import.meta.url).href
    const script = `import { openSqliteStore } from ${JSON.stringify(module)}
      globalThis.store = openSqliteStore(${JSON.stringify(file)})
      console.log('open')
      setInterval(() => {}, 1e6)`
    const child = spawn(process.execPath, [...fromSources, '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    assert.throws(() => openSqliteStore(file), code('STORE_LOCKED'))
    child.kill('SIGKILL')
    await once(child, 'exit')
    openSqliteStore(file).close()
  })
})

test('D10: readers read beside the writer and see what is committed', () => {
  withFolder((folder) => {
    const file = join(folder, 's.db')
    const store = openSqliteStore(file)
    const readers = [openSqliteReader(file), openSqliteReader(file)]
    const writer = new Writer(store)
    writer.accept(a, 'one')
    writer.commit()
    for (const { history } of readers) {
      assert.equal(history.position, 1)
      const record = history.record(1)
      assert.ok(record !== undefined && !isDamage(record))
    }
    for (const reader of readers) reader.close()
    store.close()
  })
})

test('D10: a store whose WAL was deleted says what it lost, and opens on request', () => {
  withFolder((folder) => {
    const file = join(folder, 's.db')
    make(file, 2)
    const store = openSqliteStore(file)
    const writer = new Writer(store)
    for (let i = 0; i < 3; i += 1) writer.accept(a, `lost ${i}`)
    writer.commit()
    // As a power failure and a careless hand would leave it: the process gone, the WAL deleted.
    const crashed = join(folder, 'crashed.db')
    copyFileSync(file, crashed)
    copyFileSync(`${file}-tail`, `${crashed}-tail`)
    store.close()
    assert.throws(
      () => openSqliteStore(crashed),
      (error) => {
        assert.ok(error instanceof TroupeError)
        assert.equal(error.code, 'STORE_TAIL_LOST')
        assert.deepEqual([error.fields['position'], error.fields['acknowledged']], [2, 5])
        return true
      },
    )
    const accepted = openSqliteStore(crashed, { acceptLoss: true })
    assert.equal(accepted.position, 2)
    new Writer(accepted, 2).accept(a, 'x')
    accepted.close()
  })
})

test('D10: once a loss is accepted and records were written, the store opens as usual again', () => {
  withFolder((folder) => {
    const file = join(folder, 's.db')
    make(file, 5)
    const old = join(folder, 'old.db')
    make(old, 1)
    rmSync(file)
    assert.throws(() => openSqliteStore(file), code('STORE_TAIL_LOST'), 'a missing file, too')
    openSqliteStore(file, { acceptLoss: true }).close()
    openSqliteStore(file).close()
  })
})

test('D10: an old copy put in place of the store is noticed; another store is not', () => {
  withFolder((folder) => {
    const file = join(folder, 's.db')
    make(file, 2)
    copyFileSync(file, join(folder, 'old.db'))
    const store = openSqliteStore(file)
    const writer = new Writer(store)
    writer.accept(a, 'newer')
    writer.commit()
    store.close()
    copyFileSync(join(folder, 'old.db'), file)
    assert.throws(() => openSqliteStore(file), code('STORE_TAIL_LOST'))
    make(join(folder, 'other.db'), 1)
    copyFileSync(join(folder, 'other.db'), file)
    openSqliteStore(file).close()
  })
})

test('D10: a torn tail file falls back to the mark before', () => {
  withFolder((folder) => {
    const file = join(folder, 's.db')
    make(file, 4)
    const bytes = readFileSync(`${file}-tail`)
    const newest = readTail(file)
    assert.equal(newest?.position, 4)
    const at = bytes.readDoubleLE(48) === 4 ? 48 : 112
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    writeFileSync(`${file}-tail`, bytes)
    assert.equal(readTail(file)?.position, 3)
    openSqliteStore(file).close()
  })
})

test('D9: a newer store is refused and left as it is, byte for byte', () => {
  withFolder((folder) => {
    const file = join(folder, 's.db')
    make(file, 1)
    const connection = connect(file)
    connection.exec('PRAGMA user_version = 999')
    connection.pragma('wal_checkpoint(TRUNCATE)')
    connection.close()
    const before = readFileSync(file)
    assert.throws(() => openSqliteStore(file), code('STORE_NEWER'))
    assert.throws(() => openSqliteReader(file), code('STORE_NEWER'))
    assert.deepEqual(readFileSync(file), before)
  })
})

test('a file that is no store is refused and left alone', () => {
  withFolder((folder) => {
    const file = join(folder, 'notes.txt')
    writeFileSync(file, 'not a database, but somebody needs it'.repeat(10))
    assert.throws(() => openSqliteStore(file), code('STORE_CORRUPT'))
    const other = join(folder, 'other.db')
    const connection = connect(other)
    connection.exec('CREATE TABLE somebody_elses (x)')
    connection.close()
    assert.throws(() => openSqliteStore(other), code('STORE_CORRUPT'))
  })
})
