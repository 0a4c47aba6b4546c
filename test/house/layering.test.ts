/** Holds the rooms apart, and shows on made-up trees that each rule can fail. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layeringViolations } from './layering.ts'
import { manifest, rooms, sourcesIn } from './repository.ts'

const contractEntry = 'actors/index.ts'
const { name: packageName, exports } = manifest()
const entries = Object.keys(exports).map((key) => key.replace('.', packageName))

function violations(files: Record<string, string>): string[] {
  const tree = new Map(Object.entries(files))
  return layeringViolations({ tree, packageName, entries, contractEntry })
}

test('layering: rooms, threads, libraries, proof and examples keep their places', () => {
  const tree = sourcesIn([...rooms, 'bench', 'test', 'examples'])
  assert.deepEqual(layeringViolations({ tree, packageName, entries, contractEntry }), [])
})

test('layering: the patterns load no library, no native code and no thread', () => {
  const tree = sourcesIn([...rooms])
  const entry = 'actors/patterns/index.ts'
  assert.deepEqual(layeringViolations({ tree, packageName, entries, contractEntry: entry }), [])
})

test('layering: an import upwards is found, a type alone included', () => {
  assert.deepEqual(
    violations({
      'mailbox/lane.ts': `import type { Cell } from '../actors/cell.ts'`,
      'actors/cell.ts': `import { lane } from '../mailbox/lane.ts'`,
    }),
    ['mailbox/lane.ts:1: mailbox/ must not import actors/, which stands above it (actors/cell.ts)'],
  )
})

test('layering: a ring of imports within the rooms is found, of types too', () => {
  assert.deepEqual(
    violations({
      'actors/cell.ts': `import { Turn } from './turn.ts'`,
      'actors/turn.ts': `import { send } from './send.ts'`,
      'actors/send.ts': `import type { Cell } from './cell.ts'`,
    }),
    [
      'actors/send.ts:1: a ring of imports: actors/cell.ts imports actors/turn.ts imports actors/send.ts imports actors/cell.ts',
    ],
  )
})

test('layering: a room that imports anything but rooms is found', () => {
  assert.deepEqual(violations({ 'runtime/x.ts': `\nawait import('../test/house/imports.ts')` }), [
    'runtime/x.ts:2: a room imports only rooms, not test/house/imports.ts',
  ])
})

test('layering: proof that is imported from another folder is found', () => {
  assert.deepEqual(
    violations({
      'bench/case.ts': `import { machine } from './machine.ts'\nimport '../test/x.ts'`,
      'test/bench.test.ts': `import '../bench/case.ts'`,
    }),
    [
      'bench/case.ts:2: test/ is proof, nothing imports it (test/x.ts)',
      'test/bench.test.ts:1: bench/ is proof, nothing imports it (bench/case.ts)',
    ],
  )
})

test('layering: an example that reaches behind the public entries is found', () => {
  assert.deepEqual(
    violations({
      'examples/kb/main.ts': [
        `import { createSystem } from 'troupe'`,
        `import { contract } from 'troupe/contract'`,
        `import { app } from './app.ts'`,
        `import { z } from 'zod'`,
        `import { Mailbox } from '../../mailbox/mailbox.ts'`,
        `import { frame } from 'troupe/internal/frame'`,
        `import { other } from '../support/main.ts'`,
      ].join('\n'),
    }).map((line) => line.replace(/;.*/, '')),
    [
      'examples/kb/main.ts:5: an example imports only its own folder and public entries, not mailbox/mailbox.ts',
      'examples/kb/main.ts:6: troupe/internal/frame is no public entry',
      'examples/kb/main.ts:7: an example imports only its own folder and public entries, not examples/support/main.ts',
    ],
  )
})

test('layering: the two sides of a thread that name each other are found', () => {
  assert.deepEqual(
    violations({
      'runtime/host/worker.ts': `import type { Pool } from '../main/pool.ts'`,
      'runtime/main/pool.ts': `new URL('../host/worker.ts', import.meta.url)`,
      'runtime/wire/frame.ts': `import { worker } from '../host/worker.ts'`,
    }).map((line) => line.replace(/;.*/, '')),
    [
      'runtime/host/worker.ts:1: runtime/host/ must not import runtime/main/',
      'runtime/main/pool.ts:1: runtime/main/ must not import runtime/host/',
      'runtime/wire/frame.ts:1: runtime/wire/ must not import runtime/host/',
    ],
  )
})

test('layering: sides that meet through a third module are found', () => {
  assert.deepEqual(
    violations({
      'runtime/host/worker.ts': `import { both } from '../both.ts'`,
      'runtime/both.ts': `import { pool } from './main/pool.ts'`,
      'runtime/main/pool.ts': `import type { both } from '../both.ts'`,
    }),
    [
      'runtime/both.ts: loaded by runtime/host/, it brings runtime/main/pool.ts into the same thread',
      'runtime/main/pool.ts:1: a ring of imports: runtime/both.ts imports runtime/main/pool.ts imports runtime/both.ts',
    ],
  )
})

test('layering: a library without a home, away from home, or with two homes is found', () => {
  assert.deepEqual(
    violations({
      'runtime/a.ts': `import lodash from 'lodash'`,
      'runtime/b.ts': `import { Packr } from 'msgpackr'`,
      'persistence/codec/c.ts': `import { Packr } from 'msgpackr'`,
      'persistence/d.ts': `import type { Packr } from 'msgpackr/pack'`,
      'runtime/e.ts': `import { createSystem } from 'troupe'`,
      'runtime/f.ts': `createRequire(import.meta.url).resolve('troupe/package.json')`,
    }),
    [
      'msgpackr is at home in several folders: runtime, persistence/codec, persistence',
      'runtime/a.ts:1: lodash has no home; list it with its reason',
      'runtime/b.ts:1: msgpackr lives in persistence/',
      'runtime/e.ts:1: a room imports modules by path, not by troupe',
    ],
  )
})

test('layering: what makes the contract entry heavy is found at any depth', () => {
  assert.deepEqual(
    violations({
      'actors/index.ts': `export { contract } from './contract.ts'\nimport type x from 'msgpackr'`,
      'actors/contract.ts': `import { open } from '../persistence/sqlite/open.ts'`,
      'persistence/sqlite/open.ts': [
        `import Database from 'better-sqlite3'`,
        `import { Worker } from 'node:worker_threads'`,
        `import { createHash } from 'node:crypto'`,
        `import type { Statement } from 'better-sqlite3'`,
      ].join('\n'),
    }),
    [
      'actors/index.ts:2: msgpackr lives in persistence/',
      'persistence/sqlite/open.ts:1: loaded by actors/index.ts, so it must not load better-sqlite3',
      'persistence/sqlite/open.ts:2: loaded by actors/index.ts, so it must not load node:worker_threads',
    ],
  )
})
