/** A fork that is run on: what becomes of each call out of a turn (R1). */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { RecordKind } from '../../persistence/record.ts'
import { forkStore } from '../../persistence/replay/fork.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { selectRecords } from '../../persistence/replay/scan.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import { createSystem } from '../../runtime/index.ts'
import { type OpenForkOptions, openFork } from '../../runtime/replay/open-fork.ts'
import type { StepCounts } from '../../runtime/replay/step-choices.ts'
import { code } from '../durable/support.ts'
import { temporaryFolder } from './bank.ts'
import { jsonLines, troupe } from './cli.ts'
import shopApp, { calls, live, Shop } from './shop.app.ts'

const silent = { log: () => undefined }

interface Written {
  readonly folder: string
  readonly file: string
  /** Kinds of the records by position; 0 is none. */
  readonly kinds: readonly number[]
}

/** A shop that sold an apple and a pear; what was live is forgotten. */
async function sold(t: TestContext): Promise<Written> {
  calls.length = 0
  const folder = temporaryFolder(t)
  const file = join(folder, 'shop.db')
  const system = await createSystem(shopApp, { store: file, workers: 0, ...silent })
  const shop = system.ref(Shop, 's')
  await shop.ask.buy({ item: 'apple' }, { id: 'first' })
  await shop.ask.buy({ item: 'pear' }, { id: 'second' })
  await system.close()
  calls.length = 0
  const { reader, close } = openRecording(file)
  const kinds = [0, ...[...selectRecords(reader)].map((one) => (one as StoredRecord).kind)]
  close()
  return { folder, file, kinds }
}

/** The second purchase again, from before it, of another item if told. */
async function again(
  t: TestContext,
  written: Written,
  options: Partial<OpenForkOptions> & { readonly item?: string; readonly at?: number } = {},
) {
  const { item = 'pear', at = written.kinds.indexOf(RecordKind.turn), ...rest } = options
  const out = join(temporaryFolder(t), 'fork.db')
  const edits = [{ id: 'second', payload: { item } }]
  await forkStore(written.file, { at, out, edits: at <= 6 ? edits : [] })
  const fork = await openFork(out, shopApp, { from: written.file, at, ...silent, ...rest })
  t.after(() => fork.close())
  await fork.system.quiet()
  const letters = fork.system.deadLetters.list()
  const { receipts } = await stateOf(fork.system, out)
  return { fork, letters, receipts, steps: Object.fromEntries(fork.steps.map(named)) }
}

function named({ name, ...counts }: StepCounts): [string, Record<string, number>] {
  return [name, Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))]
}

async function stateOf(system: { quiet(): Promise<void> }, file: string) {
  await system.quiet()
  const [json] = jsonLines((await troupe(['state', file, 'shop/s', '--json'])).stdout)
  return json?.['state'] as { receipts: string[] }
}

test('R1: without a choice a fork is answered from the record, and nothing live is done', async (t) => {
  const written = await sold(t)
  const { steps, receipts, letters } = await again(t, written)
  assert.deepEqual(steps, { 'prices.of': { recorded: 1 }, charge: { recorded: 1 } })
  assert.deepEqual(receipts, ['receipt 2 for apple, 5', 'receipt 4 for pear, 4'])
  assert.deepEqual([calls, letters], [[], []])
})

test('R1: a call that is not recorded is refused by name, and dependencies are not there', async (t) => {
  const written = await sold(t)
  const refused = await again(t, written, { item: 'plum' })
  // The price is asked for within the fork; looking it up is a call of its own, and refused.
  assert.deepEqual(refused.steps, { 'prices.of': { live: 1 }, 'look up': { refused: 1 } })
  assert.throws(() => {
    throw refused.letters[0]?.error
  }, code('REPLAY_LIVE'))
  assert.match(String(refused.letters[0]?.error), /"look up" is not recorded with this input/)
  assert.equal(refused.receipts.length, 1)
  const { steps, receipts } = await again(t, written, {
    item: 'plum',
    steps: { 'look up': { stub: 7 }, charge: { stub: 'stubbed' } },
  })
  assert.deepEqual(steps, { 'prices.of': { live: 1 }, 'look up': { stub: 1 }, charge: { stub: 1 } })
  assert.deepEqual([receipts[1], calls], ['stubbed', []])
})

