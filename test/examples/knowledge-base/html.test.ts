import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sentencesOf } from '../../../actors/agents/extractive/sentences.ts'
import { readHtml } from '../../../examples/knowledge-base/ingest/html.ts'
import { htmlTokens } from '../../../examples/knowledge-base/ingest/html-tokens.ts'

const sections = (html: string) =>
  readHtml(html).map(({ headings, startLine, text }) => [headings.join(' > '), startLine, text])

test('headings, paragraphs and their lines are found', () => {
  const html =
    '<!doctype html>\n<title>Guide</title>\n<h1>A &amp; B</h1>\n<p>one\ntwo</p>\n\n<h2\nid="x">C</h2>\n<p>three'
  assert.deepEqual(sections(html), [
    ['Guide > A & B', 4, 'one\ntwo'],
    ['Guide > A & B > C', 9, 'three'],
  ])
})

test('what no reader sees is no text', () => {
  const html =
    '<script>if (a < b) "<p>no</p>"</script><style>p{}</style><!-- <p>no</p> --><p>yes</p>'
  assert.deepEqual(sections(html), [['', 1, 'yes']])
})

test('a > inside a quoted attribute does not end the tag', () => {
  assert.deepEqual(sections('<p title="a > b" data-x=\'>\'>text</p>'), [['', 1, 'text']])
})

test('text that Markdown would read stays what it was', () => {
  const [block] = readHtml('<p>2 * 3 * 4 and &lt;b&gt; and snake_case and [x](y) &amp;lt;</p>')
  assert.deepEqual(
    sentencesOf(block?.text ?? '').map(({ text }) => text),
    ['2 * 3 * 4 and <b> and snake_case and [x](y) &lt;'],
  )
})

test('code is code: pre is a fence, and never a sentence', () => {
  const [block] = readHtml('<pre># no heading\n- no item</pre>')
  assert.equal(block?.atomic, true)
  assert.deepEqual(sentencesOf(block?.text ?? ''), [])
  assert.equal(readHtml('<p>Call <code>a_b_c</code> twice.</p>')[0]?.text, 'Call `a_b_c` twice.')
})

test('paragraphs on one line are two sentences of that line', () => {
  const texts = readHtml('<ul><li>One thing<li>Another thing</ul>').map(({ text }) => text)
  assert.deepEqual(texts, ['- One thing', '- Another thing'])
})

test('every character is in one token, in order, whatever the input', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '"',
    "'",
    '=',
    '/',
    '!',
    '--',
    'p',
    'script',
    ' ',
    '\n',
    'é',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const html = pieces.join('')
      assert.equal([...htmlTokens(html)].map(({ source }) => source).join(''), html)
    }),
  )
})
