/** When the archivist is sent to work (D3), and that what it cannot do is not asked of it for ever. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { Archivist } from '../../persistence/archivist.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { MemoryMedium, openMemoryStore } from '../../persistence/memory-store.ts'
import { SegmentBuilder } from '../../persistence/segment.ts'
import type { Store } from '../../persistence/store.ts'
import type { FromStore } from '../../runtime/store/protocol.ts'
import { StoreService } from '../../runtime/store/store-service.ts'
import { archiveSlot, Upkeep } from '../../runtime/store/upkeep.ts'
import { Writer } from '../persistence/frames.ts'

const snapshots = { checkpoint: false }

test('D7: a checkpoint is due after so many records, counted over restarts, and after a time', async () => {
  let now = 1_000_000
  const medium = new MemoryMedium()
  const open = () => openMemoryStore({ now: () => now }, medium)
  const ordered = (store: Store) =>
    new Upkeep(store, { every: 10, after: 3_600_000, now: () => now }).order()
  const commit = (store: Store, records: number): void => {
    const writer = new Writer(store)
    for (let i = 0; i < records; i += 1) writer.accept('account/a', 'x')
    writer.commit()
  }
  const first = open()
  commit(first, 6)
  assert.equal(ordered(first), undefined)
  const second = open()
  commit(second, 5)
  assert.deepEqual(
    ordered(second),
    { checkpoint: true },
    'six of the last process, five of this one',
  )
  const archivist = new Archivist(medium, second)
  await archivist.writeCheckpoint()
  assert.equal(ordered(second), undefined)
  now += 3_600_000
  assert.equal(ordered(open()), undefined, 'nothing was committed since')
  commit(second, 1)
  assert.deepEqual(ordered(open()), { checkpoint: true })
})

test('D7: a checkpoint that failed is ordered again a minute later, not with the next commit', () => {
  let now = 1_000_000
  const store = openMemoryStore({ now: () => now })
  const writer = new Writer(store)
  const upkeep = new Upkeep(store, { every: 1, now: () => now })
  writer.accept('account/a', 'x')
  writer.commit()
  assert.deepEqual(upkeep.order(), { checkpoint: true })
  upkeep.done(true)
  writer.accept('account/a', 'x')
  writer.commit()
  assert.equal(upkeep.order(), undefined)
  now += 60_000
  assert.deepEqual(upkeep.order(), { checkpoint: true })
})

/** A store, and a way to give an actor records of about 40 KiB each. */
function storeWith() {
  const store = openMemoryStore()
  const writer = new Writer(store)
  return {
    store,
    upkeep: new Upkeep(store),
    grow(actor: string, records: number): void {
      for (let i = 0; i < records; i += 1) {
        const accepted = writer.accept(actor, 'x')
        const { base } = writer.commit()
        writer.turn(actor, { position: base + accepted, index: 0 }, 'x'.repeat(40 * 1024))
        writer.commit()
      }
    },
  }
}

test('D3: snapshots are ordered once they are due, one order at a time', () => {
  const { upkeep, grow } = storeWith()
  grow('account/a', 1)
  assert.equal(upkeep.order(), undefined)
  grow('account/a', 1)
  assert.deepEqual(upkeep.order(), snapshots)
  grow('account/b', 2)
  assert.equal(upkeep.order(), undefined, 'an order is out')
  upkeep.done()
  assert.deepEqual(upkeep.order(), snapshots)
})

test('D3, S4: an actor that cannot be folded now is not tried again before its records doubled', () => {
  const { upkeep, grow } = storeWith()
  grow('account/a', 2)
  assert.deepEqual(upkeep.order(), snapshots)
  upkeep.done()
  assert.equal(upkeep.order(), undefined, 'the answer to an order is not the next order')
  let orders = 0
  for (let i = 2; i < 64; i += 1) {
    grow('account/a', 1)
    if (upkeep.order() === undefined) continue
    orders += 1
    upkeep.done()
  }
  assert.equal(orders, 5, 'at 4, 8, 16, 32 and 64 records')
})

test('D3: others get their snapshots while one cannot; after a snapshot the count starts anew', () => {
  const { store, upkeep, grow } = storeWith()
  grow('account/a', 2)
  assert.deepEqual(upkeep.order(), snapshots)
  upkeep.done()
  grow('account/b', 2)
  assert.deepEqual(upkeep.order(), snapshots)
  upkeep.done()
  for (const { actor, position, bytes } of store.dueSnapshots(2)) {
    const state = encodeValue({})
    store.writeSnapshot({ actor, position, turn: 2, version: 1, state }, bytes)
  }
  assert.equal(upkeep.order(), undefined)
  grow('account/a', 2)
  assert.deepEqual(upkeep.order(), snapshots)
})

test('D5, D7: an order that fails because the store failed is given again when that is open', () => {
  const clock = new VirtualClock()
  const medium = new FailingMedium()
  const store = openMemoryStore({ now: () => clock.wall() }, medium)
  const service = new StoreService(store, clock, (run) => run(), { checkpointEvery: 1 })
  const orders: FromStore[] = []
  const archivist = service.connect(archiveSlot, {
    post: (message) => void (message.kind === 'archive' && orders.push(message)),
  })
  const client = service.connect(1, { post: () => undefined })
  const writer = new Writer(store)
  const commit = (): void => {
    writer.accept('account/a', 'x')
    client({ kind: 'frame', frame: writer.build.take() })
  }
  commit()
  assert.equal(orders.length, 1)
  medium.fails = true
  commit()
  assert.notEqual(service.stalledSince, undefined)
  const error = { name: 'Error', message: 'stalled' }
  archivist({ kind: 'archived', failed: { work: 'checkpoint', error } })
  assert.equal(orders.length, 1, 'a store that is stalled cannot say what is due')
  medium.fails = false
  clock.advance(60_000)
  assert.equal(service.stalledSince, undefined)
  client({ kind: 'resumed' })
  writer.build = new SegmentBuilder(writer.slot, writer.epoch, 2)
  commit()
  assert.deepEqual(orders.at(-1), { kind: 'archive', checkpoint: true })
  service.close()
})

/** A memory whose transactions fail as long as it is told. */
class FailingMedium extends MemoryMedium {
  fails = false

  override transaction<T>(work: () => T): T {
    if (this.fails) throw new TroupeError('STORE_STALLED', 'injected')
    return super.transaction(work)
  }
}
