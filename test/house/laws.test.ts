/** Every law of docs/laws.md that is not marked as missing is carried by a test that says its number. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesIn, read } from './repository.ts'

/** The numbers that a law of the page has, in order. */
function lawsOf(page: string): string[] {
  return [...page.matchAll(/^- \*\*([A-Z]\d+)\*\* /gm)].map(([, number = '']) => number)
}

/** What stands before the colon of a title: `D1: ...`, `F1, F2: ...`, `D3 T3: ...`. */
function numbersIn(text: string): string[] {
  const titles = text.matchAll(/\w\(\s*['"`]((?:[A-Z]\d+[, ]{0,2})+): /g)
  return [...titles].flatMap(([, head = '']) => head.match(/[A-Z]\d+/g) ?? [])
}

test('laws: the page lists these, each once', () => {
  const rooms = { T: 6, M: 6, F: 6, D: 10, R: 5, S: 4 }
  const expected = Object.entries(rooms).flatMap(([letter, last]) =>
    Array.from({ length: last }, (_, n) => `${letter}${n + 1}`),
  )
  assert.deepEqual(lawsOf(read('docs/laws.md')), expected)
})

test('laws: each has a test that carries its number', () => {
  const carried = new Set(filesIn(['test'], '.ts').flatMap((path) => numbersIn(read(path))))
  const bare = lawsOf(read('docs/laws.md')).filter((law) => !carried.has(law))
  assert.deepEqual(bare, [])
})

test('laws: numbers are read from the head of a title only', () => {
  const text = [
    `test('D4: any bit flipped', () => {})`,
    `promise("F1, F2: a failure", () => {})`,
    'test(`D3 T3: many turns`, () => {})',
    `test('a test beside D5: nothing', () => {})`,
    `// D6: nothing`,
  ]
  assert.deepEqual(text.map(numbersIn), [['D4'], ['F1', 'F2'], ['D3', 'T3'], [], []])
})
