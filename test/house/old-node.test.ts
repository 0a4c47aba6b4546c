/**
 * On a Node that is too old the library throws and the command line says so, before native code.
 *
 * Runs the built package on the machine's own Node where that is an old one, because there the
 * SQLite binding does not throw but ends the process.
 */
import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assertSupportedNode, unsupportedNode } from '../../mailbox/node-version.ts'
import { type BuiltPackage, buildPackage } from './build.ts'
import { publicEntries } from './entries.ts'

const oldNode = findOldNode()
const skip = oldNode === undefined ? noOldNode() : false

let built: BuiltPackage
before(() => {
  built = buildPackage()
})
after(() => built.remove())

test('Node: the floor is compared by number', () => {
  for (const version of ['22.18.0', '22.18.1', '22.20.0', '24.0.0', '26.1.0-nightly']) {
    assert.equal(unsupportedNode(version), undefined, version)
  }
  for (const version of ['18.20.8', '20.20.2', '22.9.0', '22.17.1', '9.0.0']) {
    assert.match(unsupportedNode(version) ?? '', /needs Node 22\.18\.0 or newer/, version)
  }
})

test('Node: an old one is NODE_UNSUPPORTED, naming what is required and what was found', () => {
  assert.throws(() => assertSupportedNode('20.20.2'), {
    code: 'NODE_UNSUPPORTED',
    disposition: 'terminal',
    fields: { required: '22.18.0', found: '20.20.2' },
  })
})

test('Node: on an old one the command says so in one line and exits 1', { skip }, () => {
  const run = onOldNode(join(built.folder, 'dist/runtime/cli/main.js'), '--version')
  assert.equal(run.signal, null)
  assert.equal(run.status, 1)
  assert.match(run.stderr, /^troupe needs Node 22\.18\.0 or newer, this is Node .*\n$/)
  assert.equal(run.stdout, '')
})

for (const { name, specifier } of publicEntries()) {
  if (name === './contract') continue
  test(`Node: on an old one importing ${specifier} throws before native code`, { skip }, () => {
    const program = `import('${specifier}').then(() => 'loaded', (e) => e.code).then(console.log)`
    const run = onOldNode('--input-type=module', '--eval', program)
    assert.equal(run.signal, null, 'the process was ended by native code')
    assert.equal(run.stdout.trim(), 'NODE_UNSUPPORTED', run.stderr)
  })
}

function onOldNode(...args: string[]): SpawnSyncReturns<string> {
  const env = { PATH: '/usr/bin:/bin' }
  return spawnSync(oldNode as string, args, { cwd: built.folder, env, encoding: 'utf8' })
}

function findOldNode(): string | undefined {
  return ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
    if (!existsSync(path)) return false
    const { stdout } = spawnSync(path, ['--print', 'process.versions.node'], { encoding: 'utf8' })
    return unsupportedNode(stdout.trim()) !== undefined
  })
}

/** Elsewhere a machine may have no old Node; our CI has, and must not pass without asking it. */
function noOldNode(): string {
  if (process.env['TROUPE_CI'] === 'true') throw new Error('CI needs an old Node in /usr/bin')
  return 'this machine has no Node older than 22.18 to ask'
}
