/** T2: FIFO per sender, receiver and lane, whatever the receiver goes through. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { UserLane } from '../../mailbox/lane.ts'
import { harness } from './harness.ts'

type What = 'sync' | 'async' | 'wait' | 'fail' | 'failLate' | 'stash' | 'unstash'

interface Item {
  readonly from: string
  readonly lane: UserLane
  readonly n: number
  readonly what: What
}

const Receiver = contract('receiver', { item: message<Item>() })
const Sender = contract('sender', { send: message<readonly Omit<Item, 'from' | 'n'>[]>() })

/** Sends everything through real actors and returns the order in which handlers first saw it. */
async function run(batches: readonly (readonly Omit<Item, 'from' | 'n'>[])[]): Promise<Item[]> {
  const seen: Item[] = []
  const known = new Set<string>()
  const numbers = new Map<string, number>()
  const receiver = actor(Receiver, {
    state: () => ({}),
    supervision: { restarts: 1_000, backoff: 10, maxBackoff: 10 },
    on: {
      async item(ctx, item) {
        const id = `${item.from} ${item.lane} ${item.n}`
        const isFirst = !known.has(id)
        known.add(id)
        if (isFirst) seen.push(item)
        if (item.what === 'async') await Promise.resolve()
        if (item.what === 'wait') await new Promise((resolve) => setImmediate(resolve))
        if (item.what === 'failLate') await Promise.resolve()
        if (item.what === 'fail' || item.what === 'failLate') throw new Error(id)
        if (item.what === 'stash' && isFirst) ctx.stash()
        if (item.what === 'unstash') ctx.unstash()
      },
    },
  })
  const sender = actor(Sender, {
    on: {
      send(ctx, items) {
        const from = ctx.self.key
        for (const { lane, what } of items) {
          const counter = `${from} ${lane}`
          const n = numbers.get(counter) ?? 0
          numbers.set(counter, n + 1)
          ctx.ref(Receiver, 'r').tell.item({ from, lane, n, what }, { lane })
        }
      },
    },
  })
  const h = harness({ actors: [receiver, sender] })
  for (const [i, items] of batches.entries()) h.ref(Sender, `s${i % 3}`).tell.send(items)
  await h.advance(20_000)
  assert.equal(h.imbalance(), 0)
  const total = batches.reduce((sum, items) => sum + items.length, 0)
  assert.equal(seen.length, total, 'everything was handled')
  return seen
}

const anItem = fc.record({
  lane: fc.constantFrom<UserLane>('control', 'high', 'normal', 'low'),
  what: fc.constantFrom<What>('sync', 'async', 'wait', 'fail', 'failLate', 'stash', 'unstash'),
})

test('T2: FIFO per sender, receiver and lane through awaits, restarts and the stash', async () => {
  const batches = fc.array(fc.array(anItem, { maxLength: 12 }), { maxLength: 8 })
  const law = fc.asyncProperty(batches, async (sends) => {
    const next = new Map<string, number>()
    for (const { from, lane, n } of await run(sends)) {
      const key = `${from} ${lane}`
      assert.equal(n, next.get(key) ?? 0, `order of ${key}`)
      next.set(key, n + 1)
    }
  })
  await fc.assert(law, { numRuns: 60 })
})
