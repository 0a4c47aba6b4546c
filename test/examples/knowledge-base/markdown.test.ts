import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMarkdown } from '../../../examples/knowledge-base/ingest/markdown.ts'

const sections = (text: string) =>
  readMarkdown(text).map(({ headings, startLine, text }) => [headings.join(' > '), startLine, text])

test('ATX headings nest by level, and a deeper one ends with the next shallower one', () => {
  const text = '# A\na\n### C\nc\n## B ##\nb\n###### F\nf'
  assert.deepEqual(sections(text), [
    ['A', 2, 'a'],
    ['A > C', 4, 'c'],
    ['A > B', 6, 'b'],
    ['A > B > F', 8, 'f'],
  ])
})

test('setext headings are headings; a rule under a list, a table or nothing is not', () => {
  assert.deepEqual(sections('Title\n=====\nx\n\nSub\ntitle\n---\ny'), [
    ['Title', 3, 'x'],
    ['Title > Sub title', 8, 'y'],
  ])
  assert.equal(readMarkdown('- item\n---\ntext')[0]?.headings.length, 0)
  assert.equal(readMarkdown('\n---\n\ntext')[0]?.headings.length, 0)
  assert.equal(readMarkdown('| a | b |\n---\ntext')[0]?.headings.length, 0)
})

test('what looks like a heading inside a fence is code, and the fence is one block', () => {
  const text = '# A\n```sh\n# not a heading\n\n## nor this\n```\nafter'
  assert.deepEqual(
    readMarkdown(text).map(({ atomic, startLine, headings }) => [atomic, startLine, headings]),
    [
      [true, 2, ['A']],
      [false, 7, ['A']],
    ],
  )
})

test('a fence closes only by its own sign and length; an open one runs to the end', () => {
  assert.equal(readMarkdown('````\n```\n# x\n~~~~\n````\n# B\nb').at(-1)?.headings[0], 'B')
  assert.deepEqual(sections('~~~\n# x\n\n# y'), [['', 1, '~~~\n# x\n\n# y']])
  assert.equal(readMarkdown('```inline``` code\n# B\nb').at(-1)?.headings[0], 'B')
})

test('a fence indented in a list is still a fence', () => {
  assert.equal(readMarkdown('- item\n\n      ```\n# x\n      ```\ntext').at(-1)?.headings.length, 0)
})

test('front matter is no text, and its title is the outermost heading', () => {
  assert.deepEqual(sections('---\ntitle: "The guide"\ntags: [a]\n---\nhello\n# A\na'), [
    ['The guide', 5, 'hello'],
    ['The guide > A', 7, 'a'],
  ])
})

test('a document that begins with a rule has no front matter', () => {
  assert.deepEqual(sections('---\ntext'), [['', 1, '---\ntext']])
})

test('comments hide headings and text, and keep the line numbers', () => {
  assert.deepEqual(sections('<!--\n# hidden\n-->\n# A\na'), [['A', 5, 'a']])
})

test('two sections of one name stay two sections', () => {
  const [first, second] = readMarkdown('# A\none\n# A\ntwo')
  assert.notEqual(first?.section, second?.section)
})

test('headings are plain text', () => {
  const [block] = readMarkdown('## [`.add()`](#add) *now* <br> &amp; \\* snake_case\nx')
  assert.deepEqual(block?.headings, ['.add() now & * snake_case'])
})
