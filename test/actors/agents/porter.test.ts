import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { porterStem } from '../../../actors/agents/extractive/porter.ts'

test('a stem is the one that the index finds by', (context) => {
  const db = new Database(':memory:')
  context.after(() => db.close())
  db.exec("CREATE VIRTUAL TABLE t USING fts5 (word, tokenize='porter unicode61')")
  db.exec("CREATE VIRTUAL TABLE v USING fts5vocab (t, 'instance')")
  const insert = db.prepare('INSERT INTO t (rowid, word) VALUES (?, ?)')
  const words = vocabulary()
  db.transaction(() => words.forEach((word, at) => void insert.run(at + 1, word)))()
  const terms = db.prepare<[], { doc: number; term: string }>('SELECT doc, term FROM v').all()
  const differing = terms.filter(({ doc, term }) => porterStem(words[doc - 1] ?? '') !== term)
  assert.ok(words.length > 1_500)
  assert.deepEqual(differing, [])
})

/** Words of four letters and more; SQLite leaves shorter ones to rules of its own. */
function vocabulary(): readonly string[] {
  const root = new URL('../../../node_modules/', import.meta.url)
  const files = [
    'piscina/README.md',
    'msgpackr/README.md',
    'p-queue/readme.md',
    'fast-check/README.md',
  ]
  const text = files.map((file) => readFileSync(new URL(file, root), 'utf8')).join(' ')
  const hard =
    'relational conditional caresses ponies agreed plastered motoring hopping falling filing happy sky digitizer operator feudalism decisiveness formality adjustable defensible replacement adoption rate cease controller rolling'
  return [...new Set(`${text} ${hard}`.toLowerCase().match(/\b[a-z]{4,}\b/g))]
}
