/** Holds test/seed-patterns.md to its list: every pattern has its row, and every test that it names exists. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { read, root } from './repository.ts'
import { titlesIn } from './test-titles.ts'

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
      assert.match(proof, /^(`test\/\S+\.test\.ts: [^`]{3,}`|issue \d+: .{10,})$/, key)
    }
  }
})

test('seed patterns: every test that a row names exists in the file that it names', () => {
  const proofs = rows.flatMap(({ works, noTrap }) => [...works, ...noTrap])
  const named = proofs.filter((proof) => proof.startsWith('`'))
  assert.ok(named.length > 2 * patterns.length)
  assert.deepEqual(
    named.filter((proof) => !isThere(proof.slice(1, -1))),
    [],
  )
})

function isThere(proof: string): boolean {
  const [, path = '', title = ''] = /^(\S+): (.+)$/.exec(proof) ?? []
  if (!existsSync(join(root, path))) return false
  return titlesIn(path, read(path)).some((one) => one.includes(title))
}

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
