import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from '../../persistence/make-folder.ts'

test('a folder is made with those above it, and one that is there is left as it is', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'troupe-folder-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (let twice = 0; twice < 2; twice += 1) makeFolder(join(root, 'a/b/c'))
  assert.ok(statSync(join(root, 'a/b/c')).isDirectory())
})

test('where no folder can be made that is said at once, and not tried for ever', () => {
  const impossible = process.platform === 'linux' ? '/proc/troupe/a/b' : '/dev/null/a/b'
  assert.throws(() => makeFolder(impossible), { code: /^E[A-Z]+$/ })
})
