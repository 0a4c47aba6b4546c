import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import {
  defaultQuestion,
  indexPath,
  type Places,
  parseArguments,
} from '../../../examples/knowledge-base/cli/arguments.ts'
import { progress } from '../../../examples/knowledge-base/cli/progress.ts'
import { renderReport } from '../../../examples/knowledge-base/cli/render.ts'
import { run } from '../../../examples/knowledge-base/cli/run.ts'
import { agentTable } from '../../../examples/knowledge-base/cli/table.ts'

let home: string
let places: Places
before(() => {
  home = mkdtempSync(join(tmpdir(), 'troupe-kb-cli-'))
  mkdirSync(join(home, 'me/a/b'), { recursive: true })
  mkdirSync(join(home, 'x'))
  writeFileSync(join(home, 'me/file.md'), '# File')
  places = { cwd: join(home, 'me'), project: resolve('/project') }
})
after(() => rmSync(home, { recursive: true }))

const parse = (...argv: readonly string[]) => parseArguments(argv, places)

test('without arguments the project answers the default question', () => {
  const { question, folder, store, workers } = parse()
  assert.equal(question, defaultQuestion)
  assert.deepEqual(folder, { base: resolve('/project'), entries: ['README.md', 'docs'] })
  assert.equal(store, join(home, 'me/.troupe/knowledge-base.db'))
  assert.equal(workers, 1)
})

test('a folder below the user is cited from there, another one from itself', () => {
  assert.deepEqual(parse('--docs', 'a/b').folder, { base: join(home, 'me'), entries: ['a/b'] })
  assert.deepEqual(parse('--docs', '.').folder, { base: join(home, 'me'), entries: ['.'] })
  assert.deepEqual(parse('--docs=../x').folder, { base: join(home, 'x'), entries: ['.'] })
})

test('options are taken in any order, and 0 workers is a number of workers', () => {
  const { question, workers, store } = parse('--workers', '0', 'Why?', '--store', 'x.db')
  assert.deepEqual([question, workers, store], ['Why?', 0, join(home, 'me/x.db')])
  assert.equal(indexPath(store), join(home, 'me/x.index.db'))
  assert.equal(indexPath('/a/store'), '/a/store.index.db')
})

test('each mistake is an error that says what to do', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--worker', '2'], /Unknown option '--worker'; npm start -- --help/],
    [['--model', 'gpt'], /--model must be extractive or bedrock:ID, .* got "gpt"/],
    [['--workers', 'many'], /--workers must be an integer from 0 to 64, got "many"/],
    [['--workers', '65'], /from 0 to 64/],
    [['--workers'], /--workers <value>' argument missing/],
    [['--docs'], /--docs <value>' argument missing/],
    [['--docs='], /--docs expects a path/],
    [['--workers', '-1'], /'--workers' argument is ambiguous; npm start -- --help lists/],
    [['--docs', 'nowhere'], /--docs must name a folder to read, got "nowhere": it is not there/],
    [['--docs', 'file.md'], /got "file.md": it is no folder/],
    [['What', 'is', 'it?'], /quotes: npm start -- "What is it\?"/],
    [['?!'], /expected a question, got "\?!"/],
  ]
  for (const [argv, message] of cases) {
    assert.throws(() => parse(...argv), { code: 'OPTION_INVALID', message }, argv.join(' '))
    assert.throws(
      () => parse(...argv),
      ({ message }: Error) => !message.includes('\n'),
    )
  }
})

test('a mistake ends the command with one line and exit code 2, before anything is begun', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--docs', 'nowhere'], /"nowhere": it is not there \[OPTION_INVALID\]$/],
    [
      ['--store', 'no/such/kb.db'],
      /--store: the folder .*no\/such is not there and cannot be made/,
    ],
    [['--store', '/proc/troupe-no-such-folder/kb.db'], /cannot be made \(E[A-Z]+\); make it first/],
  ]
  for (const [argv, message] of cases) {
    const { output, written } = recorder(false)
    const terminal = { stdout: output, stderr: output, interrupt: new AbortController().signal }
    assert.equal(await run(argv, terminal, places), 2, argv.join(' '))
    assert.equal(written.length, 1)
    assert.match(written[0]?.trimEnd() ?? '', message)
  }
})

function recorder(isTTY: boolean) {
  const written: string[] = []
  return { written, output: { isTTY, columns: 60, write: (text: string) => written.push(text) } }
}

test('a terminal gets one line, drawn over only when it changes', () => {
  const { written, output } = recorder(true)
  const bar = progress(output, 'Reading')
  for (const done of [0, 5, 5, 10]) bar.update(done, 10)
  bar.done()
  assert.equal(written.length, 4)
  assert.equal(written.at(-2), `\r\u001b[2KReading ${'█'.repeat(24)} 10/10`)
  assert.equal(written.at(-1), '\n')
})

test('a log gets at most eleven lines, however many files there are', () => {
  const { written, output } = recorder(false)
  const lines = progress(output, 'Reading')
  for (let done = 0; done <= 10_000; done++) lines.update(done, 10_000)
  lines.done()
  assert.equal(written.length, 11)
  assert.equal(written.at(-1), 'Reading 10000/10000\n')
})

test('the table aligns names to the left and numbers to the right', () => {
  const row = { slot: 1, messages: 3, queueWaitMs: 0.123, handlingMs: 1234.5 }
  assert.equal(
    agentTable([
      { agent: 'decompose', ...row },
      { agent: 'reason', ...row, slot: -1, queueWaitMs: null },
    ]),
    'agent      host    messages  queue wait  handling time\n' +
      'decompose  host 1         3     0.12 ms        1235 ms\n' +
      'reason     main           3           –        1235 ms',
  )
})

test('skipped files are named, and many are counted', () => {
  const skip = (path: string) =>
    ({ kind: 'skipped', path, reason: 'too large', detail: '9 bytes' }) as const
  const skipped = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(skip)
  const report = renderReport({ indexed: 1, unchanged: 2, removed: 3, skipped })
  assert.match(
    report,
    /^1 files read, 2 unchanged, 3 removed, 7 skipped\n {2}skipped a: too large \(9 bytes\)/,
  )
  assert.match(report, /and 2 more$/)
})
