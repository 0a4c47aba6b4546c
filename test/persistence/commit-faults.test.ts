/** D5: whatever happens to a commit, `reopen` tells what is true and nothing acknowledged is lost. */
import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TroupeError } from '../../mailbox/errors.ts'
import { changesIn } from '../../persistence/changes.ts'
import { isDamage } from '../../persistence/decode.ts'
import { noMessage } from '../../persistence/record.ts'
import { type Connect, type Connection, connect } from '../../persistence/sqlite/connection.ts'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import type { Store } from '../../persistence/store.ts'
import { text, Writer } from './frames.ts'
import { withFolder } from './temp.ts'

const a = 'account/a'

type Fault = 'before' | 'after' | undefined

/** Connections whose commits can be made to fail, before or after they really happened. */
function faulty(next: () => Fault): Connect {
  return (file, options) => {
    const real = connect(file, options)
    const commit = (): void => {
      const fault = next()
      if (fault === 'before') throw new TroupeError('STORE_STALLED', 'injected before the commit')
      real.commit()
      if (fault === 'after') throw new TroupeError('STORE_STALLED', 'injected after the commit')
    }
    return { ...real, commit } satisfies Connection
  }
}

function changes(store: Store): (string | undefined)[] {
  const loaded = store.load(a, 10)
  assert.ok(!isDamage(loaded))
  return changesIn(loaded.changes).map(({ patch }) => text(patch))
}

function code(expected: string): (error: unknown) => boolean {
  return (error) => error instanceof TroupeError && error.code === expected
}

for (const fault of ['before', 'after'] as const) {
  test(`D5: a commit that throws ${fault} it happened is told apart by reopening`, () => {
    withFolder((folder) => {
      let armed: Fault
      const connectFaulty = faulty(() => {
        const now = armed
        armed = undefined
        return now
      })
      const store = openSqliteStore(join(folder, 's.db'), { connect: connectFaulty })
      const writer = new Writer(store)
      writer.turn(a, noMessage, 'p1')
      writer.commit()
      writer.turn(a, noMessage, 'p2')
      armed = fault
      assert.throws(() => writer.commit(), code('STORE_STALLED'))
      assert.throws(() => store.load(a, 1), code('STORE_STALLED'), 'nothing is answered meanwhile')
      const happened = fault === 'after'
      const tail = store.reopen()
      assert.equal(tail.position, happened ? 2 : 1)
      assert.deepEqual(tail.clients, [{ slot: 1, epoch: 1, seq: happened ? 2 : 1 }])
      assert.deepEqual(changes(store), happened ? ['p1', 'p2'] : ['p1'])
      writer.turns.set(a, happened ? 2 : 1)
      writer.resume()
      writer.turn(a, noMessage, 'next')
      assert.deepEqual(writer.commit().refused, [])
      assert.equal(changes(store).at(-1), 'next')
      store.close()
    })
  })
}

test('D5: the very first frame of a client is told apart as well', () => {
  withFolder((folder) => {
    let armed: Fault
    const store = openSqliteStore(join(folder, 's.db'), { connect: faulty(() => armed) })
    const writer = new Writer(store)
    writer.turn(a, noMessage, 'p1')
    armed = 'after'
    assert.throws(() => writer.commit())
    armed = undefined
    assert.deepEqual(store.reopen().clients, [{ slot: 1, epoch: 1, seq: 1 }])
    store.close()
  })
})

test('D5, F4: a generation that has committed nothing yet goes on from its own first frame', () => {
  withFolder((folder) => {
    let armed: Fault
    const connectFaulty = faulty(() => {
      const now = armed
      armed = undefined
      return now
    })
    const store = openSqliteStore(join(folder, 's.db'), { connect: connectFaulty })
    const old = new Writer(store, 0)
    for (const payload of ['p1', 'p2']) {
      old.accept(a, payload)
      old.commit()
    }
    const other = new Writer(store, 1)
    const next = new Writer(store, 0)
    other.accept(a, 'x')
    armed = 'before'
    assert.throws(() => other.commit())
    // Numbered after the dead generation's frames it would be out of order for ever.
    next.resume()
    next.accept(a, 'p3')
    assert.equal(next.commit().status, 'committed')
    store.close()
  })
})

