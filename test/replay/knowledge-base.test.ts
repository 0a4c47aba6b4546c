/** The commands of docs/replay.md on the store of the knowledge base, with another question in a fork. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { answerOf, runExample } from '../examples/knowledge-base/example-process.ts'
import { temporaryFolder } from './bank.ts'
import { jsonLines, troupe } from './cli.ts'

interface Line {
  readonly position: number
  readonly kind: string
  readonly sends?: readonly {
    readonly id: string
    readonly to: string
    readonly payload: { readonly question: string }
  }[]
}

test('docs/replay.md: history, state, step, rerun, a fork run on with another question, and diff on the knowledge base', async (t) => {
  const folder = temporaryFolder(t)
  const [docs, store, other] = [
    join(folder, 'docs'),
    join(folder, 'kb.db'),
    join(folder, 'other.db'),
  ]
  mkdirSync(docs)
  writeFileSync(
    join(docs, 'bees.md'),
    '# Bees\n\nA bee makes honey from nectar in its hive.\n\n# Ants\n\nAn ant carries leaves into its nest.\n',
  )
  const question = 'What does a bee make from nectar?'
  const asked = [question, '--docs', docs, '--workers', '0']
  const first = await runExample(asked, store)
  assert.equal(first.code, 0, first.stderr)
  assert.match(answerOf(first), /honey/)

  const { stdout } = await troupe(['history', store, '--json', '--name', 'answer'])
  const accepted = (jsonLines(stdout) as unknown as Line[]).find(({ kind }) => kind === 'accept')
  const [message] = accepted?.sends ?? []
  assert.ok(accepted && message)
  const tree = await troupe(['history', store, '--cause', message.id])
  for (const agent of ['decompose', 'retrieve', 'reason', 'synthesize']) {
    assert.match(tree.stdout, new RegExp(`> ${agent}/only`))
  }
  const state = await troupe(['state', store, message.to])
  assert.match(state.stdout, /honey/)
  const input = `a ${message.to}\nn\nn\nn\nc answer\n`
  const steps = await troupe(['step', store], { input })
  assert.equal(steps.code, 0, steps.stderr)
  assert.match(
    steps.stdout,
    /step-done #1 {2}orchestrator\/\w+ {2}ask answer\.stage\/decompose\/\w+ look/,
  )
  assert.match(steps.stdout, /\+ \(the state\)/)

  const again = await troupe(['rerun', store, '--all'])
  assert.equal(again.code, 0, again.stdout + again.stderr)
  assert.match(again.stdout, /all do what they did/)

  const edit = join(folder, 'question.json')
  writeFileSync(edit, JSON.stringify({ ...message.payload, question: 'What does an ant carry?' }))
  const at = String(accepted.position)
  const forked = await troupe([
    'fork',
    store,
    '--at',
    at,
    '--out',
    other,
    '--edit',
    `${message.id}=${edit}`,
    '--run',
    ...['split', 'search', 'find', 'write'].flatMap((step) => ['--step', `${step}=live`]),
  ])
  assert.equal(forked.code, 0, forked.stdout + forked.stderr)
  assert.match(forked.stdout, /it rests\n$/)
  assert.match((await troupe(['state', other, message.to])).stdout, /leaves/)
  const diff = await troupe(['diff', store, other])
  assert.equal(diff.code, 3)
  assert.match(diff.stdout, new RegExp(`^first difference at record ${at}\n`))
  assert.match(diff.stdout, /\+ sends\[0\]\.payload\.question {2}"What does an ant carry\?"/)
})
