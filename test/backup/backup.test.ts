/** Backups as a library: what is in one, what verification finds, and what comes back. */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sumOf } from '../../persistence/backup/files.ts'
import {
  pruneBackups,
  restoreBackup,
  takeBackup,
  verifyBackup,
  verifyBackups,
} from '../../persistence/backup/index.ts'
import {
  filesOf,
  type Manifest,
  readManifest,
  writeManifest,
} from '../../persistence/backup/manifest.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import { PartFlag, RecordKind } from '../../persistence/record.ts'
import type { SegmentBuilder } from '../../persistence/segment.ts'
import { connect } from '../../persistence/sqlite/connection.ts'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import type { Store } from '../../persistence/store.ts'
import { code } from '../durable/support.ts'
import { withFolderAsync } from '../persistence/temp.ts'
import { archive, script, worldOf, write } from './history.ts'

const start = Date.parse('2026-01-01T00:00:00Z')

interface Place {
  readonly file: string
  readonly backups: string
  readonly store: Store
  /** Wall time in ms of the store. */
  readonly clock: { now: number }
}

/** A store with the small history, committed in frames of four, a second apart. */
async function withStore(body: (place: Place) => Promise<void>): Promise<void> {
  await withFolderAsync(async (folder) => {
    const file = join(folder, 'a.db')
    const clock = { now: start }
    const now = (): number => {
      clock.now += 1_000
      return clock.now
    }
    const store = openSqliteStore(file, { now })
    const records = script()
    const half = records.length - 20
    write(store, records.slice(0, half), 4)
    await archive(store, file)
    write(store, records.slice(half), 4)
    try {
      await body({ file, backups: join(folder, 'backups'), store, clock })
    } finally {
      store.close()
    }
  })
}

/** The world after the first records, made from nothing. */
function oracle(count: number): unknown {
  const store = openMemoryStore({ now: () => start })
  write(store, script().slice(0, count), 1)
  return worldOf(store)
}

test('D7: a backup beside its writer verifies, and its manifest says what is in it', () =>
  withStore(async ({ file, backups, store }) => {
    const manifest = await takeBackup(file, backups, { now: () => start })
    assert.equal(manifest.position, store.position)
    assert.deepEqual(manifest.problems, [])
    assert.equal(manifest.time, '2026-01-01T00:00:00.000Z')
    const { pending, timers } = store.stats()
    assert.deepEqual(
      { ...manifest.counts },
      { records: store.position, actors: 3, snapshots: 1, pending, timers, steps: 0 },
    )
    const verdict = await verifyBackup(backups, manifest.name)
    assert.deepEqual(verdict.problems, [])
    assert.ok(verdict.ok)
  }))

test('D7: a snapshot of an actor that never wrote a book verifies like its records', () =>
  withFolderAsync(async (folder) => {
    const file = join(folder, 'a.db')
    const store = openSqliteStore(file)
    const emptyMeta = (): unknown => ({ children: {} })
    write(store, script(), 4)
    await archive(store, file, { emptyMeta })
    const { problems, counts } = await takeBackup(file, join(folder, 'backups'), { emptyMeta })
    assert.deepEqual(problems, [])
    assert.equal(counts.snapshots, 1)
    store.close()
  }))

test('D6: a backup under write load has everything that was acknowledged when it was asked for', () =>
  withFolderAsync(async (folder) => {
    const file = join(folder, 'a.db')
    const store = openSqliteStore(file)
    const records = Array.from({ length: 60 }, () => big)
    write(store, records, 10)
    const acknowledged = store.position
    let during = 0
    const manifest = await takeBackup(file, join(folder, 'backups'), {
      // A commit between any two steps: a copy that started over each time would never end.
      progress: ({ phase }) => {
        if (phase !== 'copy') return
        write(store, [big], 1)
        during += 1
      },
    })
    assert.ok(during > 1, `the copy took ${during} steps`)
    assert.ok(manifest.position >= acknowledged)
    assert.ok(store.position > manifest.position)
    assert.ok((await verifyBackup(join(folder, 'backups'), manifest.name)).ok)
    store.close()
  }))

test('D10: a store that lost acknowledged records gives no backup', () =>
  withStore(async ({ file, backups, store }) => {
    store.close()
    const old = `${file}-old`
    copyFileSync(file, old)
    const again = openSqliteStore(file, { now: () => start })
    write(again, [script()[1] ?? assert.fail()], 1)
    again.close()
    copyFileSync(old, file)
    await assert.rejects(takeBackup(file, backups), code('STORE_TAIL_LOST'))
    assert.deepEqual(readdirSync(backups), [])
  }))

test('D4: verification finds a flipped bit and names the actor it hit', () =>
  withStore(async ({ file, backups }) => {
    const { name } = await takeBackup(file, backups)
    flipBody(join(backups, `${name}.db`), 3)
    const { ok, problems } = await verifyBackup(backups, name)
    assert.equal(ok, false)
    assert.match(problems.join('\n'), /SHA-256 differs/)
    assert.match(problems.join('\n'), /record 3 of account\/alice/)
    await assert.rejects(restoreBackup(backups, join(backups, 'new.db')), code('BACKUP_DAMAGED'))
    assert.ok(!existsSync(join(backups, 'new.db')))
  }))

