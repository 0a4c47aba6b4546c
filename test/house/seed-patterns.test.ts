/** Holds test/seed-patterns.md to its list: every pattern has its row, and every test that it names exists. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingTests, namedTests } from './named-tests.ts'
import { read } from './repository.ts'

/** A short name for every pattern of the list that the project started from, in its order. */
const patterns = [
  'stage-cache',
  'ttl-cache',
  'query-normaliser',
  'bus-match',
  'message-history',
  'task-graph',
  'priority-queue',
  'event-loop',
  'validator',
  'rate-limiter',
  'sql-tool',
  'api-tool',
  'backups',
  'tracing',
  'histogram',
  'e-commerce',
  'support-agent',
] as const

interface Row {
  readonly key: string
  readonly trap: string
  readonly works: readonly string[]
  readonly noTrap: readonly string[]
}

const rows = readRows()

test('seed patterns: every pattern has its row, in order, with a trap and proofs of both', () => {
  assert.deepEqual(
    rows.map(({ key }) => key),
    patterns,
  )
  for (const { key, trap, works, noTrap } of rows) {
    assert.match(trap, /^[A-Z`].{10,}\.$/, key)
    for (const proof of [...works, ...noTrap]) {
      assert.match(proof, /^(`test\/\S+\.test\.ts: [^`]{3,}`|later: .{10,})$/, key)
    }
  }
})

test('seed patterns: every test that a row names exists in the file that it names', () => {
  const named = namedTests(read('test/seed-patterns.md'))
  assert.ok(named.length > 2 * patterns.length)
  assert.deepEqual(missingTests(named), [])
})

function readRows(): Row[] {
  return read('test/seed-patterns.md')
    .split('\n')
    .filter((line) => /^\| (?!key )[a-z][a-z-]* \|/.test(line))
    .map((line) => {
      const [key = '', trap = '', works = '', noTrap = ''] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
      return { key, trap, works: works.split('<br>'), noTrap: noTrap.split('<br>') }
    })
}
