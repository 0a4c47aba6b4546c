/** `troupe diff`: what counts as the same, where two histories part, and what came of it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeValue } from '../../persistence/codec.ts'
import type { HistoryStore } from '../../persistence/history-store.ts'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import { compareHistories } from '../../persistence/replay/comparison.ts'
import { connect } from '../../persistence/sqlite/connection.ts'
import { PartFlag, RecordKind, Writer } from '../persistence/frames.ts'
import { Account, temporaryFolder, withBank, writeBank } from './bank.ts'
import { jsonLines, troupe } from './cli.ts'

test('diff: two runs that said the same are the same, whenever they said it', async (t) => {
  const folder = temporaryFolder(t)
  const [a, b] = [join(folder, 'a.db'), join(folder, 'b.db')]
  await writeBank(a)
  await writeBank(b)
  const { code, stdout } = await troupe(['diff', a, b])
  assert.match(stdout, /^no difference\n/)
  assert.equal(code, 0)
  const [json] = jsonLines((await troupe(['diff', a, b, '--json'])).stdout)
  assert.equal(json?.['same'], true)
})

test('diff: the first difference, then states, messages, steps and durations', async (t) => {
  const folder = temporaryFolder(t)
  const [a, b] = [join(folder, 'a.db'), join(folder, 'b.db')]
  const run = (store: string, second: number, more: boolean): Promise<void> =>
    withBank(store, async (system) => {
      const alice = system.ref(Account, 'alice')
      await alice.ask.deposit({ amount: 100 })
      await alice.ask.transfer({ to: 'bob', amount: second })
      if (more) await alice.ask.deposit({ amount: 1 })
    })
  await run(a, 10, false)
  await run(b, 20, true)
  const { code, stdout } = await troupe(['diff', a, b])
  assert.equal(code, 3)
  assert.match(stdout, /^first difference at record 2\n/)
  assert.match(stdout, /- inline\.payload\.amount {2}10\n {2}\+ inline\.payload\.amount {2}20\n/)
  assert.match(stdout, /account\/bob\n {2}- balance {2}10\n {2}\+ balance {2}20\n/)
  assert.match(stdout, /account deposit ok {2}2 > 3\n/)
  assert.match(stdout, /fee#1\n {2}- 0\.1\n {2}\+ 0\.2\n/)
  assert.match(stdout, /account transfer {2}\d+ ms of 1 > \d+ ms of 1\n/)
  const [json] = jsonLines((await troupe(['diff', a, b, '--json'])).stdout)
  const { first, states } = json as unknown as {
    first: { position: number }
    states: { actor: string }[]
  }
  assert.equal(first.position, 2)
  assert.deepEqual(states.map(({ actor }) => actor).sort(), ['account/alice', 'account/bob'])
})

test('diff: a history that goes on where the other ends differs there', async (t) => {
  const folder = temporaryFolder(t)
  const [a, b] = [join(folder, 'a.db'), join(folder, 'b.db')]
  for (const store of [a, b]) {
    await withBank(store, async (system) => {
      await system.ref(Account, 'alice').ask.deposit({ amount: 1 })
      if (store === b) await system.ref(Account, 'carol').ask.deposit({ amount: 2 })
    })
  }
  const { code, stdout } = await troupe(['diff', a, b])
  assert.equal(code, 3)
  assert.match(stdout, /first difference at record 2\na {2}ends before it\n/)
  assert.match(stdout, /account\/carol {2}only in b\n/)
})

test('D4: what cannot be compared is told, and the exit code says so', async (t) => {
  const folder = temporaryFolder(t)
  const [a, b] = [join(folder, 'a.db'), join(folder, 'b.db')]
  await writeBank(a)
  await writeBank(b)
  const db = connect(b)
  db.exec('UPDATE segments SET body = zeroblob(length(body)) WHERE position = 1')
  db.close()
  const { code, stdout } = await troupe(['diff', a, b])
  assert.equal(code, 1)
  assert.match(stdout, /b {8,}1 {2}damaged/)
})

test('diff: what calls of models used is summed by step, where it differs', () => {
  const run = (tokens: readonly number[]) => {
    const writer = new Writer(openMemoryStore())
    tokens.forEach((outputTokens, i) => {
      const message = { position: -1, index: i }
      const record = { time: 1, actor: 'agent/a', message, name: 'think' }
      const failed = [{ usage: { inputTokens: 5, outputTokens: 0 } }]
      const usage = { inputTokens: 10, outputTokens, estimated: true }
      const result = encodeValue(i === 0 ? { usage, failedAttempts: failed } : { usage })
      const step = encodeValue({ key: `k${i}`, n: 1, hash: '' })
      writer.build.record({ kind: RecordKind.stepBegun, ...record, step })
      writer.build.message({
        to: 'agent/a',
        name: 'm',
        lane: 3,
        flags: PartFlag.inline | PartFlag.durable,
        payload: encodeValue(i),
      })
      writer.build.record({ kind: RecordKind.stepDone, ...record, step, result })
    })
    writer.commit()
    return writer.store as HistoryStore
  }
  const { usage } = compareHistories(run([1, 2]), run([1, 40]))
  assert.deepEqual(usage, [
    {
      what: 'agent think',
      a: { inputTokens: 25, outputTokens: 3 },
      b: { inputTokens: 25, outputTokens: 41 },
    },
  ])
  assert.deepEqual(compareHistories(run([1]), run([1])).usage, [])
})

test('diff: where code stood when it threw is no difference, a value that is called a stack is one', () => {
  const run = (stack: string, payload: unknown) => {
    const writer = new Writer(openMemoryStore())
    const error = encodeValue({
      name: 'Error',
      message: 'no',
      stack,
      cause: { name: 'E', message: 'm', stack },
    })
    writer.build.record({ kind: RecordKind.deadLetter, time: 1, name: 'expired', error })
    writer.build.message({ to: 't/a', name: 'm', lane: 3, flags: 0, payload: encodeValue(payload) })
    writer.commit()
    return writer.store as HistoryStore
  }
  const failed = { name: 'Error', message: 'no', stack: 'at /home/a' }
  const [here, there] = [
    run('at /home/a', { failed }),
    run('at C:\\b', { failed: { ...failed, stack: 'at C:\\b' } }),
  ]
  assert.equal(compareHistories(here, there).first, undefined)
  const { first } = compareHistories(
    run('s', { stack: ['a', 'b'] }),
    run('s', { stack: ['a', 'c'] }),
  )
  assert.deepEqual(
    first?.differences.map(({ path }) => path),
    ['sends[0].payload.stack[1]'],
  )
})
