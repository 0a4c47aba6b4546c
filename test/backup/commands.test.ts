/** The backup commands: output, exit codes, and what a kill in the middle leaves. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { restoreBackup, takeBackup, verifyBackup } from '../../persistence/backup/index.ts'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import { run } from '../../runtime/cli/run.ts'
import { fromSources } from '../house/from-sources.ts'
import { withFolderAsync } from '../persistence/temp.ts'
import { archive, script, write } from './history.ts'

async function troupe(...args: string[]) {
  let stdout = ''
  let stderr = ''
  const terminal = {
    stdout: {
      write: (text: string) => {
        stdout += text
      },
    },
    stderr: {
      write: (text: string) => {
        stderr += text
      },
    },
  }
  const code = await run(args, terminal)
  return { code, stdout, stderr }
}

async function withStore(body: (file: string, folder: string) => Promise<void>): Promise<void> {
  await withFolderAsync(async (folder) => {
    const file = join(folder, 'a.db')
    const store = openSqliteStore(file)
    write(store, script(), 4)
    await archive(store, file)
    store.close()
    await body(file, join(folder, 'backups'))
  })
}

test('CLI: backup, verify, restore and prune, with their exit codes', () =>
  withStore(async (file, folder) => {
    const backup = await troupe('backup', file, folder)
    assert.equal(backup.code, 0, backup.stderr)
    assert.match(backup.stdout, /^\d+T\d+Z-0{10}75: 75 records, 3 actors, \d+ pending/)
    assert.match(backup.stderr, /^copy \.\.\.\nrecords \.\.\.\nstates \.\.\.\n$/)

    const verify = await troupe('verify', folder)
    assert.equal(verify.code, 0)
    assert.match(verify.stdout, /: good, 75 records, 3 actors\n$/)

    const restore = await troupe('restore', folder, `${file}-9`, '--at', '9', '--json')
    assert.equal(restore.code, 0, restore.stderr)
    assert.equal(JSON.parse(restore.stdout).position, 9)
    const again = await troupe('restore', folder, `${file}-9`)
    assert.equal(again.code, 1)
    assert.match(again.stderr, /overwrites nothing.*\[STORE_EXISTS\]/)

    assert.equal((await troupe('prune', folder, '--keep', '2')).code, 1)
    const prune = await troupe('prune', folder, '--keep', '1', '--json')
    assert.equal(prune.code, 0)
    assert.equal(JSON.parse(prune.stdout).kept.length, 1)
  }))

test('CLI: misuse of a backup command is exit code 2 and says what was expected', () =>
  withStore(async (file, folder) => {
    const misuses: [string[], RegExp][] = [
      [['backup', file], /expected FILE DIR, got 1 of 2/],
      [['prune', folder], /"--keep" must be a number of 1 or more, got none/],
      [['prune', folder, '--keep', '0'], /"--keep" must be/],
      [['restore', folder, file, '--at', '-3'], /--at/],
      [['restore', folder, file, '--until', 'yesterday'], /ISO time with its zone/],
      [['restore', folder, file, '--at', '3', '--until', '2026-01-01T00:00:00Z'], /got both/],
      [['verify', folder, '--backups', 'x'], /did you mean "--backup"\?/],
    ]
    for (const [args, expected] of misuses) {
      const { code, stderr } = await troupe(...args)
      assert.equal(code, 2, `${args.join(' ')}: ${stderr}`)
      assert.match(stderr, expected)
    }
    for (const name of ['backup', 'verify', 'restore', 'prune']) {
      assert.match((await troupe(name, '--help')).stdout, new RegExp(`^usage: troupe ${name} `))
    }
    assert.equal((await troupe('verify', folder)).code, 1)
  }))

const child = fileURLToPath(new URL('./killed-child.ts', import.meta.url))

/** Runs the child until it says that it is in a phase, and kills it there. */
async function killIn(phase: string, ...args: string[]): Promise<void> {
  const process_ = spawn(process.execPath, [...fromSources, child, phase, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  process_.stdout.once('data', () => process_.kill('SIGKILL'))
  await new Promise<void>((resolve, reject) => {
    process_.once('exit', (_code, signal) => {
      if (signal === 'SIGKILL') resolve()
      else reject(new Error(`the child did not come to ${phase}`))
    })
  })
}

test('D7: a backup that is killed in the middle does not count, and the next one does', () =>
  withStore(async (file, folder) => {
    for (const phase of ['copy', 'records', 'states']) {
      await killIn(phase, 'backup', file, folder)
      assert.ok(readdirSync(folder).every((name) => name.includes('.partial-')))
      assert.equal((await troupe('verify', folder)).code, 1)
    }
    const { name } = await takeBackup(file, folder)
    assert.ok((await verifyBackup(folder, name)).ok)
    assert.equal((await troupe('prune', folder, '--keep', '1')).code, 0)
    assert.deepEqual(
      readdirSync(folder),
      ['db', 'json', 'states'].map((end) => `${name}.${end}`),
    )
  }))

test('D7: a restore that is killed in the middle leaves no file under its name', () =>
  withStore(async (file, folder) => {
    await takeBackup(file, folder)
    const target = `${file}-new`
    for (const phase of ['copy', 'checksum', 'cut', 'records', 'states']) {
      await killIn(phase, 'restore', folder, target)
      assert.ok(!existsSync(target), phase)
    }
    const restored = await restoreBackup(folder, target)
    assert.equal(restored.position, 75)
    // Named, so that somebody removes them: a restore elsewhere might still be at one.
    assert.ok(restored.leftovers.length > 0)
    assert.ok(restored.leftovers.every((name) => name.includes('.restoring-')))
    openSqliteStore(target).close()
  }))
