import assert from 'node:assert/strict'
import { rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { unsettled } from '../../../examples/knowledge-base/ingest/fingerprint.ts'
import {
  contentOf,
  ingestBatch,
  ingestFolder,
  takeInventory,
} from '../../../examples/knowledge-base/ingest/ingest.ts'
import { maxFileBytes, walk } from '../../../examples/knowledge-base/ingest/walk.ts'
import { FullTextIndex } from '../../../persistence/sqlite/full-text-index.ts'
import { temporaryFolder, writeOld } from './temporary-folder.ts'

const now = 2_000_000_000_000

function memoryIndex(context: TestContext): FullTextIndex {
  const index = FullTextIndex.open(':memory:')
  context.after(() => index.close())
  return index
}

const ingest = (index: FullTextIndex, base: string) =>
  ingestFolder(index, { base, entries: ['.'] }, () => now)

const contents = (index: FullTextIndex) =>
  index.paths().map((path) => [path, index.file(path), index.search(['word'], 1_000)])

test('an unchanged folder is not read again, and the index stays as it is', async (context) => {
  const base = temporaryFolder(context, { 'a.md': '# A\nword one', 'b/c.txt': 'word two' })
  const index = memoryIndex(context)
  assert.equal((await ingest(index, base)).indexed, 2)
  const before = contents(index)
  // Had a file been opened, its new content would be seen: size and time are those of before.
  writeOld(base, 'a.md', '# A\nword ONE')
  const again = await ingest(index, base)
  assert.deepEqual([again.indexed, again.unchanged, again.removed], [0, 2, 0])
  assert.deepEqual(contents(index), before)
})

test('a changed file alone is ingested again, a deleted one is forgotten', async (context) => {
  const base = temporaryFolder(context, { 'a.md': 'word a', 'b.md': 'word b', 'c.md': 'word c' })
  const index = memoryIndex(context)
  await ingest(index, base)
  writeOld(base, 'b.md', 'word new', 1_000_000_001)
  rmSync(join(base, 'c.md'))
  const report = await ingest(index, base)
  assert.deepEqual([report.indexed, report.unchanged, report.removed], [1, 1, 1])
  assert.deepEqual(
    index
      .search(['word'], 10)
      .map(({ path, text }) => [path, text])
      .sort(),
    [
      ['a.md', 'word a'],
      ['b.md', 'word new'],
    ],
  )
})

test('a file whose time alone changed is read, compared and not indexed again', async (context) => {
  const base = temporaryFolder(context, { 'a.md': 'word a' })
  const index = memoryIndex(context)
  await ingest(index, base)
  writeOld(base, 'a.md', 'word a', 1_000_000_009)
  const report = await ingest(index, base)
  assert.deepEqual([report.indexed, report.unchanged], [0, 1])
  assert.equal(index.file('a.md')?.modifiedMs, 1_000_000_009_000)
})

test('a time younger than the clock can tell vouches for nothing', async (context) => {
  const base = temporaryFolder(context, { 'a.md': 'word a' })
  const index = memoryIndex(context)
  const justWritten = () => 1_000_000_000_500
  const folder = { base, entries: ['.'] }
  await ingestFolder(index, folder, justWritten)
  assert.equal(index.file('a.md')?.modifiedMs, unsettled)
  writeOld(base, 'a.md', 'word B')
  assert.equal((await ingestFolder(index, folder, justWritten)).indexed, 1)
})

test('D2: a batch that runs twice leaves the index of one that ran once', async (context) => {
  const base = temporaryFolder(context, { 'a.md': '# A\nword\n# B\nword', 'b.md': 'word' })
  const index = memoryIndex(context)
  const { batches } = await takeInventory({ base, entries: ['.'] })
  for (const batch of batches) await ingestBatch(index, base, batch, now)
  const once = contents(index)
  index.touch(
    index.paths().map((path) => ({ ...must(index.file(path)), hash: 'forgotten', modifiedMs: 0 })),
  )
  for (const batch of batches) await ingestBatch(index, base, batch, now)
  assert.deepEqual(contents(index), once)
})

test('what cannot be read is skipped with its reason, now and the next time', async (context) => {
  const base = temporaryFolder(context, {
    'good.md': 'word',
    'empty.md': ' \n\n',
    'binary.md': Uint8Array.from([1, 2, 0, 255, 7, 7]),
    'image.png': 'x',
    'huge.md': '',
  })
  truncateSync(join(base, 'huge.md'), 100 * 1024 * 1024)
  symlinkSync(base, join(base, 'loop'))
  symlinkSync(join(base, 'gone'), join(base, 'dangling.md'))
  const index = memoryIndex(context)
  const expected = {
    'binary.md': 'binary',
    'dangling.md': 'symbolic link',
    'empty.md': 'empty',
    'huge.md': 'too large',
    'image.png': 'no document type',
    loop: 'symbolic link',
  }
  for (const indexed of [1, 0]) {
    const report = await ingest(index, base)
    assert.equal(report.indexed, indexed)
    const reasons = report.skipped.map(({ path, reason }) => [path, reason] as const)
    assert.deepEqual(Object.fromEntries(reasons.toSorted()), expected)
  }
})

test('a file that the system refuses is unreadable, and what was known is forgotten', async (context) => {
  const base = temporaryFolder(context, { 'a.md': 'word' })
  const index = memoryIndex(context)
  await ingest(index, base)
  rmSync(join(base, 'a.md'))
  writeOld(base, 'a.md/inside', 'x')
  const found = { kind: 'file', path: 'a.md', size: 9, modifiedMs: 0 } as const
  const { skipped } = await ingestBatch(index, base, [found], now)
  assert.deepEqual(
    skipped.map(({ reason, detail }) => [reason, detail]),
    [['unreadable', 'EISDIR']],
  )
  assert.deepEqual(index.search(['word'], 1), [])
})

test('a file that vanishes between the walk and the read is skipped', async (context) => {
  const base = temporaryFolder(context, { 'a.md': 'word' })
  const { batches } = await takeInventory({ base, entries: ['.'] })
  rmSync(join(base, 'a.md'))
  const report = await ingestBatch(memoryIndex(context), base, batches[0] ?? [], now)
  assert.deepEqual(
    report.skipped.map(({ reason }) => reason),
    ['not there'],
  )
})

test('a file that grows past the limit after the walk is skipped', async (context) => {
  const base = temporaryFolder(context, { 'a.md': 'word' })
  const { batches } = await takeInventory({ base, entries: ['.'] })
  truncateSync(join(base, 'a.md'), maxFileBytes + 1)
  const report = await ingestBatch(memoryIndex(context), base, batches[0] ?? [], now)
  assert.deepEqual(
    report.skipped.map(({ reason }) => reason),
    ['too large'],
  )
})

test('encodings and line ends: the words and their lines are the same', async (context) => {
  const text = '# Größe\n\nword über\n'
  const base = temporaryFolder(context, {
    'bom.md': `\uFEFF${text}`,
    'crlf.md': text.replaceAll('\n', '\r\n'),
    'cr.md': text.replaceAll('\n', '\r'),
    'latin1.md': Buffer.from(text, 'latin1'),
    'utf16.md': Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
  })
  const index = memoryIndex(context)
  await ingest(index, base)
  const found = index.search(['word'], 10)
  assert.equal(found.length, 5)
  for (const { startLine, headings, text } of found) {
    assert.deepEqual([startLine, headings, text], [3, ['Größe'], 'word über'])
  }
})

test('a walk finds documents in order and passes over hidden and package folders', async (context) => {
  const base = temporaryFolder(context, {
    'b.md': 'x',
    'a/z.txt': 'x',
    'node_modules/p/README.md': 'x',
    '.git/x.md': 'x',
    'UPPER.HTML': 'x',
  })
  const paths: string[] = []
  for await (const { path } of walk({ base, entries: ['.'] })) paths.push(path)
  assert.deepEqual(paths, ['UPPER.HTML', 'a/z.txt', 'b.md'])
})

test('an entry that is not there is said, and the others are read', async (context) => {
  const base = temporaryFolder(context, { 'README.md': 'word' })
  const index = memoryIndex(context)
  const report = await ingestFolder(index, { base, entries: ['README.md', 'docs'] }, () => now)
  assert.deepEqual(
    [report.indexed, report.skipped.map(({ path, reason }) => [path, reason])],
    [1, [['docs', 'not there']]],
  )
})

test('another folder in the same index file starts anew', async (context) => {
  const base = temporaryFolder(context, { 'a.md': 'word' })
  const path = join(base, 'x.index.db')
  const first = FullTextIndex.open(path, { content: contentOf({ base, entries: ['.'] }) })
  await ingest(first, base)
  first.close()
  const second = FullTextIndex.open(path, {
    content: contentOf({ base: '/other', entries: ['.'] }),
  })
  context.after(() => second.close())
  assert.deepEqual(second.count(), { files: 0, chunks: 0 })
})

test('a folder name with odd characters is kept', async (context) => {
  const base = temporaryFolder(context)
  writeFileSync(join(base, 'a b "c" ünï.md'), 'word')
  const index = memoryIndex(context)
  await ingest(index, base)
  assert.deepEqual(index.paths(), ['a b "c" ünï.md'])
})

function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined)
  return value
}
