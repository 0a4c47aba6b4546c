/** A test file that leaves something behind fails, and none reaches the network. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
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

test('tests: a file that leaves something in the temporary folder fails, and it is removed', () => {
  const { status, stdout, stderr } = runTestFile(
    30_000,
    `
    import { mkdtempSync, writeFileSync } from 'node:fs'
    import { tmpdir } from 'node:os'
    import { join } from 'node:path'
    test('writes', () => {
      console.log('folder ' + tmpdir())
      writeFileSync(join(mkdtempSync(join(tmpdir(), 'left-')), 'a.db'), '')
    })
  `,
  )
  assert.equal(status, 1, stdout)
  assert.match(stdout + stderr, /a\.test\.ts left behind in its temporary folder: left-/)
  const [, own = ''] = /folder (\S+)/.exec(stdout) ?? []
  assert.match(own, /troupe-test-/)
  assert.ok(!existsSync(own))
})

test('tests: no test reaches the network, from no thread', () => {
  const { status, stdout } = runTestFile(
    30_000,
    `
    import assert from 'node:assert/strict'
    import { once } from 'node:events'
    import { connect } from 'node:net'
    import { Worker } from 'node:worker_threads'
    const refused = /Tests use no network: refused to connect to example\\.com:(80|443)/
    test('connects', async () => {
      assert.throws(() => connect(80, 'example.com'), refused)
      assert.throws(() => connect({ port: 80, host: 'example.com' }), refused)
      await assert.rejects(fetch('https://example.com'), ({ cause }) => refused.test(cause.message))
      const code = "import { connect } from 'node:net'; connect(80, 'example.com')"
      const thread = new Worker(new URL('data:text/javascript,' + encodeURIComponent(code)))
      const [error] = await once(thread, 'error')
      assert.match(error.message, refused)
    })
  `,
  )
  assert.equal(status, 0, stdout)
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
