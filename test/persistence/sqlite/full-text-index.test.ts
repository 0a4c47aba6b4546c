import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { FullTextIndex } from '../../../persistence/sqlite/full-text-index.ts'
import type { IndexedFile } from '../../../persistence/sqlite/full-text-records.ts'
import { applicationId } from '../../../persistence/sqlite/full-text-schema.ts'

const file = (path: string, ...texts: readonly string[]): IndexedFile => ({
  file: { path, size: 1, modifiedMs: 2.5, hash: 'h', note: '' },
  chunks: texts.map((text, at) => ({ startLine: at + 1, endLine: at + 1, headings: ['H'], text })),
})

function memory(context: TestContext): FullTextIndex {
  const index = FullTextIndex.open(':memory:')
  context.after(() => index.close())
  return index
}

function temporaryPath(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'docs.index.db')
}

const ids = (index: FullTextIndex, word: string) =>
  index
    .search([word], 100)
    .map(({ path, ordinal, text }) => `${path}#${ordinal}:${text}`)
    .sort()

test('a file is replaced whole, and removed whole', (context) => {
  const index = memory(context)
  index.replace([file('a', 'one word', 'two word', 'three word'), file('b', 'word')])
  index.replace([file('a', 'new word')])
  assert.deepEqual(ids(index, 'word'), ['a#0:new word', 'b#0:word'])
  assert.deepEqual(ids(index, 'three'), [])
  index.remove(['a', 'unknown'])
  assert.deepEqual(ids(index, 'word'), ['b#0:word'])
  assert.deepEqual(index.count(), { files: 1, chunks: 1 })
})

test('D2: the same input twice leaves the same index, in any order of repeats', (context) => {
  const input = [file('a', 'word x', 'word y'), file('b', 'word z'), file('c')]
  const once = memory(context)
  once.replace(input)
  const expected = once.search(['word'], 10)
  fc.assert(
    fc.property(fc.array(fc.nat(2)), (repeats) => {
      const index = FullTextIndex.open(':memory:')
      try {
        index.replace(input)
        for (const at of repeats) index.replace([input[at] ?? file('c')])
        assert.deepEqual(index.search(['word'], 10), expected)
      } finally {
        index.close()
      }
    }),
    { numRuns: 20 },
  )
})

test('one bad file undoes its whole batch', (context) => {
  const index = memory(context)
  const bad = { ...file('b', 'word'), file: { ...file('b').file, hash: null as unknown as string } }
  assert.throws(() => index.replace([file('a', 'word'), bad]))
  assert.deepEqual(index.count(), { files: 0, chunks: 0 })
})

test('no text is ever read as query syntax', (context) => {
  const index = memory(context)
  index.replace([file('a', 'plain word'), file('b', 'NEAR the OR of')])
  const hostile = fc.array(
    fc.oneof(
      fc.string(),
      fc.constantFrom(
        '"',
        '""',
        '*',
        'a*',
        'NEAR(',
        'body:word',
        '-x',
        '^',
        '(',
        'OR',
        'AND NOT',
        "'",
        '\0',
        'x\0"',
      ),
    ),
  )
  fc.assert(fc.property(hostile, (words) => void index.search(words, 5)))
  assert.deepEqual(ids(index, 'wor*'), [])
  assert.deepEqual(ids(index, 'OR'), ['b#0:NEAR the OR of'])
  assert.deepEqual(ids(index, 'body:word'), [])
})

test('words are found by their stem, without accents, and in headings and path', (context) => {
  const index = memory(context)
  index.replace([file('queue-guide', 'Die Größe of running tasks')])
  for (const word of ['run', 'TASK', 'grosse', 'große', 'h', 'guide', 'queues']) {
    assert.equal(index.search([word], 1).length, word === 'grosse' ? 0 : 1, word)
  }
})

test('without stemming only the word itself is found', (context) => {
  const index = FullTextIndex.open(':memory:', { stemming: false })
  context.after(() => index.close())
  index.replace([file('a', 'running')])
  assert.equal(index.search(['run'], 1).length, 0)
})

test('the better match comes first: rarer words, and words of a heading', (context) => {
  const index = memory(context)
  const chunk = (headings: string[], text: string) => ({ startLine: 1, endLine: 1, headings, text })
  const about = { ...file('x').file }
  index.replace([
    { file: { ...about, path: 'a' }, chunks: [chunk(['Other'], 'the drain of a pool and more')] },
    { file: { ...about, path: 'b' }, chunks: [chunk(['Drain'], 'emitted by the pool and more')] },
    { file: { ...about, path: 'c' }, chunks: [chunk(['Pool'], 'the pool, the pool')] },
  ])
  assert.deepEqual(
    index
      .search(['drain', 'pool'], 3)
      .map(({ path }) => path)
      .slice(0, 2),
    ['b', 'a'],
  )
})

test('D10: readers see what the writer committed, and cannot write', (context) => {
  const path = temporaryPath(context)
  const writer = FullTextIndex.open(path)
  const reader = FullTextIndex.open(path, { readonly: true })
  context.after(() => writer.close())
  context.after(() => reader.close())
  writer.replace([file('a', 'word')])
  assert.deepEqual(ids(reader, 'word'), ['a#0:word'])
  assert.throws(() => reader.replace([file('b', 'word')]))
})

test('another content empties the index, the same keeps it', (context) => {
  const path = temporaryPath(context)
  for (const [content, files] of [
    ['v1', 0],
    ['v1', 1],
    ['v2', 0],
  ] as const) {
    const index = FullTextIndex.open(path, { content })
    assert.equal(index.count().files, files)
    index.replace([file('a', 'word')])
    index.close()
  }
})

test('D9: an index of a newer format is refused and left as it is', (context) => {
  const path = temporaryPath(context)
  const db = new Database(path)
  db.pragma('user_version = 99')
  db.pragma(`application_id = ${applicationId}`)
  db.close()
  assert.throws(() => FullTextIndex.open(path), { code: 'STORE_NEWER' })
  assert.throws(() => FullTextIndex.open(path, { readonly: true }), { code: 'STORE_NEWER' })
})

test('a database of another program is refused, and its tables stay', (context) => {
  const path = temporaryPath(context)
  const db = new Database(path)
  context.after(() => db.close())
  db.exec('CREATE TABLE files (x); INSERT INTO files VALUES (1)')
  assert.throws(() => FullTextIndex.open(path), { code: 'STORE_CORRUPT', message: /another path/ })
  assert.equal(db.prepare('SELECT x FROM files').pluck().get(), 1)
})

test('a file that is no database, and a folder that is not there, are clear errors', (context) => {
  const path = temporaryPath(context)
  writeFileSync(path, 'this is text, and long enough to be no database header at all '.repeat(40))
  assert.throws(() => FullTextIndex.open(path), { code: 'STORE_CORRUPT', message: /delete it/ })
  assert.throws(() => FullTextIndex.open(join(path, 'x.db')), { code: 'STORE_READONLY' })
})
