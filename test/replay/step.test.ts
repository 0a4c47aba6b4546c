/** `troupe step`: every word, driven through standard input as a script does. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import { Walk } from '../../persistence/replay/walk.ts'
import { connect } from '../../persistence/sqlite/connection.ts'
import { fromSources } from '../house/from-sources.ts'
import { Writer } from '../persistence/frames.ts'
import { temporaryFolder, writeBank } from './bank.ts'
import { jsonLines, troupe } from './cli.ts'

test('step: forward, back, to a failure, to a message, to a change, and the state there', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const step = async (...words: string[]): Promise<Record<string, unknown>[]> => {
    const { code, stdout, stderr } = await troupe(['step', store, '--json'], {
      input: `${words.join('\n')}\n`,
    })
    assert.equal(stderr, '')
    assert.equal(code, 0)
    return jsonLines(stdout)
  }
  const at = async (...words: string[]): Promise<unknown> =>
    (await step(...words)).at(-1)?.['position']
  assert.equal(await at('n'), 1)
  assert.equal(await at('n', '', 'n', 'p'), 2)
  assert.equal(await at('f'), 9)
  assert.equal(await at('f', 'f'), 11)
  assert.deepEqual((await step('f', 'f', 'f')).at(-1), { text: 'nothing fails after this' })
  assert.equal(await at('g 5'), 5)
  assert.equal(await at('m gift-1'), 2)
  assert.equal(await at('m @p6.0'), 6)
  assert.equal(await at('a account/bob', 'n'), 10)
  assert.equal(await at('a account/bob', 'g 12', 'p'), 10)
  assert.equal(await at('a account/alice', 'c balance', 'c balance', 'c balance'), 6)
  assert.equal(await at('a account/alice', 'g 3', 'c entries[0]', 'w'), 3)
  assert.equal(await at('a account/alice', 'a', 'n', 'n'), 2)
  assert.deepEqual((await step('g 6', 's')).at(-1)?.['state'], {
    balance: 27,
    entries: [
      { amount: 50, memo: 'Salary' },
      { amount: 7, memo: '' },
    ],
  })
  assert.deepEqual((await step('g 6')).at(-1)?.['changes'], [
    { path: 'balance', before: 57, after: 27 },
  ])
  assert.equal((await step('n', 'q', 'n')).length, 1)
  assert.deepEqual((await step('g 1', 'p')).at(-1), { text: 'this is the first record' })
})

test('step: shows the message, what it changed and what was sent, as text', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const { stdout, code } = await troupe(['step', store, '--at', '5'], {
    input: 'n\ns account/bob\nh\n',
  })
  assert.equal(code, 0)
  assert.match(stdout, /> account\/bob {2}deposit/)
  assert.match(stdout, /- balance {2}57\n +\+ balance {2}27\n/)
  assert.match(stdout, /account\/bob has no state here/)
  assert.match(stdout, /g, goto N +the record at a position/)
})

test('step: a piped word that fails ends the script with exit code 1', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  for (const [word, why] of [
    ['nxt', /did you mean "next"/],
    ['g 99', /there is no record 99; the last one is 12/],
    ['g x', /expected a position/],
    ['c balance', /of which actor/],
    ['m @p99.0', undefined],
    ['s', /has no actor/],
  ] as const) {
    const { code, stdout, stderr } = await troupe(['step', store], { input: `${word}\nn\n` })
    if (why === undefined) {
      assert.match(stdout, /no record holds it/)
      continue
    }
    assert.equal(code, 1, word)
    assert.match(stderr, why)
    assert.equal(stdout, '')
  }
})

test('D4: a walk goes on past what cannot be read, and says what it cannot show', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const db = connect(store)
  db.exec('UPDATE segments SET body = zeroblob(length(body)) WHERE position = 1')
  db.close()
  const { code, stdout } = await troupe(['step', store], { input: 'n\nn\nn\nn\n' })
  assert.equal(code, 0)
  assert.match(stdout, /^ +1 {2}damaged/)
  assert.match(stdout, /no state {2}record 1 of account\/alice, deposit, cannot be read/)
  assert.match(stdout, /step-begun #1/)
})

test('step: far back over records that do not count', () => {
  const writer = new Writer(openMemoryStore())
  writer.accept('cell/a', 'x')
  writer.commit()
  for (let i = 0; i < 5_000; i += 1) writer.accept('cell/b', 'x')
  writer.accept('cell/a', 'x')
  writer.commit()
  const walk = new Walk(writer.store as never)
  walk.only({ actor: 'cell/a' })
  walk.toPosition(5_002)
  assert.equal(walk.back(), true)
  assert.equal(walk.position, 1)
  assert.equal(walk.back(), false)
})

test('step: as a process of its own, driven by a pipe', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const main = fileURLToPath(new URL('../../runtime/cli/main.ts', import.meta.url))
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env
  const child = spawn(process.execPath, [...fromSources, main, 'step', store], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk)
  })
  child.stdin.end('n\nf\n')
  const [code] = (await once(child, 'close')) as [number | null]
  assert.equal(code, 0)
  assert.match(stdout, /insufficient funds/)
})
