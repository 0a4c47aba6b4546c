import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { decodeValue, openSqliteReader, RecordKind } from 'troupe/persistence'
import { answerOf, type Finished, runExample } from './example-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

const moments = 10
const seed = Number(process.env['TROUPE_SEED'] ?? 20_261_122)
const question = 'How many volts does topic17 run at, and how many volts does topic99 run at?'
const expected =
  'The topic17 widget runs at 17 volts. [17.md:3]\nThe topic99 widget runs at 99 volts. [99.md:3]'

test('D2: killed at ten random moments, it finishes with the answer of an undisturbed run', async (context) => {
  const docs = temporaryFolder(context, documents())
  const asked = [question, '--docs', docs]
  const ways = [await undisturbed(context, asked, 1), await undisturbed(context, asked, 0)] as const
  const random = randomFrom(seed)
  context.diagnostic(`seed ${seed}, set TROUPE_SEED for another`)
  for (let moment = 0; moment < moments; moment++) {
    // With threads and without by turns; and what one of them began the other one ends.
    const [way, other] = moment % 2 === 0 ? ways : [ways[1], ways[0]]
    // One in each tenth of the run, so that every part of it is cut somewhere.
    const draw = (): number => (0.95 * way.logged * (moment + random())) / moments
    const { store, seen } = await killedOnce(context, way.argv, draw)
    context.diagnostic(seen)
    const again = await runExample(other.argv, store)
    assert.equal(again.code, 0, again.stderr)
    assert.equal(answerOf(again), expected)
    assertNoStepTwice(store)
  }
})

/** How much a run logs that nobody kills: the scale of the moments. */
async function undisturbed(context: TestContext, asked: readonly string[], workers: number) {
  const argv = [...asked, '--workers', String(workers)]
  const run = await runExample(argv, join(temporaryFolder(context), 'kb.db'))
  assert.equal(run.code, 0, run.stderr)
  assert.equal(answerOf(run), expected)
  context.diagnostic(`${run.logged} bytes logged with --workers ${workers}`)
  return { argv, logged: run.logged }
}

/** A run that was killed. One that ended before the signal came is no such run, and is made again. */
async function killedOnce(context: TestContext, argv: readonly string[], draw: () => number) {
  for (let attempt = 0; attempt < 5; attempt++) {
    const store = join(temporaryFolder(context), 'kb.db')
    const killed = await runExample(argv, store, { signal: 'SIGKILL', after: draw() })
    if (killed.signal === 'SIGKILL') {
      return { store, seen: `killed at ${killed.logged} bytes: ${seenBefore(killed)}` }
    }
    assert.equal(killed.code, 0, killed.stderr)
  }
  return assert.fail('five runs ended before they could be killed')
}

/** How far a run was when it ended. */
function seenBefore({ stdout, stderr }: Finished): string {
  if (stdout !== '') return 'part of the answer was said'
  if (stderr.includes('files read')) return 'all was read'
  return stderr.trim().split('\n').at(-1) || 'nothing was read'
}

/**
 * A step is done once for its message (its key says which). The orchestrator is told twice to answer
 * the same question, and must not work for the second time: its steps are done once for its key. So are those
 * of what it keeps of its stages.
 */
function assertNoStepTwice(store: string): void {
  const done = new Set<string>()
  const reader = openSqliteReader(store)
  try {
    for (let position = 1; position <= reader.history.position; position++) {
      const record = reader.history.record(position)
      assert.ok(record !== undefined && 'kind' in record && !('detail' in record))
      if (record.kind !== RecordKind.stepDone) continue
      const { key, n } = decodeValue(record.step as Uint8Array) as { key: string; n: number }
      const step = `${record.actor} ${record.name} ${n}`
      const identity = /^(?:orchestrator|answer\.stage)\//.test(record.actor)
        ? step
        : `${step} ${key}`
      assert.ok(!done.has(identity), `done twice: ${identity}`)
      done.add(identity)
    }
  } finally {
    reader.close()
  }
  const of = (type: string) => [...done].filter((step) => step.startsWith(`${type}/`))
  // Six calls of stages: each looks for an output, has it made, and that asks an agent.
  assert.equal(of('orchestrator').length, 12, of('orchestrator').join('\n'))
  assert.equal(of('answer.stage').length, 6, of('answer.stage').join('\n'))
}

/** Three batches. */
function documents(): Record<string, string> {
  const filler = 'Filler words about nothing here. '.repeat(20)
  const files = Array.from({ length: 192 }, (_, n) => [
    `${n}.md`,
    `# File ${n}\n\nThe topic${n} widget runs at ${n} volts. ${filler}\n`,
  ])
  return Object.fromEntries(files)
}

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
