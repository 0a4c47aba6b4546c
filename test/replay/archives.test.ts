/** What retention took out of a store is read together with it. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readArchive, writeArchive } from '../../persistence/archive-file.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { stateAt } from '../../persistence/replay/state-at.ts'
import { openSqliteReader, openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import { temporaryFolder, writeBank } from './bank.ts'
import { jsonLines, troupe } from './cli.ts'

interface Retained {
  readonly folder: string
  /** As it was before. */
  readonly whole: string
  /** After retention took out all that nothing needs. */
  readonly file: string
  readonly archive: string
}

/** A bank whose history was taken out, in two files; beside a copy from before. */
async function retained(t: TestContext): Promise<Retained> {
  const folder = temporaryFolder(t)
  const [whole, file, archive] = ['whole.db', 'bank.db', 'archive'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  await writeBank(file)
  const reader = openSqliteReader(file)
  const segments = [...reader.history.segments(1, reader.history.position)]
  const half = Math.ceil(segments.length / 2)
  assert.ok(half > 2)
  const stored = segments.filter((one) => 'position' in one)
  const texts = reader.medium
  const old = stored.slice(0, -1)
  // Every second one first: as retention finds some needed that a later run does not.
  for (const part of [old.filter((_, i) => i % 2 === 0), old.filter((_, i) => i % 2 === 1)]) {
    writeArchive(archive, reader.medium.storeId, part, texts)
  }
  reader.close()
  await (await import('node:fs/promises')).copyFile(file, whole)
  const store = openSqliteStore(file)
  store.dropSegments(
    old.map(({ position }) => position),
    stored.at(-1)?.position ?? 1,
  )
  store.close()
  return { folder, whole, file, archive }
}

test('R4, D7: with its archive a store tells its whole history, in order', async (t) => {
  const { file, whole, archive } = await retained(t)
  const ask = async (...args: string[]) => jsonLines((await troupe(args)).stdout)
  const all = await ask('history', whole, '--json')
  assert.ok((await ask('history', file, '--json')).length < all.length)
  assert.deepEqual(await ask('history', file, '--archive', archive, '--json'), all)
  for (const filter of [
    ['--actor', 'account/alice'],
    ['--failed'],
    ['--first', '3', '--last', '6'],
    ['--text', 'salary'],
    ['--cause', 'gift-1'],
  ]) {
    const found = await ask('history', file, '--archive', archive, '--json', ...filter)
    assert.deepEqual(found, await ask('history', whole, '--json', ...filter), filter.join(' '))
  }
})

test('R4: states, blame, steps and a rerun reach into the archive', async (t) => {
  const { file, whole, archive } = await retained(t)
  const [a, b] = [openRecording(file, { archive }), openRecording(whole)]
  t.after(() => [a, b].forEach(({ close }) => void close()))
  for (let position = 1; position <= b.reader.position; position += 1) {
    for (const actor of ['account/alice', 'account/bob']) {
      assert.deepEqual(
        stateAt(a.reader, actor, { position }),
        stateAt(b.reader, actor, { position }),
      )
    }
  }
  for (const args of [
    ['state', 'FILE', 'account/alice', '--at', 't1'],
    ['state', 'FILE', 'account/alice', '--blame', 'entries[0].memo'],
    ['step', 'FILE', '--at', '3'],
    ['rerun', 'FILE'],
  ]) {
    const [x, y] = await Promise.all([
      troupe([...args.map((arg) => (arg === 'FILE' ? file : arg)), '--archive', archive], {
        input: 'n\ns\n',
      }),
      troupe(
        args.map((arg) => (arg === 'FILE' ? whole : arg)),
        { input: 'n\ns\n' },
      ),
    ])
    assert.deepEqual(x, y, args.join(' '))
  }
})

test('diff: either side may have an archive, and is the same with it', async (t) => {
  const { file, whole, archive } = await retained(t)
  const codes = [
    await troupe(['diff', file, whole]),
    await troupe(['diff', file, whole, '--archive', archive]),
    await troupe(['diff', whole, file, '--archive-b', archive]),
    await troupe(['diff', file, file, '--archive', archive, '--archive-b', archive]),
    await troupe(['diff', whole, file, '--archive', archive]),
  ].map(({ code }) => code)
  assert.deepEqual(codes, [3, 0, 0, 0, 3])
})

test('history: what retention took out is imported again with the archive, and refused without', async (t) => {
  const { folder, file, whole, archive } = await retained(t)
  const [partly, all, copy] = ['partly', 'all', 'copy.db'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(partly, (await troupe(['history', file, '--export'])).stdout)
  const refused = await troupe(['history', copy, '--import', partly])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /export it with --archive/)
  assert.ok(!existsSync(copy))
  writeFileSync(all, (await troupe(['history', file, '--archive', archive, '--export'])).stdout)
  assert.equal((await troupe(['history', copy, '--import', all])).code, 0)
  assert.equal((await troupe(['diff', whole, copy])).code, 0)
})

test('D4: an archive that cannot be read is damage in its range; the rest is shown', async (t) => {
  const { file, archive } = await retained(t)
  const [name] = readdirSync(archive).sort()
  writeFileSync(join(archive, name as string), 'no zstd')
  const { code, stdout } = await troupe(['history', file, '--archive', archive])
  assert.equal(code, 1)
  assert.match(stdout, /damaged .*is no archive/)
  assert.ok(stdout.includes('account/bob'))
})

test('archive: a folder that is none, or of another store, is told', async (t) => {
  const { folder, file, archive } = await retained(t)
  const history = (dir: string) => troupe(['history', file, '--archive', dir])
  assert.match((await history(join(folder, 'gone'))).stderr, /gone is no folder/)
  assert.match((await history(folder)).stderr, /holds no archive/)
  const [name] = readdirSync(archive)
  const { segments } = readArchive(join(archive, name as string))
  const texts = { address: () => 'a/b', name: () => 'n' }
  const other = join(folder, 'other')
  writeArchive(other, 'another store', segments, texts)
  const { code, stderr } = await history(other)
  assert.equal(code, 2)
  assert.match(stderr, /taken out of another store/)
})
