/** R5: what is marked secret is in no file but encrypted, and shown and exported only as a hash. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import * as zlib from 'node:zlib'
import { actor } from '../../actors/actor.ts'
import { app as defineApp } from '../../actors/app.ts'
import { emptyBook } from '../../actors/cell/book.ts'
import { Archivist } from '../../persistence/archivist.ts'
import { isDamage } from '../../persistence/decode.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { stateAt } from '../../persistence/replay/state-at.ts'
import { openSqliteReader, openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import { createSystem, isSecret, type Secret, type System } from '../../runtime/index.ts'
import type { SystemOptions } from '../../runtime/main/options.ts'
import { rerun } from '../../runtime/replay/rerun.ts'
import type { LogLine } from '../../runtime/telemetry/logs/line.ts'
import { code } from '../durable/support.ts'
import { temporaryFolder } from '../replay/bank.ts'
import { troupe } from '../replay/cli.ts'
import vaultApp, { Echo, serviceToken, Vault } from './vault.app.ts'

const password = 'hunter2-Zq8/unguessable'
/** Written beside each secret: what finds this finds everything. */
const note = 'a note for all to see'

const key = randomBytes(32)
const older = randomBytes(32)
const appFile = fileURLToPath(new URL('./vault.app.ts', import.meta.url))

interface Started {
  readonly system: System
  readonly file: string
  readonly folder: string
  readonly lines: LogLine[]
}

async function start(t: TestContext, options: SystemOptions = {}): Promise<Started> {
  const folder = temporaryFolder(t)
  const file = join(folder, 'vault.db')
  const lines: LogLine[] = []
  const system = await createSystem(vaultApp, {
    store: file,
    workers: 0,
    development: false,
    secrets: { keys: [key] },
    log: (line) => lines.push(line),
    ...options,
  })
  t.after(() => system.close())
  return { system, file, folder, lines }
}

/** Everything a vault can do with a secret; answers with it. */
async function keepSecrets(system: System): Promise<Secret<string>> {
  const secret = system.secret(password)
  const vault = system.ref(Vault, 'v')
  const answer = await vault.ask.keep({ password: secret, note }, { id: 'first' })
  assert.equal(system.reveal(answer), `${password}!`)
  assert.equal(system.reveal(await vault.ask.token(undefined, { id: 'second' })), serviceToken)
  assert.equal(await vault.ask.length(), password.length)
  await assert.rejects(vault.ask.fail({ password: secret }), (error: Error) => {
    assertSilent(inspect(error, { depth: 9 }))
    assert.match(error.message, /\[secret [0-9a-f]{32}\]/)
    return true
  })
  vault.tell.fail({ password: secret })
  assert.equal(await system.ref(Echo, 'e').ask.open({ password: secret }), password.length)
  await system.quiet()
  return secret
}

/** Fails when a text holds a plain secret in any form in which a careless writer would leave it. */
function assertSilent(text: string | Buffer): void {
  const bytes = Buffer.from(text as string)
  for (const plain of [password, serviceToken]) {
    for (const encoding of ['utf8', 'utf16le', 'base64', 'hex'] as const) {
      const form =
        encoding === 'utf8' || encoding === 'utf16le'
          ? Buffer.from(plain, encoding)
          : Buffer.from(plain).toString(encoding)
      assert.equal(bytes.indexOf(form), -1, `${plain} stands there as ${encoding}`)
    }
  }
}

/** Bytes of every file below a folder, unpacked where they are packed. */
function filesIn(folder: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = readFileSync(path)
    found.set(path, path.endsWith('.zst') ? zlib.zstdDecompressSync(bytes) : bytes)
  }
  return found
}

