/** Holds docs/security.md to its tests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingTests, namedTests } from './named-tests.ts'
import { read } from './repository.ts'

test('docs/security.md: every line on what is refused names a test that exists', () => {
  const page = read('docs/security.md')
  const tables = page.split(/^## /m).filter((section) => section.includes('| test |'))
  const lines = tables.flatMap((section) =>
    section.split('\n').filter((line) => /^\| (?!what is refused)[^-]/.test(line)),
  )
  assert.ok(lines.length > 15, `${lines.length} lines`)
  for (const line of lines) assert.notEqual(namedTests(line).length, 0, line)
  assert.deepEqual(missingTests(namedTests(page)), [])
})
