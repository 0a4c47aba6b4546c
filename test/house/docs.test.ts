/** Every code block of the documentation is compiled, run or read; and each check can fail. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blockProblems, checkedElsewhere, planPages, readPages } from './docs.ts'
import { commandsOf, npmProblem, outputPattern, runPage } from './docs-run.ts'
import { typeChecker } from './docs-types.ts'
import { blocksOf } from './markdown.ts'
import { read } from './repository.ts'

const pages = readPages()
const typeErrors = typeChecker()

test('docs: every code block is of a kind that can be checked', () => {
  const problems = pages.flatMap(({ path }) => blockProblems(blocksOf(path, read(path))))
  assert.deepEqual(problems, [])
})

test('docs: what a page holds in a language of its own is read by the test that is named', () => {
  for (const [language, { test: path }] of Object.entries(checkedElsewhere)) {
    assert.ok(read(path).includes(`'${language}'`), `${path} does not read "${language}" blocks`)
  }
})

test('docs: every module compiles against the public entries', (t) => {
  const errors = typeErrors(pages)
  for (const lines of errors.values()) for (const line of lines) t.diagnostic(line)
  assert.deepEqual([...errors.keys()], [])
})

for (const page of pages.filter(({ steps }) => steps.length > 0)) {
  test(`docs: ${page.path} does what it says`, async () => {
    assert.deepEqual(await runPage(page), [])
  })
}

function pagesFrom(texts: Record<string, string>) {
  const blocks = Object.entries(texts).map(([path, text]) => [path, blocksOf(path, text)] as const)
  return planPages(new Map(blocks))
}

function onlyPage(text: string) {
  const [page] = pagesFrom({ 'docs/made-up.md': text })
  assert.ok(page)
  return page
}

test('docs: fences, attributes, given lines and indents are read', () => {
  const text = [
    '<!-- given',
    'const hidden = 1',
    '-->',
    '',
    '```ts file=a.ts run',
    'hidden',
    '```',
    '- item',
    '  ~~~~sh',
    '  node a.ts',
    '  ~~~~',
  ].join('\n')
  assert.deepEqual(blocksOf('p.md', text), [
    {
      page: 'p.md',
      line: 6,
      language: 'ts',
      attributes: { file: 'a.ts', run: '' },
      given: 'const hidden = 1\n',
      text: 'hidden\n',
    },
    { page: 'p.md', line: 10, language: 'sh', attributes: {}, given: '', text: 'node a.ts\n' },
  ])
  assert.throws(() => blocksOf('p.md', '```ts\n'), /p\.md:1: the fence is never closed/)
})

test('docs: a block that nothing checks is a problem', () => {
  const text =
    '```yaml\n```\n```\n```\n```ts fil=a.ts\n```\n```ts file=a.ts\n```\n```ts file=a.ts\n```'
  assert.deepEqual(blockProblems(blocksOf('p.md', text)), [
    'p.md:2: no check for "yaml" blocks; there are ts, js, sh, json, sql, text, md, mermaid',
    'p.md:4: no check for "" blocks; there are ts, js, sh, json, sql, text, md, mermaid',
    'p.md:6: a ts block has no "fil"',
    'p.md:10: file=a.ts is named twice on this page',
  ])
})

test('docs: a type error is found and named by page and line, across named files', () => {
  const made = pagesFrom({
    'README.md': '```ts file=a.ts\nexport const a = 1\n```',
    'docs/p.md': [
      '```ts',
      `import { a } from './a.ts'`,
      'const unused: number = a',
      'const wrong: string = a',
      '```',
      '<!-- given',
      'const known = 1',
      '-->',
      '```ts',
      'known.length',
      '```',
      '```js',
      '/** @type {string} */ const s = 1',
      '```',
    ].join('\n'),
  })
  const found = [...typeErrors(made)].map(([page, lines]) => [
    page,
    lines.map((line) => line.split(' ').slice(0, 2).join(' ')),
  ])
  assert.deepEqual(found, [
    ['docs/p.md', ['docs/p.md:4: TS2322', 'docs/p.md:10: TS2339', 'docs/p.md:13: TS2322']],
  ])
})

test('docs: programs run, commands run, and outputs are compared', async () => {
  const good = [
    '```ts file=main.ts\nconst n: number = 42\nconsole.log("one")\nconsole.log(n)\n```',
    '```sh\nnode main.ts # comment\n```',
    '```text output\n…\n42\n```',
    '```ts run\nconsole.log(process.argv.length)\n```',
    '```text output\n2\n```',
    '```json\n{ "a": 1 }\n```',
    '```sql\nCREATE TABLE t (a INTEGER) STRICT\n```',
  ].join('\n')
  assert.deepEqual(await runPage(onlyPage(good)), [])
})

test('docs: a program, command, output or data that is wrong is a problem', async () => {
  const bad = [
    '```ts run\nprocess.exit(3)\n```',
    '```sh\nnode nowhere.ts\n```',
    '```sh\ncurl example.org\n```',
    '```sh\nnpm ci && npm run nothing\n```',
    '```ts run\nconsole.log(1)\n```',
    '```text output\n2\n```',
    '```json\n{ a: 1 }\n```',
    '```sql\nSELECT 1 FROM nowhere\n```',
  ].join('\n')
  const problems = await runPage(onlyPage(bad))
  assert.deepEqual(
    problems.map((problem) => problem.split('\n')[0]?.replace(/SyntaxError.*/, 'SyntaxError')),
    [
      'docs/made-up.md:2: ended with 3',
      'docs/made-up.md:5: node nowhere.ts: the page names no file=nowhere.ts',
      'docs/made-up.md:8: curl example.org: no check for "curl"; there are node, npm and npx troupe',
      'docs/made-up.md:11: npm run nothing: package.json has no script "nothing"',
      'docs/made-up.md:17: expected this output',
      'docs/made-up.md:20: SyntaxError',
      'docs/made-up.md:23: SqliteError: no such table: nowhere',
    ],
  )
})

test('docs: commands are split like a shell does, npm is held to package.json', () => {
  assert.deepEqual(commandsOf('npm ci && npm start -- "a b" # c\n\nnode \\\n  x.ts'), [
    ['npm', 'ci'],
    ['npm', 'start', '--', 'a b'],
    ['node', 'x.ts'],
  ])
  assert.equal(npmProblem(['install', 'troupe']), undefined)
  assert.equal(npmProblem(['start', '--', 'nothing']), undefined)
  assert.match(npmProblem(['install', 'tropue']) ?? '', /does not know the package tropue/)
  assert.match(npmProblem(['publish']) ?? '', /no check/)
})

test('docs: an output line of only … stands for any lines, all else is literal', () => {
  assert.match('a\nb\nc', outputPattern('a\n…\nc\n'))
  assert.doesNotMatch('a\nb\nc', outputPattern('a\n.\nc\n'))
})
