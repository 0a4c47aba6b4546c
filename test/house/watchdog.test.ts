/** A test file that leaves something running fails instead of waiting for ever. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fromSources } from './from-sources.ts'
import { manifest, root } from './repository.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-watchdog-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('tests: a file that leaves a thread running fails', () => {
  const { status, stdout, stderr } = runTestFile(
    50,
    `
    import { Worker } from 'node:worker_threads'
    test('starts a thread', () => { new Worker('setInterval(() => {}, 1000)', { eval: true }) })
  `,
  )
  assert.equal(status, 1, stdout)
  assert.match(stdout + stderr, /a\.test\.ts does not end: its last test left something running/)
})

test('tests: a file that cleans up after itself passes', () => {
  // Ample grace: on a busy machine the end of a process takes its time.
  const { status, stdout } = runTestFile(
    30_000,
    `
    import { once } from 'node:events'
    import { Worker } from 'node:worker_threads'
    test('waits for its thread', async () => {
      await once(new Worker('setTimeout(() => {}, 10)', { eval: true }), 'exit')
    })
  `,
  )
  assert.equal(status, 0, stdout)
})

test('tests: both suites are run under the watchdog, with a timeout for each test', () => {
  for (const script of ['test', 'test:node22']) {
    const command = manifest().scripts[script] ?? ''
    assert.match(command, /--import \.\/test\/house\/watchdog\.ts/)
    assert.match(command, /--test-timeout=\d+/)
  }
})

/** @param grace ms the file may take to end after its last test */
function runTestFile(grace: number, body: string) {
  writeFileSync(join(folder, 'a.test.ts'), `import { test } from 'node:test'\n${body}`)
  const watchdog = join(root, 'test/house/watchdog.ts')
  const args = [...fromSources, '--import', watchdog, '--test', 'a.test.ts']
  const env: NodeJS.ProcessEnv = { ...process.env, TROUPE_TEST_GRACE: String(grace) }
  delete env['NODE_TEST_CONTEXT']
  return spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' })
}