test('D4: a flipped bit anywhere in any file of a backup is found', () =>
  withStore(async ({ file, backups }) => {
    const { name } = await takeBackup(file, backups)
    for (const suffix of ['db', 'states', 'json']) {
      const path = join(backups, `${name}.${suffix}`)
      const bytes = readFileSync(path)
      for (let i = 0; i < 20; i += 1) {
        const at = Math.floor((bytes.length * i) / 20)
        bytes[at] = (bytes[at] ?? 0) ^ 1
        writeFileSync(path, bytes)
        const verdict = await verifyBackup(backups, name, { depth: 'checksums' })
        assert.equal(verdict.ok, false, `${suffix} at ${at}`)
        bytes[at] = (bytes[at] ?? 0) ^ 1
      }
      writeFileSync(path, bytes)
    }
    assert.ok((await verifyBackup(backups, name)).ok)
  }))

test('D4: verification folds every actor: a note that is wrong although all checksums are right is found', () =>
  withStore(async ({ file, backups }) => {
    const { name } = await takeBackup(file, backups)
    const paths = filesOf(backups, name)
    const manifest = readManifest(backups, name)
    const lines = readFileSync(paths.states, 'utf8').trimEnd().split('\n')
    const column = (at: number, value: string): string[] =>
      lines.map((line, i) => (i === 0 ? line.split(' ').with(at, value).join(' ') : line))
    const forged: readonly (readonly [readonly string[], RegExp])[] = [
      [column(4, '0'.repeat(64)), /does not fold to the state that was noted/],
      [column(1, '1'), /ends at record \d+, 1 was noted/],
      [column(2, '9'), /ends at record/],
      [column(5, 'account/nobody'), /is where account\/nobody was noted/],
      [lines.slice(0, -1), /was not noted/],
      [[...lines, '99 1 1 0 - account/ghost'], /account\/ghost was noted and is not there/],
    ]
    const noted = async (
      states: readonly string[],
      changes: Partial<Manifest>,
    ): Promise<string> => {
      writeFileSync(paths.states, `${states.join('\n')}\n`)
      const files = { ...manifest.files, states: await sumOf(paths.states) }
      writeFileSync(paths.manifest, writeManifest({ ...manifest, files, ...changes }))
      return (await verifyBackup(backups, name)).problems.join('\n')
    }
    for (const [states, problem] of forged) assert.match(await noted(states, {}), problem)
    assert.match(await noted(lines, { position: 1 }), /its position is \d+, 1 was noted/)
    assert.match(await noted(lines, { store: 'another' }), /its store is .*, another was noted/)
    const counts = { ...manifest.counts, pending: 99 }
    assert.match(await noted(lines, { counts }), /number of pending is \d+, 99 was noted/)
    assert.equal(await noted(lines, {}), '')
  }))

test('D4: a snapshot that is wrong although its checksum is right is found', () =>
  withStore(async ({ file, backups, store }) => {
    const [snapshot] = store.snapshots('account/alice')
    assert.ok(snapshot)
    const state = { ...(decodeValue(snapshot.state) as object), born: 2 }
    store.writeSnapshot({ ...snapshot, state: encodeValue(state) }, 0)
    const manifest = await takeBackup(file, backups)
    assert.match(manifest.problems.join('\n'), /account\/alice: its newest snapshot is not/)
    const { ok } = await verifyBackup(backups, manifest.name)
    assert.equal(ok, false)
  }))

test('D7: every prefix of a history restores to what that prefix folds to', () =>
  withStore(async ({ file, backups, store }) => {
    await takeBackup(file, backups)
    const end = store.position
    const positions = [...Array.from({ length: 30 }, (_, i) => i + 1), 54, 55, 56, 57, 60, end - 1]
    for (const at of positions) {
      const target = `${file}-${at}`
      const restored = await restoreBackup(backups, target, { at })
      assert.equal(restored.position, at)
      const cut = openSqliteStore(target, { now: () => start })
      assert.deepEqual(worldOf(cut), oracle(at), `cut at ${at}`)
      // Later positions are gone: they are given out again.
      write(cut, [script()[1] ?? assert.fail()], 1)
      assert.equal(cut.position, at + 1)
      cut.close()
    }
  }))

test('D7: a backup restores to its end, and to a time', () =>
  withStore(async ({ file, backups, store }) => {
    await takeBackup(file, backups, { now: () => start + 3_600_000 })
    await restoreBackup(backups, `${file}-all`)
    const all = openSqliteStore(`${file}-all`, { now: () => start })
    assert.deepEqual(worldOf(all), worldOf(store))
    all.close()
    // Frames of four, a second apart: the third was committed at 3 s.
    const restored = await restoreBackup(backups, `${file}-until`, { until: start + 3_999 })
    assert.equal(restored.position, 12)
    const later = restoreBackup(backups, `${file}-later`, { until: start + 7_200_000 })
    await assert.rejects(later, code('BACKUP_MISSING'))
    const before = restoreBackup(backups, `${file}-before`, { until: start })
    await assert.rejects(before, code('BACKUP_MISSING'))
  }))

