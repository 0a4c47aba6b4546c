/** Holds the table of codes, its documentation, the exports and the source that raises them equal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes, TroupeError } from '../../mailbox/errors.ts'
import { publicModule } from './entries.ts'
import { read, rooms, sourcesIn } from './repository.ts'

interface Row {
  readonly code: string
  readonly disposition: string
  readonly when: string
  readonly advice: string
}

test('errors: docs/errors.md lists exactly the codes of the table, with their disposition', () => {
  const documented = documentedCodes().map(({ code, disposition }) => [code, disposition])
  const declared = Object.entries(errorCodes).map(([code, entry]) => [code, entry.disposition])
  assert.deepEqual(documented, declared)
})

test('errors: the table is in alphabetical order', () => {
  const codes = Object.keys(errorCodes)
  assert.deepEqual(codes, codes.toSorted())
})

test('errors: every code is documented with when it happens and what to do', () => {
  for (const { code, when, advice } of documentedCodes()) {
    assert.match(when, /^[`A-Z].{10,}\.$/, `${code}: when`)
    assert.match(advice, /^[`A-Z].{10,}\.$/, `${code}: what to do`)
  }
})

for (const entry of ['.', './contract']) {
  test(`errors: "${entry}" exports the table and the class themselves`, async () => {
    const module = await publicModule(entry)
    assert.equal(module['errorCodes'], errorCodes)
    assert.equal(module['TroupeError'], TroupeError)
  })
}

test('errors: every code is raised somewhere', () => {
  const source = [...sourcesIn(rooms).values()].join('\n')
  const unused = Object.keys(errorCodes).filter((code) => !source.includes(`'${code}'`))
  assert.deepEqual(unused, [])
})

function documentedCodes(): Row[] {
  const [, table = ''] = read('docs/errors.md').split('\n## Codes\n')
  return table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [code = '', disposition = '', when = '', advice = ''] = cells(line)
      return { code: code.replaceAll('`', ''), disposition, when, advice }
    })
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}
