/** `troupe rerun`: yesterday's history against today's code. */
import assert from 'node:assert/strict'
import { dirname, join, relative } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { connect } from '../../persistence/sqlite/connection.ts'
import { temporaryFolder, writeBank } from './bank.ts'
import { troupe } from './cli.ts'

async function bankFile(t: TestContext): Promise<string> {
  const file = join(temporaryFolder(t), 'bank.db')
  await writeBank(file)
  return file
}

const same = fileURLToPath(new URL('./bank.ts', import.meta.url))
const changed = fileURLToPath(new URL('./rerun-app.ts', import.meta.url))

test('rerun: unchanged code does what it did: exit code 0', async (t) => {
  const file = await bankFile(t)
  const { code, stdout, stderr } = await troupe(['rerun', file, '--app', same])
  assert.equal(stderr, '')
  assert.match(stdout, /^\d+ turns of \d+ actors run again: all do what they did\n$/)
  assert.equal(code, 0)
})

test('rerun: changed code is told at its first turn, with both values: exit code 3', async (t) => {
  const file = await bankFile(t)
  const { code, stdout } = await troupe(['rerun', file, 'account/alice', '--app', changed])
  assert.equal(code, 3)
  assert.match(stdout, /^account\/alice {2}turn 1, deposit, position \d+\n/)
  assert.match(stdout, /\+ .*changed/)
  const json = await troupe(['rerun', file, '--app', changed, '--json'])
  assert.equal(json.code, 3)
  const report = JSON.parse(json.stdout) as { divergences: { cause: { kind: string } }[] }
  assert.equal(report.divergences[0]?.cause.kind, 'difference')
})

test('rerun: mistakes in the arguments are one line and exit code 2', async (t) => {
  const file = await bankFile(t)
  for (const [args, expected] of [
    [['rerun', file, '--app', 'nowhere.ts'], /is no file/],
    [['rerun', file, '--ap', same], /did you mean "--app"/],
    [['rerun', file, 'account/alice', '--all', '--app', same], /exclude each other/],
    [['rerun', file, '--from', 'x', '--app', same], /"from" must be an integer/],
    [['rerun', file, 'account/nobody', '--app', same], /no record of "account\/nobody"/],
  ] as const) {
    const { code, stderr } = await troupe(args)
    assert.equal(code, 2, stderr)
    assert.match(stderr, expected)
  }
})

test('rerun: a module that is no app is told', async (t) => {
  const file = await bankFile(t)
  const { code, stderr } = await troupe(['rerun', file, '--app', fileURLToPath(import.meta.url)])
  assert.equal(code, 1)
  assert.match(stderr, /does not export an app.*\[APP_INVALID\]/)
})

test('rerun: the store knows its app: --app is for where it moved', async (t) => {
  const file = await bankFile(t)
  const { code, stdout } = await troupe(['rerun', file])
  assert.match(stdout, /all do what they did/)
  assert.equal(code, 0)
  const edit = (sql: string) => {
    const db = connect(file)
    db.exec(sql)
    db.close()
  }
  // A folder moved as a whole: what was beside the store still is.
  const note = { path: '/nowhere/app.ts', relative: relative(dirname(file), same) }
  edit(`UPDATE meta SET value = '${JSON.stringify(note)}' WHERE key = 'app'`)
  assert.equal((await troupe(['rerun', file])).code, 0)
  edit(
    `UPDATE meta SET value = '${JSON.stringify({ ...note, relative: 'gone.ts' })}' WHERE key = 'app'`,
  )
  const gone = await troupe(['rerun', file])
  assert.equal(gone.code, 2)
  assert.match(
    gone.stderr,
    /the app that wrote .*bank\.db was \/nowhere\/app\.ts, which is gone: --app/,
  )
  assert.equal((await troupe(['rerun', file, '--app', same])).code, 0)
  edit("DELETE FROM meta WHERE key = 'app'")
  assert.match((await troupe(['rerun', file])).stderr, /does not say which app wrote it: --app/)
})

test('rerun: the path of the app is in no export', async (t) => {
  const file = await bankFile(t)
  const { stdout } = await troupe(['history', file, '--export'])
  assert.doesNotMatch(stdout, /bank\.ts/)
})
