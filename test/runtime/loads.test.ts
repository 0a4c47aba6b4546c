/** The gate before activation: how many actors are loaded at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JournalClient, loadsAtOnce } from '../../runtime/peer/journal.ts'
import { StoreClient } from '../../runtime/peer/store-client.ts'
import type { ToStore } from '../../runtime/store/protocol.ts'

test('at most 50 actors of a thread are loaded at once, the others wait their turn', async () => {
  const asked: ToStore[] = []
  const client = new StoreClient({ post: (message) => asked.push(message) })
  const journal = new JournalClient(client, { slot: 0, epoch: 1 }, () => undefined)
  const loads = Array.from({ length: 120 }, (_, i) => journal.load(`a/${i}`, 1))
  await new Promise(setImmediate)
  let answered = 0
  let most = 0
  while (answered < 120) {
    most = Math.max(most, asked.length - answered)
    const message = asked[answered] as ToStore & { readonly kind: 'ask' }
    client.receive({ kind: 'answer', id: message.id, value: { kind: 'loaded' } })
    answered += 1
    await new Promise(setImmediate)
  }
  await Promise.all(loads)
  assert.equal(most, loadsAtOnce)
  assert.equal(loadsAtOnce, 50)
  const order = asked.map((message) => (message as { with: { actor: string } }).with.actor)
  assert.deepEqual(
    order,
    Array.from({ length: 120 }, (_, i) => `a/${i}`),
  )
})
