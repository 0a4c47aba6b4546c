/** `troupe fork`: what is kept, what is changed, and that a system runs on from there. */
import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'
import { Account, temporaryFolder, withBank, writeBank } from './bank.ts'
import { jsonLines, troupe } from './cli.ts'

function files(folder: string): [store: string, out: string, edit: string] {
  return [join(folder, 'bank.db'), join(folder, 'fork.db'), join(folder, 'new.json')]
}

async function balance(store: string, actor: string): Promise<unknown> {
  const [json] = jsonLines((await troupe(['state', store, actor, '--json'])).stdout)
  return (json?.['state'] as { balance: number } | undefined)?.balance
}

test('D7: a fork is the store as it was at the position, and a system runs on with it', async (t) => {
  const folder = temporaryFolder(t)
  const [store, out] = [join(folder, 'bank.db'), join(folder, 'fork.db')]
  await writeBank(store)
  const { code, stdout } = await troupe(['fork', store, '--at', '3', '--out', out])
  assert.deepEqual([code, stdout], [0, `${out} holds 3 records\n`])
  const [a, b] = [openSqliteReader(store), openSqliteReader(out)]
  assert.equal(b.history.position, 3)
  for (const position of [1, 2, 3]) {
    assert.deepEqual(b.history.record(position), a.history.record(position))
  }
  for (const one of [a, b]) one.close()
  assert.equal(await balance(out, 'account/alice'), 57)
  await withBank(out, async (system) => {
    assert.equal(await system.ref(Account, 'alice').ask.deposit({ amount: 1 }), 58)
  })
  assert.equal(await balance(store, 'account/alice'), 27, 'the old store is as it was')
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('forking')),
    [],
  )
})

test('fork: a message that waits at the cut is handled with its new payload', async (t) => {
  const folder = temporaryFolder(t)
  const [store, out, edit] = files(folder)
  await writeBank(store)
  const [turn] = jsonLines(
    (await troupe(['history', store, '--json', '--outcome', 'ok'])).stdout,
  ).filter(({ kind, name }) => kind === 'turn' && name === 'transfer')
  const { position, sends } = turn as unknown as { position: number; sends: { id: string }[] }
  const id = (sends[0] as { id: string }).id
  writeFileSync(edit, '{ "amount": 1000, "memo": "edited" }')
  const args = ['fork', store, '--at', String(position), '--out', out, '--edit', `${id}=${edit}`]
  const { code, stdout, stderr } = await troupe(args)
  assert.equal(code, 0, stderr)
  assert.equal(stdout, `${out} holds ${position} records\n${id} is changed\n`)
  await withBank(out, async (system) => {
    await system.ref(Account, 'bob').ask.deposit({ amount: 1 })
  })
  assert.equal(await balance(out, 'account/bob'), 1001)
  assert.equal(await balance(store, 'account/bob'), 31)
})

test('fork: a message that came from outside after the cut comes with its new payload', async (t) => {
  const folder = temporaryFolder(t)
  const [store, out, edit] = files(folder)
  await writeBank(store)
  writeFileSync(edit, '{ "amount": 500 }')
  const args = ['fork', store, '--at', '1', '--out', out, '--edit', `gift-1=${edit}`]
  const { code, stdout } = await troupe(args)
  assert.equal(code, 0)
  assert.match(stdout, /gift-1 is changed, now @p2\.0/)
  await withBank(out, async (system) => {
    const alice = system.ref(Account, 'alice')
    assert.equal(await alice.ask.deposit({ amount: 1 }), 551)
    assert.equal(
      await alice.ask.deposit({ amount: 9 }, { id: 'gift-1' }),
      550,
      'its own id is known',
    )
  })
})

test('fork: a message that was only in memory until its turn can be changed too', async (t) => {
  const folder = temporaryFolder(t)
  const [store, out, edit] = files(folder)
  await writeBank(store)
  const [, , , first] = jsonLines((await troupe(['history', store, '--json'])).stdout)
  writeFileSync(edit, '{ "to": "carol", "amount": 10 }')
  const id = first?.['message'] as string
  const { code, stderr } = await troupe([
    'fork',
    store,
    '--at',
    '3',
    '--out',
    out,
    '--edit',
    `${id}=${edit}`,
  ])
  assert.equal(code, 0, stderr)
  await withBank(out, async (system) => {
    assert.equal(await system.ref(Account, 'alice').ask.deposit({ amount: 1 }), 48)
    await system.ref(Account, 'carol').ask.deposit({ amount: 1 })
  })
  assert.equal(await balance(out, 'account/carol'), 11)
})

test('fork: an edit that could not come true is refused with what to do', async (t) => {
  const folder = temporaryFolder(t)
  const [store, out, edit] = files(folder)
  await writeBank(store)
  writeFileSync(edit, '{ "amount": 500 }')
  const refused = async (code: number, why: RegExp, ...args: string[]): Promise<void> => {
    const ran = await troupe(['fork', store, '--out', out, ...args])
    assert.equal(ran.code, code, ran.stderr)
    assert.match(ran.stderr, why)
  }
  const edits = (id: string): string[] => ['--edit', `${id}=${edit}`]
  await refused(2, /was begun in record 3; fork before it, --at 2/, '--at', '3', ...edits('@p2.0'))
  await refused(2, /is sent by account\/alice in record 6/, '--at', '3', ...edits('@p6.0'))
  await refused(2, /holds no message/, '--at', '3', ...edits('@p999.0'))
  await refused(2, /holds no message/, '--at', '3', ...edits('nobody'))
  await refused(2, /from 1 to 12, got 13/, '--at', '13')
  await refused(2, /ID=FILE/, '--at', '3', '--edit', 'x')
  await refused(2, /no file/, '--at', '3', '--edit', 'gift-1=nowhere.json')
  await refused(2, /--at and --out are needed/)
  writeFileSync(out, '')
  await refused(1, /STORE_EXISTS/, '--at', '3')
})
