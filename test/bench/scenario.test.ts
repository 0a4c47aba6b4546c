/** Scenarios from their declaration to their report: closed loop, recorded history, and what is refused. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type BenchReport, reportProblem } from '../../runtime/bench/report.ts'
import { runScenario } from '../../runtime/bench/run-scenario.ts'
import { type Scenario, scenario } from '../../runtime/bench/scenario.ts'
import { run } from '../../runtime/cli/run.ts'
import { createSystem } from '../../runtime/index.ts'
import bank, { Account } from './bank.app.ts'
import { aCase, figure, report } from './reports.ts'

const quick: Partial<Scenario> = { duration: 200, warmUp: 0, system: { workers: 0 } }
const deposit: NonNullable<Scenario['mix']>[number] = {
  name: 'deposit',
  lane: 'high',
  send: ({ system, n, options }) =>
    system.ref(Account, `k${n % 5}`).ask.deposit({ amount: 1 }, options),
}

test('bench: a scenario has its throughput, its latencies and its own check in the report', async () => {
  let balances = 0
  const found = await runScenario(
    scenario({
      name: 'bank',
      app: bank,
      ...quick,
      mix: [deposit],
      load: { concurrency: 4 },
      async check(system, { sent, done, failed }) {
        for (let i = 0; i < 5; i += 1) balances += await system.ref(Account, `k${i}`).ask.balance()
        assert.deepEqual([balances, done, failed], [sent, sent, 0])
      },
    }),
    { command: 'troupe bench bank.ts' },
  )
  assert.ok(balances > 0)
  assert.equal(reportProblem(found), undefined)
  const [all, deposits] = found.cases
  assert.deepEqual(
    found.cases.map((one) => [one.case, one.unit, one.better]),
    [
      ['bank', 'messages/s', 'higher'],
      ['bank: deposit', 'ms, p99', 'lower'],
    ],
  )
  assert.equal(deposits?.ours.latency?.count, balances)
  assert.equal(all?.ours.facts?.['failed'], 0)
  assert.ok((all?.ours.facts?.['records/s'] ?? 0) > 0)
  assert.deepEqual(
    all?.series?.map(({ name }) => name),
    [
      'turns',
      'messages waiting',
      'age of the oldest waiting message',
      'use of the hosts',
      'records committed',
      'resident memory',
    ],
  )
  assert.equal(process.env['NODE_OPTIONS']?.includes('meter'), undefined)
})

test('bench: what fails is counted by its code, and is in no latency', async () => {
  const overdraw = {
    name: 'overdraw',
    send: ({ system }: { readonly system: Awaited<ReturnType<typeof createSystem>> }) =>
      system.ref(Account, 'poor').ask.withdraw({ amount: 1 }),
  }
  const { cases } = await runScenario(
    scenario({ name: 'poor', app: bank, ...quick, mix: [overdraw], load: { rate: 50 } }),
    { command: '' },
  )
  assert.equal(cases.length, 1)
  assert.equal(cases[0]?.ours.facts?.['failed with TERMINAL'], 10)
  assert.equal(cases[0]?.ours.latency, undefined)
})

test('bench: a recorded history comes again, in its order and at any speed', async (t) => {
  const folder = temporary(t)
  const store = join(folder, 'recorded.db')
  const system = await createSystem(bank, { store, workers: 0 })
  for (let i = 1; i <= 20; i += 1) await system.ref(Account, 'alice').ask.deposit({ amount: i })
  await system.ref(Account, 'bob').deliver.deposit({ amount: 7 })
  await system.close()
  for (const speed of [10, 'full'] as const) {
    const balances: number[] = []
    const { cases } = await runScenario(
      scenario({
        name: 'again',
        app: bank,
        system: { workers: 0 },
        load: { history: store, speed, concurrency: 1 },
        async check(again) {
          for (const key of ['alice', 'bob']) {
            balances.push(await again.ref(Account, key).ask.balance())
          }
        },
      }),
      { command: '' },
    )
    assert.deepEqual(balances, [210, 7])
    assert.equal(cases[0]?.ours.facts?.['sent'], 21)
    assert.equal(cases[0]?.ours.facts?.['failed'], 0)
    assert.ok((cases[0]?.ours.median ?? 0) > 0)
  }
})

test('bench: a scenario that cannot be run is refused with what is wrong', () => {
  const good: Scenario = { name: 'a', app: bank, mix: [deposit], load: { concurrency: 1 } }
  const refused = (change: object, why: RegExp): void => {
    assert.throws(() => scenario({ ...good, ...change }), { code: 'OPTION_INVALID', message: why })
  }
  refused({ load: {} }, /"concurrency", a "rate" or a "history"/)
  refused({ load: { rate: 1, concurrency: 1 } }, /a rate or a concurrency, not both/)
  refused({ load: { rate: 0 } }, /"rate" must be a rate or a list of phases/)
  refused({ load: { rate: [{ duration: 1, rate: -1 }] } }, /"rate" must be a number above 0/)
  refused({ load: { concurency: 1 } }, /did you mean "concurrency"/)
  refused({ mix: [] }, /at least one entry/)
  refused({ mix: [{ name: 'a' }] }, /a name and a send/)
  refused({ mix: [{ ...deposit, lane: 'fast' }] }, /"lane" must be one of/)
  refused({ load: { history: 'a.db' } }, /leave "mix" out/)
  refused({ app: {} }, /must be an app/)
})

test('bench: the command runs a scenario, writes both reports and compares two', async (t) => {
  const folder = temporary(t)
  const [json, html] = ['a.json', 'a.html'].map((name) => join(folder, name)) as [string, string]
  const path = new URL('./bank.scenario.ts', import.meta.url).pathname
  const ran = await troupe('bench', path, '--quick', '--json', json, '--html', html)
  assert.equal(ran.code, 0, ran.stderr)
  assert.match(
    ran.stdout,
    /^bank: closed loop, 4 messages open \(messages\/s, higher is better\)$/m,
  )
  assert.match(readFileSync(html, 'utf8'), /age of the oldest waiting message/)
  const worse = join(folder, 'worse.json')
  writeFileSync(worse, JSON.stringify(report(aCase('a', figure('troupe', 1, 2)))))
  const better = join(folder, 'better.json')
  writeFileSync(better, JSON.stringify(report(aCase('a', figure('troupe', 8, 9)))))
  assert.equal((await troupe('bench', 'compare', better, worse)).code, 4)
  assert.equal((await troupe('bench', 'compare', json, json)).code, 0)
})

test('bench: --quick keeps the proportions of phases', async () => {
  const path = new URL('./spike.scenario.ts', import.meta.url).pathname
  const { stdout } = await troupe('bench', path, '--quick', '--json', '-')
  const { cases } = JSON.parse(stdout) as BenchReport
  // Half a second: 100 a second for two fifths of it, 500 for one, 100 for the rest.
  assert.equal(cases[0]?.ours.facts?.['sent'], 90)
})

test('bench: the command says what it cannot use', async () => {
  const path = new URL('./bank.scenario.ts', import.meta.url).pathname
  const app = new URL('./bank.app.ts', import.meta.url).pathname
  const said = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await troupe('bench', ...args)
    assert.equal(code, 2)
    return stderr
  }
  assert.match(await said(), /SCENARIO is missing/)
  assert.match(await said('none.ts'), /none\.ts is no file/)
  assert.match(await said(app), /does not export a scenario/)
  assert.match(await said(path, '--speed', '10'), /for a scenario with a history/)
  assert.match(await said(path, '--duration', 'long'), /"duration" must be an integer/)
  assert.match(await said('compare', path), /expected: compare OLD\.json NEW\.json/)
})

async function troupe(...args: string[]) {
  const output = { stdout: '', stderr: '' }
  const into = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      output[name] += text
    },
  })
  const code = await run(args, { stdout: into('stdout'), stderr: into('stderr') })
  return { code, ...output }
}

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}
