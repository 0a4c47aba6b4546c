/** The pending set against a map, and what a million messages weigh. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PendingSet } from '../../persistence/pending.ts'

const key = fc.record({
  row: fc.integer({ min: 1, max: 4 }),
  position: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constantFrom(-7, 2 ** 40)),
  index: fc.nat(3),
})

test('the pending set finds exactly what was added and not removed, in order per row', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 200, size: 'max' }), (keys) => {
      const set = new PendingSet()
      const model = new Map<string, (typeof keys)[number]>()
      for (const { row, position, index } of keys) {
        const name = `${row} ${position} ${index}`
        const entry = set.find(row, position, index)
        assert.equal(entry !== 0, model.has(name))
        if (entry === 0) {
          set.add(row, position, index, 1 + index, 0)
          model.set(name, { row, position, index })
        } else {
          set.remove(entry)
          model.delete(name)
        }
      }
      assert.equal(set.size, model.size)
      for (const row of [1, 2, 3, 4]) {
        const own = [...model.values()].filter((one) => one.row === row)
        // Those that were in hand stand first.
        const expected = own.toSorted((a, b) => Number(b.position < 0) - Number(a.position < 0))
        const found = []
        for (let entry = set.first(row); entry !== 0; entry = set.next(entry)) {
          found.push({ row, position: set.position(entry), index: set.index(entry) })
        }
        assert.deepEqual(found, expected)
        assert.equal(set.count(row), expected.length)
        assert.equal(
          set.lanes(row),
          expected.reduce((lanes, { index }) => lanes | (2 << index), 0),
        )
      }
    }),
  )
})

test('a million pending messages of one actor weigh at most 100 bytes each', () => {
  const before = process.memoryUsage().arrayBuffers
  const set = new PendingSet()
  for (let position = 1; position <= 1_000_000; position += 1) set.add(1, position, 0, 3, 0)
  const bytes = process.memoryUsage().arrayBuffers - before
  assert.ok(bytes / 1e6 < 100, `${bytes / 1e6} bytes`)
  assert.equal(set.size, 1_000_000)
})
