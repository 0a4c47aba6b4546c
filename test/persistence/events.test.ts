import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import { PartFlag, RecordKind } from '../../persistence/record.ts'
import { bytes, Writer } from './frames.ts'

test('D3: recorded events of a volatile actor make no snapshot due', () => {
  const store = openMemoryStore()
  const writer = new Writer(store)
  for (let index = 1; index <= 100; index += 1) {
    const message = { position: -1, index }
    const header = { name: 'say', lane: 3 }
    writer.build.record({ kind: RecordKind.event, time: 1, actor: 'full/a', message, ...header })
    const payload = bytes('x'.repeat(4_000))
    writer.build.message({ to: 'full/a', ...header, flags: PartFlag.inline, payload })
  }
  const [ack] = store.commit([writer.build.take()])
  assert.equal(ack?.refused.length, 0)
  assert.equal(store.position, 100)
  assert.deepEqual(store.dueSnapshots(1), [])
  assert.equal(store.stats().pending, 0)
})