test('D7: a restore to a position takes the first backup that has it, of the newest one’s store', () =>
  withStore(async ({ file, backups, store, clock }) => {
    const first = await takeBackup(file, backups, { now: () => clock.now })
    write(store, [script()[1] ?? assert.fail()], 1)
    const second = await takeBackup(file, backups, { now: () => clock.now })
    const at = (position: number) => restoreBackup(backups, `${file}-${position}`, { at: position })
    assert.equal((await at(first.position)).backup, first.name)
    assert.equal((await at(second.position)).backup, second.name)
    await assert.rejects(at(second.position + 1), code('BACKUP_MISSING'))
  }))

test('D10: a restore overwrites nothing, and what lies about from the lost store does not matter', () =>
  withStore(async ({ file, backups, store }) => {
    await takeBackup(file, backups)
    await assert.rejects(restoreBackup(backups, file), code('STORE_EXISTS'))
    const target = join(backups, 'new.db')
    for (const left of ['-wal', '-shm', '-hand-3']) {
      writeFileSync(target + left, 'old')
      await assert.rejects(restoreBackup(backups, target), code('STORE_EXISTS'))
      rmSync(target + left)
    }
    // The lost store was farther on than the backup.
    write(store, [script()[1] ?? assert.fail()], 1)
    copyFileSync(`${file}-tail`, `${target}-tail`)
    const restored = await restoreBackup(backups, target)
    const opened = openSqliteStore(target)
    assert.equal(opened.position, restored.position)
    opened.close()
    assert.notEqual(restored.storeId, idOf(file))
  }))

test('D7: prune counts backups that verify, and without enough of them removes nothing', () =>
  withStore(async ({ file, backups }) => {
    const names: string[] = []
    for (let day = 0; day < 4; day += 1) {
      names.push((await takeBackup(file, backups, { now: () => start + day * 86_400_000 })).name)
    }
    const [a = '', b = '', c = '', d = ''] = names
    flipBody(join(backups, `${d}.db`), 3)
    flipBody(join(backups, `${b}.db`), 3)
    assert.deepEqual(await pruneBackups(backups, 3), { kept: [c, a], bad: [d, b], removed: [] })
    // An unfinished one older than what is kept goes, too.
    writeFileSync(join(backups, `${a}.partial-1.db`), '')
    assert.deepEqual(await pruneBackups(backups, 1), { kept: [c], bad: [d], removed: [a, b] })
    assert.deepEqual(
      readdirSync(backups).filter((one) => !one.startsWith(c) && !one.startsWith(d)),
      [],
    )
    flipBody(join(backups, `${c}.db`), 3)
    assert.deepEqual(await pruneBackups(backups, 1), { kept: [], bad: [d, c], removed: [] })
  }))

test('D7: a backup that is cancelled leaves nothing', () =>
  withStore(async ({ file, backups }) => {
    for (const phase of ['copy', 'records', 'states']) {
      const abort = new AbortController()
      const backup = takeBackup(file, backups, {
        signal: abort.signal,
        progress: (progress) => {
          if (progress.phase === phase) abort.abort()
        },
      })
      await assert.rejects(backup, code('CANCELLED'))
      assert.deepEqual(readdirSync(backups), [])
    }
    for (const folder of [backups, join(backups, 'nowhere')]) {
      await assert.rejects(async () => {
        for await (const _ of verifyBackups(folder)) assert.fail()
      }, code('BACKUP_MISSING'))
    }
  }))

/** A record of 100 kB. */
function big(build: SegmentBuilder): void {
  build.record({ kind: RecordKind.accept, time: 1 })
  const payload = encodeValue('x'.repeat(100_000))
  build.message({ to: 'account/alice', name: 'add', lane: 3, flags: PartFlag.durable, payload })
}

/** Flips one bit of what a record says, beneath every checksum. */
function flipBody(path: string, position: number): void {
  const connection = connect(path)
  const [at, body] = connection
    .prepare(
      'SELECT position, body FROM segments WHERE position <= ? ORDER BY position DESC LIMIT 1',
    )
    .get(position) ?? [0]
  const bytes = new Uint8Array(body as Uint8Array)
  // Padding is in every turn: a bit of the first one.
  const found = Buffer.from(bytes).indexOf('xxxx')
  bytes[found] = (bytes[found] ?? 0) ^ 1
  connection.prepare('UPDATE segments SET body = ? WHERE position = ?').run(bytes, at ?? 0)
  connection.close()
}

function idOf(file: string): string {
  const connection = connect(file, { readonly: true })
  const id = connection.prepare("SELECT value FROM meta WHERE key = 'id'").get()?.[0]
  connection.close()
  return String(id)
}
