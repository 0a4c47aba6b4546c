/** The customer support as a command, killed where it hurts. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeValue, openSqliteReader, RecordKind } from 'troupe/persistence'
import { Ledger } from '../../../examples/customer-support/shop/ledger.ts'
import { temporaryFolder } from '../knowledge-base/temporary-folder.ts'
import { command } from './command.ts'

/** The clerk says one piece and then waits for longer than any test. */
const stalled = ['--pace', '600000']

test('D2: killed in the middle of a model stream, the next start goes on: no completed step again, the stream anew', async (t) => {
  const store = join(temporaryFolder(t), 'support.db')
  const args = ['Where is order 17?', '--store', store]
  const killed = await command([...args, ...stalled], { killAfter: 'Your order 17' })
  assert.equal(killed.signal, 'SIGKILL', killed.stderr)
  assert.deepEqual(stepsDone(store), ['model 1', 'tool order 1'])
  const again = await command([...args, '--workers', '0'])
  assert.equal(again.code, 0, again.stderr)
  assert.match(again.stderr, /^Going on with "Where is order 17\?"$/m)
  assert.match(again.stdout, /^Your order 17 \(kettle, 39\.90 euros\): it is sent on .*\.$/m)
  assert.match(again.stdout, /^conversation +3 /m, 'the same question was not asked twice')
  assert.deepEqual(stepsDone(store), ['model 1', 'tool order 1', 'model 2'])
})

test('D2: an approval waits while its process is killed, and decided after that it is executed once, killed again or not', async (t) => {
  const store = join(temporaryFolder(t), 'support.db')
  const at = ['--store', store, '--workers', '0']
  // Without a question it reads lines: it waits for the next one when it is killed.
  const waiting = await command(at, {
    stdin: 'I want my money back for order 18\n',
    killAfter: 'most ',
  })
  assert.equal(waiting.signal, 'SIGKILL', waiting.stderr)
  const id = /\(approval ([\w-]+)\)/.exec(waiting.stdout)?.[1] ?? ''
  assert.deepEqual(paid(store), [])
  const decide = ['--approve', id, '--by', 'dora', ...at]
  const killed = await command([...decide, ...stalled], { killAfter: 'I have paid' })
  assert.equal(killed.signal, 'SIGKILL', killed.stderr)
  assert.deepEqual(paid(store), ['18 249'])
  const again = await command(decide)
  assert.equal(again.code, 0, again.stderr)
  assert.match(
    again.stdout,
    /^I have paid 249\.00 euros back for order 18\. Your receipt is R-\w+\.$/m,
  )
  assert.deepEqual(paid(store), ['18 249'])
  assert.deepEqual(
    stepsDone(store).filter((step) => step.startsWith('tool')),
    ['tool order 1', 'tool refund 1'],
  )
})

const paid = (store: string): string[] =>
  new Ledger(store.replace('.db', '.refunds.jsonl'))
    .payments()
    .map(({ order, amount }) => `${order} ${amount}`)

/** The agent's steps that have a result, in the order of the history. */
function stepsDone(store: string): string[] {
  const reader = openSqliteReader(store)
  const steps: string[] = []
  try {
    for (let position = 1; position <= reader.history.position; position++) {
      const record = reader.history.record(position)
      assert.ok(record !== undefined && 'kind' in record && !('detail' in record))
      if (record.kind !== RecordKind.stepDone || record.actor !== 'support/anna') continue
      const { n } = decodeValue(record.step as Uint8Array) as { n: number }
      steps.push(`${record.name} ${n}`)
    }
  } finally {
    reader.close()
  }
  return steps
}
