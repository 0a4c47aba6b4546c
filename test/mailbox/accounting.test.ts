/** M4: rows of many threads sum to one account, and a missing message shows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  Count,
  countColumns,
  imbalance,
  pendingColumn,
  sumRows,
  sumWaiting,
  takenColumn,
} from '../../mailbox/accounting.ts'
import { Lane } from '../../mailbox/lane.ts'
import { LinkCounts } from '../../runtime/wire/link-counts.ts'

/** Where a message can be, and the columns that say so on the thread that accepted it. */
const fates = [
  ['processed'],
  ['deadLettered'],
  ['running'],
  ['pending'],
  ['stashed'],
  ['inStore'],
  ['lost'],
] as const satisfies readonly (readonly (keyof typeof Count)[])[]

const newRows = (threads: number): Float64Array[] =>
  Array.from({ length: threads }, () => new Float64Array(countColumns))

function bump(rows: Float64Array[], thread: number, column: keyof typeof Count, by = 1): void {
  const row = rows[thread % rows.length] as Float64Array
  row[Count[column]] = (row[Count[column]] ?? 0) + by
}

test('M4: each accepted message is in one place, on any thread, and the account is even', () => {
  const story = fc.record({ fate: fc.constantFrom(...fates), from: fc.nat(3), to: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(story), fc.integer({ min: 1, max: 4 }), (stories, threads) => {
      const rows = newRows(threads)
      for (const { fate, from, to } of stories) {
        bump(rows, from, 'accepted')
        for (const column of fate) bump(rows, to, column)
      }
      assert.equal(imbalance(sumRows(rows)), 0)
      assert.equal(sumRows(rows).accepted, stories.length)
    }),
  )
})

test('M4: in transit is what was sent and not yet received', () => {
  const rows = newRows(2)
  const link = new LinkCounts(['counter'])
  bump(rows, 0, 'accepted', 5)
  for (let i = 0; i < 5; i += 1) link.sent('counter/a', i % 2 === 0)
  for (let i = 0; i < 3; i += 1) link.received('counter/a', i % 2 === 0)
  bump(rows, 1, 'pending', 3)
  const [transit] = [...link.inTransit()]
  assert.deepEqual(transit, { type: 'counter', volatile: 1, stored: 1 })
  const sum = sumRows(rows, 2)
  assert.deepEqual([sum.inTransit, sum.pending, imbalance(sum)], [2, 3, 0])
})

test('M4: a message that is nowhere shows as an imbalance', () => {
  const rows = newRows(1)
  bump(rows, 0, 'accepted', 2)
  bump(rows, 0, 'processed')
  assert.equal(imbalance(sumRows(rows)), 1)
})

test('M4: every column has its own place in a row', () => {
  const { pending: _p, taken: _t, ...others } = Count
  const lanes = [Lane.control, Lane.high, Lane.normal, Lane.low]
  const byLane = lanes.flatMap((lane) => [pendingColumn(lane), takenColumn(lane)])
  const columns = [...Object.values(others), ...byLane]
  assert.equal(new Set(columns).size, columns.length)
  assert.ok(columns.every((column) => column >= 0 && column < countColumns))
  assert.equal(countColumns % 8, 0)
})

test('M4: what waits is counted by lane, and pending is the sum over lanes and the store', () => {
  const rows = newRows(2)
  const lanes = [Lane.control, Lane.high, Lane.high, Lane.normal, Lane.low]
  for (const [thread, lane] of lanes.entries()) {
    const row = rows[thread % 2] as Float64Array
    row[pendingColumn(lane)] = (row[pendingColumn(lane)] ?? 0) + 1
  }
  bump(rows, 0, 'inStore', 7)
  bump(rows, 1, 'inStore', -4)
  const byLane = { control: 1, high: 2, normal: 1, low: 1 }
  assert.deepEqual(sumWaiting(rows), { byLane, inStore: 3 })
  assert.equal(sumRows(rows).pending, lanes.length + 3)
})
