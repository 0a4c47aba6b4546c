/** Every command that is given a file: what is none, or no store, is one line that says so, and nothing is made. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder, writeBank } from './bank.ts'
import { troupe } from './cli.ts'

const bank = fileURLToPath(new URL('./bank.ts', import.meta.url))

/** What is said of a file that a store is expected in, and of one that a folder of backups is. */
const said = {
  nowhere: [/is no file|holds no store/, /is not there/],
  folder: [/is no file|holds no store/, /holds no finished backup/],
  empty: [/holds no (troupe )?store/, /is a file; expected the folder/],
  garbage: [/is no SQLite file/, /is a file; expected the folder/],
} as const

test('CLI: a file that is none, or no store, is told by every command, and nothing is made', async (t) => {
  const folder = temporaryFolder(t)
  const at = (name: string): string => join(folder, name)
  mkdirSync(at('folder'))
  writeFileSync(at('empty'), '')
  writeFileSync(at('garbage'), 'x'.repeat(10_000))
  await writeBank(at('bank.db'))
  for (const [name, [noStore, noBackups]] of Object.entries(said)) {
    const file = at(name)
    const stores = [
      ['history', file],
      ['state', file, 'account/alice'],
      ['step', file],
      ['rerun', file],
      ['check', file, '--app', bank],
      ['quarantine', file, 'list'],
      ['quarantine', file, 'release', 'x'],
      ['diff', at('bank.db'), file],
      ['fork', file, '--at', '1', '--out', at('new.db')],
      ['backup', file, at('backups')],
    ]
    const backups = [
      ['verify', file],
      ['restore', file, at('new.db')],
    ]
    for (const args of [...stores, ...backups]) {
      const { code, stdout, stderr } = await troupe(args, { input: 'q\n' })
      assert.ok(code === 1 || code === 2, args.join(' '))
      assert.equal(stdout, '', args.join(' '))
      assert.match(stderr, backups.includes(args) ? noBackups : noStore, args.join(' '))
      assert.equal(stderr.split('\n').length, 2, args.join(' '))
    }
  }
  for (const name of ['nowhere', 'folder']) {
    const { code, stderr } = await troupe(['history', at('new.db'), '--import', at(name)])
    assert.equal(code, 2)
    assert.match(stderr, /is no file; expected an export/)
  }
  const left = readdirSync(folder, { recursive: true }).filter((name) => !`${name}`.startsWith('b'))
  // Beside the bank's own files, and the folder that backups were to go to.
  assert.deepEqual(left.sort(), ['empty', 'folder', 'garbage'])
})

test('CLI: an address that is none is a mistake in the arguments', async (t) => {
  const file = join(temporaryFolder(t), 'bank.db')
  await writeBank(file)
  for (const address of ['nobody', '/', 'account/']) {
    assert.equal((await troupe(['state', file, address])).code, 2, address)
  }
})
