/** `troupe history`: what is listed, what is searched, what is followed, and what is refused. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import { causeTree, whyChain } from '../../persistence/replay/lineage.ts'
import { viewRecord } from '../../persistence/replay/record-view.ts'
import { selectPositions, selectRecords } from '../../persistence/replay/scan.ts'
import { connect } from '../../persistence/sqlite/connection.ts'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import { fromSources } from '../house/from-sources.ts'
import { PartFlag, RecordKind, Writer } from '../persistence/frames.ts'
import { Account, temporaryFolder, withBank, writeBank } from './bank.ts'
import { jsonLines, troupe } from './cli.ts'

test('history: lists every record in order, with values, replies and errors', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const { code, stdout, stderr } = await troupe(['history', store])
  assert.equal(stderr, '')
  assert.equal(code, 0)
  assert.match(
    stdout,
    /^ {6}1 {2}\S+ {2}turn 1 {2}account\/alice {2}deposit {2}@v1\.\d+ from outside {2}ok$/m,
  )
  assert.match(stdout, /> account\/bob {2}deposit {2}@p\d+\.0 {2}\{"amount":30,"memo":"transfer"\}/)
  assert.match(stdout, /step-begun #1 {2}account\/alice {2}fee/)
  assert.match(stdout, /! TERMINAL: insufficient funds/)
  const json = jsonLines((await troupe(['history', store, '--json'])).stdout)
  assert.deepEqual(
    json.map(({ position }) => position),
    json.map((_, i) => i + 1),
  )
})

test('history: each filter lets through what it names and nothing else', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const all = jsonLines((await troupe(['history', store, '--json'])).stdout)
  const listed = async (...options: string[]): Promise<unknown[]> =>
    jsonLines((await troupe(['history', store, '--json', ...options])).stdout).map(
      ({ position }) => position,
    )
  const where = (keep: (record: Record<string, unknown>) => boolean): unknown[] =>
    all.filter(keep).map(({ position }) => position)
  const bobs = where(({ actor }) => actor === 'account/bob')
  assert.equal(bobs.length, 2)
  assert.deepEqual(await listed('--actor', 'account/bob'), bobs)
  assert.deepEqual(
    await listed('--type', 'account'),
    where(() => true),
  )
  assert.deepEqual(await listed('--type', 'acc'), [])
  assert.deepEqual(
    await listed('--name', 'fee'),
    where(({ name }) => name === 'fee'),
  )
  const wrong = where(({ outcome }) => outcome === 'failed')
  assert.equal(wrong.length, 2)
  assert.deepEqual(await listed('--failed'), wrong)
  assert.deepEqual(await listed('--outcome', 'failed'), wrong)
  assert.deepEqual(await listed('--outcome', 'parked'), [])
  assert.deepEqual(await listed('--lane', 'high'), [])
  assert.deepEqual(await listed('--text', 'SALARY'), [1])
  assert.deepEqual(
    await listed('--from', 'account/alice', '--type', 'account'),
    [...where(({ from, sends }) => from === 'account/alice' || sends !== undefined)].filter(
      (one) => one !== 2,
    ),
  )
  assert.deepEqual(await listed('--first', '3', '--last', '4'), [3, 4])
  assert.deepEqual(await listed('--limit', '2'), [1, 2])
  const at = all[4]?.['at'] as string
  assert.deepEqual(
    await listed('--until', at),
    where((one) => (one['at'] as string) <= at),
  )
  assert.deepEqual(
    await listed('--since', at),
    where((one) => (one['at'] as string) >= at),
  )
})

test('history: the actor filter shows what came to it from outside, and from nobody else', () => {
  const writer = new Writer(openMemoryStore())
  writer.accept('account/bob', 'x')
  writer.accept('account/alice', 'y')
  writer.commit()
  assert.deepEqual([...selectPositions(writer.store as never, { actor: 'account/bob' })], [1])
})

test('history: lanes and topics are told from directories', () => {
  const writer = new Writer(openMemoryStore())
  writer.accept('account/bob', 'x', { lane: 2 })
  writer.build.record({ kind: RecordKind.accept, time: 1000 })
  writer.build.message({ to: 'orders.new', name: 'placed', lane: 3, flags: PartFlag.topic })
  writer.commit()
  const found = (filter: object) => [...selectPositions(writer.store as never, filter)]
  assert.deepEqual(found({ lane: 'high' }), [1])
  assert.deepEqual(found({ topic: 'orders.*' }), [2])
  assert.deepEqual(found({ topic: 'orders' }), [])
  assert.throws(() => found({ topic: 'a b' }), { code: 'ADDRESS_INVALID' })
  assert.throws(() => found({ lain: 'high' }), { code: 'OPTION_INVALID' })
})

test('history: what a message led to and where one came from are the same tree, read both ways', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const { history, close } = openSqliteReader(store)
  t.after(close)
  const records = [...selectRecords(history, { name: 'transfer' })] as StoredRecord[]
  const view = viewRecord(records.find(({ kind }) => kind === RecordKind.turn) as StoredRecord)
  const [child] = view.sends
  const tree = causeTree(history, view.message as string)
  assert.deepEqual(
    tree.children.map(({ id }) => id),
    [child?.id],
  )
  assert.deepEqual(
    whyChain(history, child?.id as string).map(({ id }) => id),
    [child?.id, view.message],
  )
  assert.throws(() => causeTree(history, '@p999.0'), { code: 'OPTION_INVALID' })
  const byOwnId = await troupe(['history', store, '--cause', 'gift-1', '--json'])
  assert.equal(jsonLines(byOwnId.stdout)[0]?.['ownId'], 'gift-1')
})

test('history: a sequence diagram names everybody and escapes what Mermaid would read', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await withBank(store, async (system) => {
    await system.ref(Account, 'a;b#c').ask.deposit({ amount: 1 })
  })
  const { stdout } = await troupe(['history', store, '--mermaid'])
  assert.match(
    stdout,
    /^sequenceDiagram\n {2}participant p0 as outside\n {2}participant p1 as account\/a#59;b#35;c\n/,
  )
  assert.match(stdout, / {2}p0->>p1: deposit\n/)
})

test('history: recorded texts have no power over a terminal, in text and in JSON', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await withBank(store, async (system) => {
    const memo = '\u001b[2J\u0007\u009b31m\u202eevil\r\n'
    await system.ref(Account, 'alice').ask.deposit({ amount: 1, memo })
    await system
      .ref(Account, 'alice')
      .ask.break(null)
      .catch(() => undefined)
  })
  for (const more of [[], ['--json'], ['--full']]) {
    const { stdout } = await troupe(['history', store, ...more], { isTTY: false })
    assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\u202e]/u)
  }
  const [first] = jsonLines((await troupe(['history', store, '--json'])).stdout)
  assert.ok(first)
  assert.deepEqual((first['inline'] as { payload: unknown }).payload, {
    amount: 1,
    memo: '\u001b[2J\u0007\u009b31m\u202eevil\r\n',
  })
})

test('history: colours only on a terminal, and never with NO_COLOR', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const coloured = async (isTTY: boolean, env: NodeJS.ProcessEnv): Promise<boolean> =>
    (await troupe(['history', store], { isTTY, env })).stdout.includes('\u001b[')
  assert.equal(await coloured(true, {}), true)
  assert.equal(await coloured(false, {}), false)
  assert.equal(await coloured(true, { NO_COLOR: '1' }), false)
  assert.equal(await coloured(true, { TERM: 'dumb' }), false)
})

test('history: a long value is cut with its size, and shown whole when asked for', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await withBank(store, async (system) => {
    await system.ref(Account, 'alice').ask.deposit({ amount: 1, memo: 'x'.repeat(100_000) })
  })
  const short = await troupe(['history', store])
  assert.ok(short.stdout.length < 1_000)
  assert.match(short.stdout, /… \(100,0\d\d bytes\)/)
  assert.ok((await troupe(['history', store, '--full'])).stdout.length > 100_000)
})

test('D4: what is damaged is named and the rest is shown; the exit code says so', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const all = jsonLines((await troupe(['history', store, '--json'])).stdout)
  const db = connect(store)
  db.exec('UPDATE segments SET directory = zeroblob(length(directory)) WHERE position = 1')
  db.close()
  const { code, stdout } = await troupe(['history', store])
  assert.equal(code, 1)
  assert.match(stdout, /damaged {2}the directory of records 1 to \d+ fails its checksum/)
  const left = jsonLines((await troupe(['history', store, '--json'])).stdout)
  assert.deepEqual(left.at(-1), all.at(-1))
})

test('D10: the history of a running system is read beside its writer, and followed until Ctrl-C', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await withBank(store, async (system) => {
    const alice = system.ref(Account, 'alice')
    await alice.ask.deposit({ amount: 1, memo: 'before' })
    let seen = 0
    const followed = troupe(['history', store, '--follow', '--json'], {
      onOutput: (_text, interrupt) => {
        seen += 1
        if (seen === 1) void alice.ask.deposit({ amount: 2, memo: 'while' })
        else interrupt()
      },
    })
    const { code, stdout } = await followed
    assert.equal(code, 0)
    assert.deepEqual(
      jsonLines(stdout).map((one) => (one['inline'] as { payload: { memo: string } }).payload.memo),
      ['before', 'while'],
    )
  })
})

test('history: what is no store, and options that do not fit, are refused with their own exit code', async (t) => {
  const folder = temporaryFolder(t)
  const text = join(folder, 'text.db')
  writeFileSync(text, 'hello '.repeat(100))
  const empty = join(folder, 'empty.db')
  writeFileSync(empty, '')
  const foreign = join(folder, 'foreign.db')
  const db = connect(foreign)
  db.exec('CREATE TABLE t (a)')
  db.close()
  const newer = join(folder, 'newer.db')
  await writeBank(newer)
  const store = connect(newer)
  store.exec('PRAGMA user_version = 99')
  store.pragma('wal_checkpoint(TRUNCATE)')
  store.close()
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stderr, stdout } = await troupe(['history', ...args])
    assert.equal(stdout, '')
    return `${code} ${/\[(\w+)\]\n$/.exec(stderr)?.[1]}`
  }
  assert.equal(await refused(text), '1 STORE_CORRUPT')
  assert.equal(await refused(empty), '1 STORE_CORRUPT')
  assert.equal(await refused(foreign), '1 STORE_CORRUPT')
  assert.equal(await refused(newer), '1 STORE_NEWER')
  assert.equal(await refused(join(folder, 'nowhere.db')), '2 OPTION_INVALID')
  assert.equal(await refused(), '2 OPTION_INVALID')
  assert.equal(await refused(text, 'more'), '2 OPTION_INVALID')
  assert.equal(await refused(text, '--acter', 'x'), '2 OPTION_INVALID')
  assert.equal(await refused(text, '--since', 'yesterday'), '2 OPTION_INVALID')
  assert.equal(await refused(text, '--lane', 'fast'), '2 OPTION_INVALID')
  assert.equal(await refused(text, '--first', '0'), '2 OPTION_INVALID')
  assert.equal(await refused(text, '--why', '@p1.0', '--mermaid'), '2 OPTION_INVALID')
  assert.equal(await refused(text, '--follow', '--last', '3'), '2 OPTION_INVALID')
})

test('history: as a process of its own, and a reader that goes away early is no failure', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const main = fileURLToPath(new URL('../../runtime/cli/main.ts', import.meta.url))
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env
  const child = spawn(process.execPath, [...fromSources, main, 'history', store, '--follow'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [first] = (await once(child.stdout, 'data')) as [Buffer]
  assert.match(String(first), /account\/alice/)
  child.stdout.destroy()
  child.kill('SIGINT')
  const [code] = (await once(child, 'close')) as [number | null]
  assert.equal(code, 0)
})