test('R5: no file holds a secret: database, WAL, hand file, backup, export', async (t) => {
  const { system, file, folder, lines } = await start(t)
  await keepSecrets(system)
  await system.backup(join(folder, 'backups'))
  const open = filesIn(folder)
  assert.ok(open.get(`${file}-wal`)?.includes(note), 'the WAL was looked into')
  for (const bytes of open.values()) assertSilent(bytes)

  assert.ok(lines.some(({ message }) => /kept \[secret/.test(message)))
  assertSilent(JSON.stringify(lines) + inspect(lines, { depth: 9 }))
  const letters = system.deadLetters.list()
  assert.ok(letters.length > 0)
  assertSilent(JSON.stringify(letters) + inspect(letters, { depth: 9 }))
  assertSilent(inspect(await system.flightRecorder(), { depth: 9 }))
  const said = await system.history.query({})
  assertSilent(JSON.stringify(said) + inspect(said, { depth: 12 }))
  await system.close()

  const exported = join(folder, 'export.ndjson')
  writeFileSync(exported, (await troupe(['history', file, '--export'])).stdout)
  const closed = filesIn(folder)
  for (const name of [file, exported]) assert.ok(closed.has(name))
  assert.ok([...closed].some(([name, bytes]) => name.includes('backups') && bytes.includes(note)))
  for (const bytes of closed.values()) assertSilent(bytes)
})

test('R5: snapshots and archived segments hold secrets as records do', async (t) => {
  const folder = temporaryFolder(t)
  const [file, archive] = [join(folder, 'vault.db'), join(folder, 'archive')]
  const big = note + 'x'.repeat(70_000)
  for (let round = 0; round < 5; round += 1) {
    const { system } = await start(t, { store: file })
    const secret = system.secret(password)
    await system.ref(Vault, 'v').ask.keep({ password: secret, note: `${round}${big}` })
    await system.close()
    await putInOrder(file, archive)
  }
  const files = filesIn(folder)
  for (const bytes of files.values()) assertSilent(bytes)
  // Both are there, and would be found.
  const archived = [...files].filter(([name]) => name.startsWith(archive))
  assert.ok(archived.some(([, bytes]) => bytes.includes(note)))
  const { medium, close } = openSqliteReader(file)
  const snapshots = medium.snapshots(medium.actorNo('vault/v') ?? 0)
  close()
  assert.equal(snapshots.length, 3)
  for (const { state } of snapshots) {
    assert.ok(Buffer.from(state).includes(note))
    assertSilent(Buffer.from(state))
  }
})

/** What the archivist does of a system that runs. */
async function putInOrder(file: string, archive: string): Promise<void> {
  const store = openSqliteStore(file)
  const { medium, close } = openSqliteReader(file)
  const archivist = new Archivist(medium, store, { emptyMeta: emptyBook })
  await archivist.writeSnapshots()
  await archivist.writeCheckpoint()
  await archivist.retire({ keepRecords: 0 }, Date.now(), archive)
  close()
  store.close()
}

test('R5: every command shows a secret by its hash alone', async (t) => {
  const { system, file } = await start(t)
  const { hash } = await keepSecrets(system)
  await system.close()
  const commands = [
    ['history', file, '--full'],
    ['history', file, '--json'],
    ['history', file, '--mermaid'],
    ['history', file, '--text', hash],
    ['history', file, '--cause', 'first'],
    ['state', file, 'vault/v'],
    ['state', file, 'vault/v', '--json'],
    ['state', file, 'vault/v', '--blame', 'kept'],
    ['state', file, 'vault/v', '--diff', 't1..t2'],
    ['diff', file, file, '--json'],
  ]
  for (const args of commands) {
    const { stdout, stderr } = await troupe(args)
    assert.equal(stderr, '', args.join(' '))
    assertSilent(stdout)
  }
  const { stdout } = await troupe(['step', file], { input: 'a vault/v\nn\ns\nn\ns\n' })
  assert.ok(stdout.includes(hash))
  assertSilent(stdout)
  assert.ok((await troupe(['state', file, 'vault/v'])).stdout.includes(`"$secret": "${hash}"`))
  assert.equal((await troupe(['history', file, '--text', 'hunter2'])).stdout, '')
})

test('R5: without a key nothing is sealed, and the error says what to give', async (t) => {
  const { system } = await start(t, { secrets: undefined as never })
  assert.throws(() => system.secret(password), code('SECRET_KEY_MISSING'))
  assert.throws(() => system.secret(password), /createSystem\(\{ secrets/)
})

test('R5: another key opens nothing and is named by its id; a new one seals, an old one still opens', async (t) => {
  const { system, file } = await start(t, { secrets: { keys: [older] } })
  const secret = await keepSecrets(system)
  await system.close()
  const open = async (keys: readonly Uint8Array[]): Promise<System> => {
    const again = await createSystem(vaultApp, {
      store: file,
      workers: 0,
      secrets: { keys },
      log: () => undefined,
    })
    t.after(() => again.close())
    return again
  }
  const stranger = await open([key])
  const needed = new RegExp(`expected the key ${secret.key}`)
  await assert.rejects(stranger.ref(Vault, 'v').ask.length(), needed)
  await stranger.close()
  const rotated = await open([key, older])
  assert.equal(await rotated.ref(Vault, 'v').ask.length(), password.length)
  const sealedNow = rotated.secret(password)
  assert.notEqual(sealedNow.key, secret.key)
  assert.notEqual(sealedNow.hash, secret.hash)
  assert.equal(rotated.reveal(secret), rotated.reveal(sealedNow))
})

test('R5: the option takes keys from the environment or a file, and never repeats one in an error', async (t) => {
  const path = join(temporaryFolder(t), 'keys')
  writeFileSync(path, `# newest first\n${key.toString('base64')}\n${older.toString('hex')}\n`)
  const { system } = await start(t, { secrets: { file: path } })
  const { system: same } = await start(t)
  assert.equal(system.secret('x').hash, same.secret('x').hash)
  process.env['TROUPE_TEST_KEYS'] = key.toString('base64')
  t.after(() => delete process.env['TROUPE_TEST_KEYS'])
  const { system: third } = await start(t, { secrets: { env: 'TROUPE_TEST_KEYS' } })
  assert.equal(third.secret('x').hash, same.secret('x').hash)
  const short = key.toString('base64').slice(8)
  for (const [secrets, expected] of [
    [{ keys: [short] }, /expects 32 bytes, .* as key 1 in "keys", got 2\d bytes/],
    [{ keys: [key, key] }, /has key 2 in "keys" twice/],
    [{ keys: [] }, /finds no key/],
    [{}, /takes one of/],
    [{ keys: [key], env: 'X' }, /takes one of/],
    [{ env: 'TROUPE_NO_SUCH' }, /no environment variable TROUPE_NO_SUCH/],
    [{ file: `${path}.gone` }, /finds no file/],
    [{ key }, /did you mean "keys"/],
  ] as const) {
    await assert.rejects(start(t, { secrets: secrets as never }), (error: Error) => {
      assert.match(error.message, expected)
      assert.ok(!error.message.includes(short))
      return true
    })
  }
})

test('R5, R2: a turn that made a secret is run again to the same bytes with its key, and named without', async (t) => {
  const { system, file } = await start(t)
  await keepSecrets(system)
  await system.close()
  const { reader, close } = openRecording(file)
  t.after(close)
  const secrets = { keys: [older, key] }
  assert.deepEqual((await rerun(reader, vaultApp, { secrets })).divergences, [])
  const [first] = (await rerun(reader, vaultApp, { actor: 'vault/v' })).divergences
  assert.equal(first?.cause.kind, 'needs-key')
  const { stdout, code: exit } = await troupe(['rerun', file, '--app', appFile])
  assert.match(stdout, /expected the key [0-9a-f]{8}.*\n.*--secrets-env/)
  assert.equal(exit, 3)
  const env = { KEYS: key.toString('hex') }
  const run = await troupe(['rerun', file, '--app', appFile, '--secrets-env', 'KEYS'], { env })
  assert.equal(run.code, 0, run.stdout + run.stderr)
})

test('R5, D4: a backup is verified without the key, state for state', async (t) => {
  const { system, folder } = await start(t)
  await keepSecrets(system)
  const backups = join(folder, 'backups')
  await system.backup(backups)
  const { code: exit, stdout } = await troupe(['verify', backups])
  assert.equal(exit, 0, stdout)
})

test('R5: an import has the hashes, and opening one says where it is from', async (t) => {
  const { system, file, folder } = await start(t)
  const { hash } = await keepSecrets(system)
  await system.close()
  const exported = join(folder, 'export.ndjson')
  writeFileSync(exported, (await troupe(['history', file, '--export'])).stdout)
  const copy = join(folder, 'copy.db')
  assert.equal((await troupe(['history', copy, '--import', exported])).code, 0)
  const { reader, close } = openRecording(copy)
  t.after(close)
  const found = stateAt(reader, 'vault/v')
  assert.ok(!isDamage(found))
  const state = (found as { state: { value: { kept: Map<string, unknown> } } }).state.value
  const kept = state.kept.get('password')
  assert.ok(isSecret(kept))
  assert.equal(kept.hash, hash)
  const again = await createSystem(vaultApp, { store: copy, workers: 0, secrets: { keys: [key] } })
  t.after(() => again.close())
  await assert.rejects(again.ref(Vault, 'v').ask.length(), code('SECRET_WITHHELD'))
})

test('R5: an edit of a message keeps its secret by the hash', async (t) => {
  const { system, file, folder } = await start(t)
  const { hash } = await keepSecrets(system)
  await system.close()
  const edit = join(folder, 'edit.json')
  const out = join(folder, 'fork.db')
  const fork = () => troupe(['fork', file, '--at', '1', '--out', out, '--edit', `first=${edit}`])
  writeFileSync(edit, JSON.stringify({ password: { $secret: 'other' }, note: 'edited' }))
  assert.match((await fork()).stderr, new RegExp(`holds ${hash}, got "other"`))
  writeFileSync(edit, JSON.stringify({ password: { $secret: hash }, note: 'edited' }))
  assert.equal((await fork()).code, 0)
  const options = { store: out, workers: 0, secrets: { keys: [key] }, log: () => undefined }
  const forked = await createSystem(vaultApp, options)
  t.after(() => forked.close())
  await forked.quiet()
  assert.equal(await forked.ref(Vault, 'v').ask.length(), password.length)
})

test('R5: between threads a secret travels sealed, and a host opens it', async (t) => {
  const { system, lines, folder } = await start(t, { workers: 1 })
  await keepSecrets(system)
  assertSilent(inspect([lines, system.deadLetters.list()], { depth: 12 }))
  await system.close()
  for (const bytes of filesIn(folder).values()) assertSilent(bytes)
})

test('R5, D2: a step whose input was sealed before a crash is found again after the keys have changed', async (t) => {
  const file = join(temporaryFolder(t), 'vault.db')
  const left = Promise.withResolvers<void>()
  const tries: string[] = []
  const app = (call: () => Promise<string>) => {
    const slow = actor(Vault, {
      durable: true,
      state: () => ({}),
      on: {
        keep: (_ctx, { password: kept }) => kept,
        async token(ctx) {
          const input = ctx.secret(password)
          const run = () => call().then((token) => ctx.secret(token))
          return await ctx.effect('log in', input, run, { idempotent: true })
        },
        fail: () => undefined,
        length: () => 0,
      },
    })
    return defineApp(import.meta.url, { actors: [slow] })
  }
  const options = { store: file, workers: 0, log: () => undefined, closeWithin: 0 }
  const hangs = app(() => {
    left.resolve()
    return new Promise(() => undefined)
  })
  const before = await createSystem(hangs, { ...options, secrets: { keys: [older] } })
  const delivered = before.ref(Vault, 'v').deliver.token()
  await left.promise
  await delivered
  await before.close()
  const answers = app(async () => {
    tries.push('again')
    return serviceToken
  })
  const after = await createSystem(answers, { ...options, secrets: { keys: [key, older] } })
  t.after(() => after.close())
  await after.quiet()
  assert.deepEqual(tries, ['again'])
  assert.deepEqual(after.deadLetters.list(), [])
})
