/** F4: where an address lives after a slot was given up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { Lane } from '../../mailbox/lane.ts'
import { Placement } from '../../runtime/wire/placement.ts'
import { keyOn } from '../system/support.ts'
import { harness } from './harness.ts'

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

const Here = contract('here', { touch: message() })
const here = actor(Here, { on: { touch: () => undefined } })
const [mine, theirs] = [0, 1].map((slot) => `here/${keyOn(slot, 'here')}`) as [string, string]

test('F4: what comes to a thread for an actor of another goes on to that one, and brings nobody up', async () => {
  const h = harness({ actors: [here], slot: 0 })
  for (const to of [mine, theirs]) {
    h.peer.signalled(to, { kind: 'wake' })
    h.peer.signalled(to, { kind: 'adopt', parent: mine })
    h.peer.routing.arrived(new Envelope(to, '', 'touch', undefined, Lane.normal, -1, 1, 0, 0))
  }
  await h.settle()
  assert.ok(h.peer.residents.get(mine))
  assert.equal(h.peer.residents.get(theirs), undefined)
  assert.equal(h.peer.links.get(1)?.waitingSince, h.clock.mono())
})
