/** `npm run bench` as a command: its report, its exit codes, its words for a misspelt case. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type BenchReport, reportProblem } from '../../runtime/bench/report.ts'
import { fromSources } from '../house/from-sources.ts'
import { root } from '../house/repository.ts'
import { aCase, figure, report } from './reports.ts'

function bench(...args: string[]) {
  const command = [...fromSources, join(root, 'bench/main.ts'), ...args]
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('bench: a quick run writes a report of the promised shape and a page without addresses', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const page = join(folder, 'report.html')
  const ran = bench('--case', 'history-filter', '--quick', '--json', '-', '--html', page)
  assert.equal(ran.status, 0, ran.stderr)
  const found = JSON.parse(ran.stdout) as BenchReport
  assert.equal(reportProblem(found), undefined)
  assert.deepEqual([found.quick, found.node], [true, process.version])
  const [one] = found.cases
  assert.equal(one?.case, 'history-filter')
  assert.ok((one?.ours.median ?? 0) > 0)
  assert.ok((one?.bounds[0]?.median ?? 0) > 0)
  const html = readFileSync(page, 'utf8')
  assert.match(html, /<svg/)
  assert.doesNotMatch(html, /<script|https?:|src=|@import/)
})

test('bench: compare ends with 4 where something got worse, and with 0 where nothing did', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [old, worse] = ['old.json', 'worse.json'].map((name) => join(folder, name)) as [
    string,
    string,
  ]
  writeFileSync(old, JSON.stringify(report(aCase('a', figure('troupe', 9, 10, 11)))))
  writeFileSync(worse, JSON.stringify(report(aCase('a', figure('troupe', 4, 5, 6)))))
  const moved = bench('compare', old, worse)
  assert.equal(moved.status, 4, moved.stderr)
  assert.match(moved.stdout, /^worse +a: troupe +10 → 5 messages\/s/)
  assert.equal(bench('compare', worse, old).status, 0)
})

test('bench: what it is told wrongly is one line and exit code 2', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'x.json')
  writeFileSync(file, '{"machine":"","node":"","date":"","command":"","cases":[{"case":"a"}]}')
  const { status, stderr } = bench('--case', 'tell-lokal')
  assert.deepEqual([status, stderr], [2, 'no case "tell-lokal"; did you mean "tell-local"?\n'])
  const damaged = bench('compare', file, file)
  assert.deepEqual(
    [damaged.status, damaged.stderr],
    [2, `${file} is no benchmark report: "cases[0].unit" must be a text\n`],
  )
})

test('bench: the page of figures is written from a report, and never from a quick one', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [file, page] = ['full.json', 'page.md'].map((name) => join(folder, name)) as [
    string,
    string,
  ]
  const write = (found: BenchReport) => {
    writeFileSync(file, JSON.stringify(found))
    const script = join(root, 'bench/write-docs.ts')
    return spawnSync(process.execPath, [...fromSources, script, file, page], { encoding: 'utf8' })
  }
  const measured = aCase('tell', figure('troupe', 9, 10, 11), {
    peers: [{ ...figure('nact', 1, 2, 3), version: '7.6.2' }],
    missing: [{ name: 'Erlang', why: 'no erl' }],
    gates: [{ text: 'ours / nact ≥ 20', wanted: 20, found: 5, reached: false, aim: true }],
  })
  assert.match(write({ ...report(measured), quick: true }).stderr, /quick rounds/)
  assert.equal(write(report(measured)).status, 0)
  const text = readFileSync(page, 'utf8')
  assert.match(text, /^\| tell \| ours \/ nact ≥ 20 \| 5 \| MISSED, an aim \|$/m)
  assert.match(text, /^\| nact 7\.6\.2 \| 2 \| 1 to 3 \|/m)
  assert.match(text, /^Missing: Erlang \(no erl\)\.$/m)
})
