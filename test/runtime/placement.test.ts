/** F4: where an address lives after a slot was given up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Placement } from '../../runtime/wire/placement.ts'

test('F4: the addresses of a slot that was given up move, those of others stay, also when they were asked for before', () => {
  const placement = new Placement({ shared: 3, pinned: new Map([['pinned', 3]]) })
  const addresses = Array.from({ length: 300 }, (_, n) => `a/${n}`)
  const before = addresses.map((address) => placement.slotOf(address))
  placement.retire(1)
  addresses.forEach((address, n) => {
    const slot = placement.slotOf(address)
    assert.notEqual(slot, 1)
    if (before[n] !== 1) assert.equal(slot, before[n])
  })
  assert.deepEqual([...new Set(before)].sort(), [0, 1, 2])
  assert.equal(placement.slotOf('pinned/x'), 3)
})
