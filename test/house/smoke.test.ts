/** The parts of the install smoke test that can be shown without installing anything. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toCommonJs } from './to-commonjs.ts'

test('smoke: a program becomes a CommonJS file that awaits inside a function', () => {
  const source = [
    `import { createSystem } from 'troupe'`,
    `import bank, { Account } from './app.ts'`,
    `import type { Ref } from 'troupe/contract'`,
    `const system: unknown = await createSystem(bank, Account)`,
    `await close(system)`,
  ].join('\n')
  const made = toCommonJs(source)
  assert.match(made, /require\("troupe"\)/)
  assert.match(made, /require\("\.\/app\.ts"\)/)
  assert.doesNotMatch(made, /troupe\/contract|^import /m)
  assert.match(
    made,
    /async function main\(\) \{\n {4}const system = await \(0, troupe_1\.createSystem\)/,
  )
  assert.doesNotThrow(() => new Function(made))
})
