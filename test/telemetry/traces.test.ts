/** What a collector gets to see of messages and turns, taken from the wire. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createSystem } from '../../runtime/main/create-system.ts'
import type { SystemOptions } from '../../runtime/main/options.ts'
import type { System } from '../../runtime/main/system.ts'
import type { TraceOptions } from '../../runtime/telemetry/traces/options.ts'
import { assertOneTree, parentOf, type Receiver, receiver } from './receiver.ts'
import shop, { Order } from './traced.app.ts'

const item = { item: 'tea', note: 'for Ms Hooper' }

async function traced(
  t: TestContext,
  traces: Partial<TraceOptions> = {},
  options: SystemOptions = {},
): Promise<{ system: System; collector: Receiver }> {
  const collector = await receiver(t)
  const system = await createSystem(shop, {
    store: 'memory',
    workers: 0,
    telemetry: { traces: { endpoint: collector.url, ...traces } },
    ...options,
  })
  t.after(() => system.close())
  return { system, collector }
}

test('traces: an ask, what its turn asks and tells, and what follows are one tree', async (t) => {
  const { system, collector } = await traced(t, { resource: { 'service.name': 'shop' } })
  assert.equal(await system.ref(Order, 'anna').ask.place(item), 300)
  await system.close()
  const root = assertOneTree(collector.spans)
  assert.equal(root.name, 'send order')
  assert.equal(root.kind, 'producer')
  assert.equal(
    collector.names(),
    'pack, process order, process price, process till, process till, send order, send price, send till, send till',
  )
  const turn = collector.only('process order')
  assert.equal(turn.kind, 'consumer')
  assert.deepEqual(turn.links, [root.spanId])
  assert.equal(turn.parentId, root.spanId)
  assert.equal(turn.attributes['messaging.destination.name'], 'order')
  assert.equal(turn.attributes['messaging.system.name'], 'troupe')
  assert.equal(turn.attributes['troupe.actor.key'], 'anna')
  assert.equal(turn.attributes['troupe.turn.attempt'], 1)
  assert.equal(turn.resource['service.name'], 'shop')
  const pack = collector.only('pack')
  assert.equal(pack.attributes['shop.items'], 1)
  assert.equal(parentOf(collector.spans, pack), turn)
  const below = collector.named('send till').map((send) => parentOf(collector.spans, send)?.name)
  assert.deepEqual(below.sort(), ['pack', 'process order'])
  for (const { start, end } of collector.spans) assert.ok(end >= start && start > 10n ** 18n)
  // An ask lasts until its answer.
  assert.ok(root.end >= turn.end)
})

test('traces: across two threads and the store one tree, told by one exporter', async (t) => {
  const { system, collector } = await traced(t, {}, { workers: 2 })
  await system.ref(Order, 'anna').ask.place(item)
  await system.close()
  assertOneTree(collector.spans)
  const slots = collector.spans.flatMap(({ attributes }) => attributes['troupe.slot'] ?? [])
  assert.equal(new Set(slots).size, 2)
  assert.equal(collector.spans.length, 9)
})