test('D5: reopening may fail as often as it likes, the store says so and recovers', () => {
  withFolder((folder) => {
    const file = join(folder, 's.db')
    let opens = 0
    let failing = 0
    let fault: Fault
    const flaky: Connect = (path, options) => {
      opens += 1
      if (failing > 0) {
        failing -= 1
        throw new TroupeError('STORE_READONLY', 'injected at opening')
      }
      return faulty(() => fault)(path, options)
    }
    const store = openSqliteStore(file, { connect: flaky })
    const writer = new Writer(store)
    writer.turn(a, noMessage, 'p1')
    writer.commit()
    writer.turn(a, noMessage, 'p2')
    fault = 'before'
    assert.throws(() => writer.commit())
    failing = 2
    for (let i = 0; i < 2; i += 1) assert.throws(() => store.reopen(), code('STORE_READONLY'))
    assert.throws(() => store.load(a, 1), code('STORE_STALLED'))
    fault = undefined
    assert.equal(store.reopen().position, 1)
    assert.ok(opens >= 4)
    store.close()
  })
})

test('D5: a full disk is STORE_FULL; with room again the store goes on and lost nothing', () => {
  withFolder((folder) => {
    let limit = 0
    const limited: Connect = (file, options) => {
      const connection = connect(file, options)
      if (limit > 0) connection.pragma(`max_page_count = ${limit}`)
      return connection
    }
    const file = join(folder, 's.db')
    openSqliteStore(file).close()
    limit = 60
    const store = openSqliteStore(file, { connect: limited })
    const writer = new Writer(store)
    const big = 'x'.repeat(30_000)
    let committed = 0
    assert.throws(() => {
      for (;;) {
        writer.turn(a, noMessage, big)
        writer.commit()
        committed += 1
      }
    }, code('STORE_FULL'))
    assert.ok(committed > 0)
    limit = 0
    const tail = store.reopen()
    assert.equal(tail.position, committed)
    assert.equal(changes(store).length, committed)
    writer.resume()
    writer.turns.set(a, committed)
    writer.turn(a, noMessage, 'small')
    assert.deepEqual(writer.commit().refused, [])
    store.close()
  })
})

test('D6: frames of many hosts share one transaction, and derived rows never weaken a commit', () => {
  withFolder((folder) => {
    const levels: unknown[] = []
    const watching: Connect = (file, options) => {
      const real = connect(file, options)
      const commit = (): void => {
        levels.push(real.pragma('synchronous'))
        real.commit()
      }
      return { ...real, commit }
    }
    const store = openSqliteStore(join(folder, 's.db'), { connect: watching })
    const writers = [1, 2, 3, 4].map((slot) => new Writer(store, slot))
    levels.length = 0
    for (const writer of writers) writer.accept(a, `from ${writer.slot}`)
    store.commit(writers.map((writer) => writer.frame()))
    const state = new Uint8Array(10)
    store.writeSnapshot({ actor: a, position: 1, turn: 0, version: 1, state }, 0)
    store.writeCheckpoint({ position: 4, part: 0, last: true, bytes: new Uint8Array(0) })
    writers[0]?.accept(a, 'last')
    writers[0]?.commit()
    const [full, normal] = [2, 1]
    assert.deepEqual(levels, [full, normal, normal, full])
    store.close()
  })
})

test('a folder that does not exist or cannot be written is STORE_READONLY', () => {
  withFolder((folder) => {
    assert.throws(() => openSqliteStore(join(folder, 'no', 's.db')), code('STORE_READONLY'))
    if (process.getuid?.() === 0) return
    chmodSync(folder, 0o500)
    assert.throws(() => openSqliteStore(join(folder, 's.db')), code('STORE_READONLY'))
    chmodSync(folder, 0o700)
  })
})

test('a folder in the place of the file is STORE_READONLY or STORE_CORRUPT, never a crash', () => {
  withFolder((folder) => {
    assert.throws(
      () => openSqliteStore(folder),
      (error) => error instanceof TroupeError,
    )
  })
})
