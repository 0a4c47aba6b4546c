import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { oneLine, plainText } from 'troupe/agents'
import { defaultQuestion } from '../../../examples/knowledge-base/cli/arguments.ts'
import { answerOf, project, runExample } from './example-process.ts'
import { temporaryFolder, writeOld } from './temporary-folder.ts'

test("this project's documents answer the default question, sentence by sentence with sources", async (context) => {
  const store = join(temporaryFolder(context), 'kb.db')
  const { code, stdout, stderr } = await runExample([], store)
  assert.equal(code, 0, stderr)
  const [answer = '', table = '', history = ''] = stdout.split('\n\n')
  const lines = answer.split('\n')
  assert.match(answer, /dies/, defaultQuestion)
  for (const line of lines) assertCited(line)
  assert.match(table, /^agent +host +messages +queue wait +handling time\n/)
  for (const agent of ['decompose', 'retrieve', 'reason', 'synthesize']) {
    assert.match(table, new RegExp(`^${agent} +host \\d+ +\\d+ .* ms +.* ms$`, 'm'))
  }
  assert.equal(new Set(table.match(/host \d+/g)).size, 4, 'each agent has a thread of its own')
  assert.match(history, /^History: .*kb\.db \(\d+ records\)\n$/)
  assert.ok(existsSync(store))
})

/** `sentence [file:from-to, ...]`: the lines are there and hold the sentence, markup aside. */
function assertCited(line: string): void {
  const [, sentence = '', sources = ''] = /^(.+) \[([^[\]]+)\]$/.exec(line) ?? []
  assert.notEqual(sentence, '', line)
  const texts = sources.split(', ').map((source) => {
    const [, file = '', from = '', to = from] = /^(.+):(\d+)(?:-(\d+))?$/.exec(source) ?? []
    const all = readFileSync(join(project, file), 'utf8').split('\n')
    assert.ok(Number(to) <= all.length, line)
    return all.slice(Number(from) - 1, Number(to)).join('\n')
  })
  const said = oneLine(plainText(texts.join('\n')))
  assert.ok(said.includes(sentence), `${sources} says: ${said}\nnot: ${sentence}`)
}

test('what the documents do not answer is said plainly, and that is a success', async (context) => {
  const docs = temporaryFolder(context, { 'a.md': '# Pools\n\nA pool has eight threads.' })
  const store = join(temporaryFolder(context), 'kb.db')
  const args = ['Who founded the company?', '--docs', docs, '--workers', '0']
  const run = await runExample(args, store)
  assert.equal(run.code, 0, run.stderr)
  assert.equal(answerOf(run), 'The documents hold no answer to: Who founded the company?')
})

test('asked again, nothing is read and nothing is worked out again; a changed file alone is read', async (context) => {
  const docs = temporaryFolder(context, {
    'a.md': '# Pools\n\nA pool has eight threads.',
    'b.md': '# Queues\n\nA queue is bounded.',
  })
  const store = join(temporaryFolder(context), 'kb.db')
  const args = ['How many threads does a pool have?', '--docs', docs, '--workers', '0']
  const first = await runExample(args, store)
  assert.match(first.stderr, /^2 files read, 0 unchanged, 0 removed, 0 skipped$/m)
  const again = await runExample(args, store)
  assert.match(again.stderr, /^0 files read, 2 unchanged, 0 removed, 0 skipped$/m)
  const shown = (text: string): string => text.replace(/\(\d+ records\)/, '')
  assert.equal(shown(again.stdout), shown(first.stdout), 'the measured times are of the first run')
  writeOld(docs, 'a.md', '# Pools\n\nA pool has nine threads.')
  const changed = await runExample(args, store)
  assert.match(changed.stderr, /^1 files read, 1 unchanged, 0 removed, 0 skipped$/m)
  assert.equal(answerOf(changed), 'A pool has nine threads. [a.md:3]')
})

test('S2: interrupted, it closes in good order, and the next start finishes', async (context) => {
  const docs = temporaryFolder(context, { 'a.md': '# Pools\n\nA pool has eight threads.' })
  const folder = temporaryFolder(context)
  const store = join(folder, 'kb.db')
  const args = ['How many threads does a pool have?', '--docs', docs]
  const stopped = await runExample(args, store, { signal: 'SIGINT', after: 0 })
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.match(stopped.stderr, /Stopping\. The next start goes on from here\.\n$/)
  assert.deepEqual(
    readdirSync(folder).filter((name) => /-(?:wal|shm)$/.test(name)),
    [],
    'every connection was closed',
  )
  const { code, ...rest } = await runExample(args, store)
  assert.equal(code, 0, rest.stderr)
  assert.equal(answerOf({ code, ...rest }), 'A pool has eight threads. [a.md:3]')
})

test('a mistake in the arguments is one line and exit code 2', async (context) => {
  const store = join(temporaryFolder(context), 'kb.db')
  const { code, stdout, stderr } = await runExample(['--wrkers', '2'], store)
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /^knowledge-base: .*--wrkers.* \[OPTION_INVALID\]\n$/)
})
