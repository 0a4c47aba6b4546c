/** Holds test/regressions.md to its list: every line is there, every test that it names exists. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesIn, read } from './repository.ts'
import { titlesIn } from './test-titles.ts'

/** A short name for every line of the list that the project started from, in its order. */
const lines = [
  'stash-survives',
  'stash-replay-ends',
  'full-is-an-answer',
  'never-shed',
  'restart-budget',
  'failed-construction',
  'no-busy-spin',
  'pending-survives-restart',
  'no-starvation',
  'subscriber-kept',
  'one-at-a-time',
  'after-snapshot',
  'during-snapshot',
  'compaction',
  'crash-loop',
  'schedules',
  'restored-snapshot',
  'slow-write',
  'consumption-resumes',
  'backlog-at-boot',
  'commit-first',
  'suspended-resumes',
  'no-module-state',
  'parallel-steps',
  'comparable-values',
  'cancel-stops-billing',
  'cut-stream',
  'no-copied-conversation',
  'approval-pending',
] as const

interface Row {
  readonly key: string
  readonly promise: string
  readonly source: string
  readonly proofs: readonly string[]
}

const rows = readRows()

test('regressions: every line of the list has its row, in order', () => {
  assert.equal(lines.length, 29)
  assert.deepEqual(
    rows.map(({ key }) => key),
    lines,
  )
})

test('regressions: every row has a promise, a source and a proof', () => {
  for (const { key, promise, source, proofs } of rows) {
    assert.match(promise, /^[A-Z].{20,}\.$/, key)
    assert.match(source, /\w/, key)
    assert.ok(proofs.length > 0, key)
    for (const proof of proofs) assert.match(proof, /^(`[^`]{10,}`|issue [35]: .{10,})$/, key)
  }
})

test('regressions: every test that a row names exists', () => {
  const titles = filesIn(['test'], '.ts').flatMap((path) => titlesIn(path, read(path)))
  const named = rows.flatMap(({ proofs }) => proofs.filter((proof) => proof.startsWith('`')))
  const missing = named
    .map((proof) => proof.slice(1, -1))
    .filter((title) => !titles.some((one) => one.includes(title)))
  assert.deepEqual(missing, [])
})

test('regressions: titles are read from calls of test and of a suite’s helper, whatever their quotes', () => {
  const text = [
    `test('one', () => {})`,
    ['test(`two of ', '{three}`, {}, async () => {})'].join('$'),
    `describe("four", () => { it('five', () => {}) })`,
    `other('six')`,
    `promise('six and a half', ({ store }) => {})`,
    `// test('seven')`,
    `await t.test('eight', () => {})`,
  ].join('\n')
  assert.deepEqual(titlesIn('a.test.ts', text), [
    'one',
    'two of …',
    'four',
    'five',
    'six and a half',
    'eight',
  ])
})

function readRows(): Row[] {
  return read('test/regressions.md')
    .split('\n')
    .filter((line) => /^\| (?!key )[a-z][a-z-]* \|/.test(line))
    .map((line) => {
      const [key = '', promise = '', source = '', proof = ''] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
      return { key, promise, source, proofs: proof.split('<br>') }
    })
}
