import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { oneLine, plainText } from '../../../actors/agents/extractive/inline.ts'
import { sentencesOf } from '../../../actors/agents/extractive/sentences.ts'
import { cite } from '../../../examples/knowledge-base/answer/citation.ts'
import { type Block, lineEnds } from '../../../examples/knowledge-base/ingest/block.ts'
import { cutIntoChunks, targetChars } from '../../../examples/knowledge-base/ingest/chunk.ts'
import { readHtml } from '../../../examples/knowledge-base/ingest/html.ts'
import { readMarkdown } from '../../../examples/knowledge-base/ingest/markdown.ts'
import { readPlainText } from '../../../examples/knowledge-base/ingest/plain-text.ts'

const words = fc
  .array(fc.constantFrom('alpha', 'beta', '`co_de`', '**gamma**', '[link](u)', 'd-e', 'ünï'), {
    minLength: 1,
    maxLength: 12,
  })
  .map((list) => list.join(' '))
const sentence = fc.tuple(words, fc.constantFrom('.', '!', '?', ':')).map((parts) => parts.join(''))
const markdownLine = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(sentence, { minLength: 1, maxLength: 4 }).map((s) => s.join(' ')),
  },
  { weight: 2, arbitrary: sentence.map((text) => `- ${text}`) },
  { weight: 1, arbitrary: sentence.map((text) => `> ${text}`) },
  { weight: 1, arbitrary: sentence.map((text) => `| ${text} | cell |`) },
  { weight: 2, arbitrary: fc.constantFrom('', '', '# Head', '### Deep', '---', '```', '<br>') },
  { weight: 1, arbitrary: words.map((text) => `${text} `.repeat(60)) },
)
const markdown = fc.array(markdownLine, { maxLength: 40 }).map((lines) => lines.join('\n'))

test('the cited lines of a Markdown sentence hold the sentence, word for word', () => {
  fc.assert(
    fc.property(markdown, (text) => {
      const lines = text.split('\n')
      for (const chunk of cutIntoChunks(readMarkdown(text))) {
        for (const sentence of sentencesOf(chunk.text)) {
          const cited = lines
            .slice(chunk.startLine - 1 + sentence.firstLine, chunk.startLine + sentence.lastLine)
            .map((line) => line.replace(/^\s*(?:>\s?|[-|]\s)+/, ''))
          assert.ok(
            visible(cited.join('\n')).includes(sentence.text),
            `${sentence.text} in ${cited}`,
          )
        }
      }
    }),
  )
})

test('the cited lines of an HTML sentence hold its words', () => {
  const tags = fc.constantFrom(
    '<p>',
    '</p>',
    '<li>',
    '<h2>x</h2>',
    '<br>',
    '\n',
    '<!-- a\nb -->',
    '<b\n>',
  )
  const html = fc.array(fc.oneof(tags, words), { maxLength: 40 }).map((parts) => parts.join(' '))
  fc.assert(
    fc.property(html, (source) => {
      const lines = source.split('\n')
      for (const chunk of cutIntoChunks(readHtml(source))) {
        for (const { text, firstLine, lastLine } of sentencesOf(chunk.text)) {
          const cited = lines
            .slice(chunk.startLine - 1 + firstLine, chunk.startLine + lastLine)
            .join(' ')
          for (const word of text.split(/[\s|]+/))
            assert.ok(cited.includes(word), `${word} in ${cited}`)
        }
      }
    }),
  )
})

const anyText = fc
  .array(fc.constantFrom('word ', 'x'.repeat(300), '\n', '\n\n', '# h\n', '```\n', '😀', ' '), {
    maxLength: 80,
  })
  .map((parts) => parts.join(''))

test('chunks keep every word of the blocks, in order, and count their lines rightly', () => {
  for (const read of [readMarkdown, readPlainText, readHtml]) {
    fc.assert(
      fc.property(anyText, (text) => {
        const blocks = read(text)
        const chunks = cutIntoChunks(blocks)
        assert.equal(squeezed(chunks), squeezed(blocks))
        for (const chunk of chunks) {
          assert.equal(chunk.startLine + lineEnds(chunk.text), chunk.endLine)
          assert.ok(!/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/.test(chunk.text), 'a pair was parted')
        }
      }),
    )
  }
})

test('a chunk crosses no heading and is no larger than the target, but for a fence', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const fences = readMarkdown(text).filter(({ atomic }) => atomic)
      for (const chunk of cutIntoChunks(readMarkdown(text))) {
        const holdsFence = fences.some(({ startLine }) => startLine === chunk.startLine)
        if (!holdsFence) assert.ok(chunk.text.length <= targetChars, String(chunk.text.length))
        assert.ok(!/^# h$/m.test(chunk.text) || chunk.text.includes('```'))
      }
    }),
  )
})

test('a fence is never cut', () => {
  const code = Array.from({ length: 400 }, (_, line) => `line ${line}`).join('\n')
  const chunks = cutIntoChunks(readMarkdown(`# A\n\`\`\`\n${code}\n\`\`\`\nafter`))
  assert.equal(chunks.length, 2)
  assert.equal(chunks[0]?.text, `\`\`\`\n${code}\n\`\`\``)
})

test('one very long line is cut, and all its chunks cite it', () => {
  const chunks = cutIntoChunks(readMarkdown(`# A\n${'lorem ipsum '.repeat(5_000)}`))
  assert.ok(chunks.length > 50)
  assert.ok(chunks.every(({ startLine, endLine }) => startLine === 2 && endLine === 2))
})

test('a citation names one line or a range', () => {
  assert.equal(cite({ file: 'docs/x.md', startLine: 12, endLine: 18 }), 'docs/x.md:12-18')
  assert.equal(cite({ file: 'docs/x.md', startLine: 12, endLine: 12 }), 'docs/x.md:12')
})

const visible = (lines: string): string => oneLine(plainText(lines))

const squeezed = (pieces: readonly (Block | { readonly text: string })[]): string =>
  pieces.map(({ text }) => text.replace(/\s/g, '')).join('')