test('R1: what is chosen live is done, and nothing else; a failure is retried like any', async (t) => {
  const written = await sold(t)
  const lives = await again(t, written, { steps: { charge: 'live' } })
  assert.deepEqual(lives.steps, { 'prices.of': { recorded: 1 }, charge: { live: 1 } })
  assert.deepEqual(calls, ['charge pear'])
  calls.length = 0
  const fails = await again(t, written, { steps: { charge: 'fail' } })
  assert.deepEqual(fails.steps['charge'], { fail: 2 })
  assert.match(String(fails.letters[0]?.error), /"charge" fails, as was chosen/)
  assert.deepEqual(calls, [])
  const asked = await again(t, written, { steps: { 'prices.of': { stub: 99 }, charge: 'live' } })
  assert.equal(asked.receipts[1], 'receipt 1 for pear, 99')
  const own = await again(t, written, {
    steps: { charge: 'live' },
    deps: { ...live, charge: () => 'a double' },
  })
  assert.equal(own.receipts[1], 'a double')
})

test('R1, D2: a call that was out at the cut is answered with what it came to', async (t) => {
  const written = await sold(t)
  const begun = written.kinds.lastIndexOf(RecordKind.stepBegun)
  const { steps, receipts, letters } = await again(t, written, { at: begun })
  assert.deepEqual(steps, { charge: { recorded: 1 } })
  assert.deepEqual([receipts[1], letters, calls], ['receipt 4 for pear, 4', [], []])
})

test('fork: choices are checked, and one that nothing calls is told', async (t) => {
  const written = await sold(t)
  const { fork } = await again(t, written, { steps: { chrage: 'fail' } })
  assert.deepEqual(fork.unused, [{ name: 'chrage', near: 'charge' }])
  await assert.rejects(
    again(t, written, { steps: { charge: 'no' as never } }),
    code('OPTION_INVALID'),
  )
})

test('troupe fork --run: runs on to its rest, tells of each call, and refuses with exit code 1', async (t) => {
  const { folder, file, kinds } = await sold(t)
  const [plum, stub] = [join(folder, 'plum.json'), join(folder, 'stub.json')]
  writeFileSync(plum, '{ "item": "plum" }')
  writeFileSync(stub, '"a stub"')
  let forks = 0
  const fork = (...args: string[]) => {
    forks += 1
    const out = join(folder, `fork-${forks}.db`)
    const at = String(kinds.indexOf(RecordKind.turn))
    return troupe(['fork', file, '--at', at, '--out', out, '--edit', `second=${plum}`, ...args])
  }
  const refused = await fork('--run')
  assert.equal(refused.code, 1, refused.stderr)
  assert.match(refused.stdout, /dead letter {2}shop\/s {2}buy {2}.*REPLAY_LIVE/)
  assert.match(refused.stdout, /look up: 1 refused, neither recorded nor chosen\n/)
  const done = await fork(
    '--run',
    '--step',
    'look up=live',
    '--step',
    `charge=stub=${stub}`,
    '--json',
  )
  assert.equal(done.code, 0, done.stdout + done.stderr)
  assert.equal((JSON.parse(done.stdout) as { run: { rested: boolean } }).run.rested, true)
  assert.deepEqual(calls, ['look up plum'])
  for (const [args, expected] of [
    [['--step', 'a=live'], /--step is for --run/],
    [['--run', '--step', 'charge=maybe'], /--step expects NAME=recorded/],
    [['--run', '--step', 'charge=stub=nowhere.json'], /nowhere\.json is no file/],
  ] as const) {
    const { code: exit, stderr } = await fork(...args)
    assert.equal(exit, 2)
    assert.match(stderr, expected)
  }
})
