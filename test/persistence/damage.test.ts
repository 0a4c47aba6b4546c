/** D4: what cannot be read is named and kept, what can be read is served, nothing starts empty. */
import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { TroupeError } from '../../mailbox/errors.ts'
import { changesIn } from '../../persistence/changes.ts'
import { isDamage } from '../../persistence/decode.ts'
import { noMessage } from '../../persistence/record.ts'
import { connect } from '../../persistence/sqlite/connection.ts'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import type { Store } from '../../persistence/store.ts'
import { bytes, text, Writer } from './frames.ts'
import { checkpoint } from './store-contract.ts'
import { withFolder } from './temp.ts'

const a = 'account/a'
const b = 'account/b'

/** Changes stored bytes behind the store's back. */
function tamper(file: string, sql: string): void {
  const connection = connect(file)
  connection.exec(sql)
  connection.close()
}

/** Flips the byte at `at` of a blob column. */
function flip(file: string, table: string, column: string, where: string, at: number): void {
  const connection = connect(file)
  const [value] = connection.prepare(`SELECT ${column} FROM ${table} WHERE ${where}`).get() ?? []
  const blob = Buffer.from(value as Uint8Array)
  blob.writeUInt8(blob.readUInt8(at) ^ 0x10, at)
  connection.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${where}`).run(blob)
  connection.close()
}

function withStore(
  write: (store: Store) => void,
  damage: (file: string) => void,
  read: (store: Store) => void,
) {
  withFolder((folder) => {
    const file = join(folder, 's.db')
    const store = openSqliteStore(file)
    write(store)
    store.close()
    damage(file)
    const again = openSqliteStore(file)
    try {
      read(again)
    } finally {
      again.close()
    }
  })
}

function changes(store: Store, actor: string): (string | undefined)[] {
  const loaded = store.load(actor, 10)
  if (isDamage(loaded)) assert.fail(loaded.detail)
  return [
    text(loaded.snapshot?.state),
    ...changesIn(loaded.changes).map(({ patch }) => text(patch)),
  ]
}

function history(store: Store): void {
  const writer = new Writer(store)
  for (let i = 1; i <= 4; i += 1) {
    writer.turn(a, noMessage, `a${i}`)
    writer.turn(b, noMessage, `b${i}`)
    writer.commit()
  }
  for (const [position, state] of [
    [1, 's1'],
    [3, 's2'],
    [5, 's3'],
  ] as const) {
    const turn = (position + 1) / 2
    store.writeSnapshot({ actor: a, position, turn, version: 1, state: bytes(state) }, 0)
  }
}

test('D4: a damaged newest snapshot falls back to the one before, and so on to the first record', () => {
  const spoil = (count: number) => (file: string) => {
    for (const position of [5, 3, 1].slice(0, count)) {
      flip(file, 'snapshots', 'state', `position = ${position}`, 0)
    }
  }
  const expected = [
    ['s3', 'a4'],
    ['s2', 'a3', 'a4'],
    ['s1', 'a2', 'a3', 'a4'],
    [undefined, 'a1', 'a2', 'a3', 'a4'],
  ]
  expected.forEach((changed, count) => {
    withStore(history, spoil(count), (store) => assert.deepEqual(changes(store, a), changed))
  })
})

test('D4: a damaged record names its actor, and only that actor is quarantined', () => {
  withStore(
    history,
    (file) => flip(file, 'segments', 'body', 'position = 7', 5),
    (store) => {
      const loaded = store.load(a, 10)
      assert.ok(isDamage(loaded))
      assert.deepEqual([loaded.actor, loaded.positions, loaded.name], [a, [7], 'add'])
      assert.deepEqual(changes(store, b), [undefined, 'b1', 'b2', 'b3', 'b4'])
    },
  )
})

test('D4: a damaged record below the newest good snapshot hurts nobody', () => {
  withStore(
    history,
    (file) => flip(file, 'segments', 'body', 'position = 3', 5),
    (store) => {
      assert.deepEqual(changes(store, a), ['s3', 'a4'])
      const record = store.record(3)
      assert.ok(isDamage(record))
      assert.equal(record.actor, a)
    },
  )
})

test('D4: a fold never goes past a gap: a snapshot lost and a record lost is damage, not a guess', () => {
  withStore(
    history,
    (file) => {
      for (const position of [5, 3]) flip(file, 'snapshots', 'state', `position = ${position}`, 0)
      flip(file, 'segments', 'body', 'position = 3', 5)
    },
    (store) => {
      const loaded = store.load(a, 10)
      assert.ok(isDamage(loaded))
      assert.deepEqual(loaded.positions, [3])
    },
  )
})

test('D4: a damaged message names itself, the others are served, its bytes stay', () => {
  withStore(
    (store) => {
      const writer = new Writer(store)
      for (const payload of ['one', 'two', 'three']) writer.accept(a, payload)
      writer.commit()
    },
    (file) => flip(file, 'segments', 'body', 'position = 1', 4),
    (store) => {
      const loaded = store.load(a, 10)
      assert.ok(!isDamage(loaded))
      assert.deepEqual(
        loaded.pending.messages.map(({ payload }) => text(payload)),
        ['one', 'three'],
      )
      const [damage] = loaded.pending.damaged
      assert.deepEqual(
        [damage?.actor, damage?.message, damage?.name],
        [a, { position: 2, index: 0 }, 'add'],
      )
      const writer = new Writer(store)
      writer.build.record({ kind: 5, time: 1, actor: a, message: { position: 2, index: 0 } })
      assert.deepEqual(writer.commit().refused, [])
      const after = store.load(a, 10)
      assert.ok(!isDamage(after) && after.pending.damaged.length === 0)
    },
  )
})

test('D4: a damaged directory after the checkpoint refuses to open; on request it opens and names it', () => {
  withFolder((folder) => {
    const file = join(folder, 's.db')
    const store = openSqliteStore(file)
    history(store)
    store.close()
    flip(file, 'segments', 'directory', 'position = 7', 70)
    assert.throws(
      () => openSqliteStore(file),
      (error) => error instanceof TroupeError && error.code === 'STORE_CORRUPT',
    )
    const lossy = openSqliteStore(file, { acceptLoss: true })
    assert.deepEqual(lossy.damages[0]?.positions, [7, 8])
    assert.equal(lossy.position, 8)
    lossy.close()
  })
})

test('D4: a damaged directory before the checkpoint quarantines only who needs it', () => {
  withStore(
    (store) => {
      history(store)
      checkpoint(store, 100)
    },
    (file) => flip(file, 'segments', 'directory', 'position = 3', 70),
    (store) => {
      assert.deepEqual(changes(store, a), ['s3', 'a4'])
      const loaded = store.load(b, 10)
      assert.ok(isDamage(loaded))
      assert.deepEqual([loaded.actor, loaded.positions], [b, [3, 4]])
    },
  )
})

test('D4: a missing segment is a gap, not an empty stretch', () => {
  withFolder((folder) => {
    const file = join(folder, 's.db')
    const store = openSqliteStore(file)
    history(store)
    store.close()
    tamper(file, 'DELETE FROM segments WHERE position = 3')
    assert.throws(() => openSqliteStore(file), { code: 'STORE_CORRUPT' })
  })
})

test('D7: a damaged newest checkpoint falls back to an older one, and in the end to all records', () => {
  const write = (store: Store) => {
    history(store)
    const writer = new Writer(store, 2)
    for (let round = 0; round < 3; round += 1) {
      writer.accept(a, `m${round}`)
      writer.commit()
      checkpoint(store, 1)
    }
  }
  for (let spoiled = 0; spoiled <= 3; spoiled += 1) {
    withStore(
      write,
      (file) => {
        for (const position of [11, 10, 9].slice(0, spoiled)) {
          flip(file, 'checkpoints', 'bytes', `position = ${position} AND part = 0`, 9)
        }
      },
      (store) => {
        const loaded = store.load(a, 10)
        assert.ok(!isDamage(loaded))
        assert.deepEqual(
          loaded.pending.messages.map(({ payload }) => text(payload)),
          ['m0', 'm1', 'm2'],
        )
        assert.equal(loaded.turn, 4)
      },
    )
  }
})

test('D3: falling back to an older checkpoint counts no record twice towards the next snapshot', () => {
  const due = (spoiled: boolean): unknown => {
    let found: unknown
    withStore(
      (store) => {
        const writer = new Writer(store)
        for (let i = 1; i <= 2; i += 1) {
          writer.turn(a, noMessage, 'x'.repeat(40_000))
          writer.commit()
          checkpoint(store, 10)
        }
      },
      (file) => {
        if (spoiled) flip(file, 'checkpoints', 'bytes', 'position = 2', 9)
      },
      (store) => {
        const writer = new Writer(store)
        writer.turns.set(a, 2)
        writer.turn(a, noMessage, 'one more')
        writer.commit()
        found = store.dueSnapshots(10)
      },
    )
    return found
  }
  assert.deepEqual(due(true), due(false))
})

test('D7: a checkpoint may be written again over an unfinished one of the same position', () => {
  withStore(
    (store) => {
      const writer = new Writer(store)
      writer.accept(a, 'kept')
      writer.commit()
      for (const part of [0, 1, 2, 3, 4, 5]) {
        store.writeCheckpoint({ position: 1, part, last: false, bytes: new Uint8Array(48) })
      }
      checkpoint(store, 1)
    },
    (file) => flip(file, 'segments', 'directory', 'position = 1', 70),
    (store) => assert.equal(store.stats().pending, 1),
  )
})

test('D7: an unfinished checkpoint does not count', () => {
  withStore(
    (store) => {
      const writer = new Writer(store)
      writer.accept(a, 'kept')
      writer.commit()
      store.writeCheckpoint({ position: 1, part: 0, last: false, bytes: new Uint8Array(0) })
    },
    () => {},
    (store) => assert.equal(store.stats().pending, 1),
  )
})

test('D4: a damaged actor row is found out and rebuilt from the directories', () => {
  withStore(
    (store) => {
      history(store)
      checkpoint(store, 100)
    },
    (file) => tamper(file, "UPDATE actors SET head = 2 WHERE address = 'account/a'"),
    (store) => {
      assert.deepEqual(changes(store, a), ['s3', 'a4'])
      const writer = new Writer(store)
      writer.turns.set(a, 4)
      writer.turn(a, noMessage, 'a5')
      assert.deepEqual(writer.commit().refused, [])
      assert.deepEqual(changes(store, a), ['s3', 'a4', 'a5'])
    },
  )
})

test('D4: any one bit flipped in any stored blob never passes for another state', () => {
  const good = [
    ['s3', 'a4'],
    [undefined, 'b1', 'b2', 'b3', 'b4'],
  ]
  fc.assert(
    fc.property(
      fc.constantFrom(
        'segments.directory',
        'segments.body',
        'snapshots.state',
        'checkpoints.bytes',
      ),
      fc.nat(),
      fc.nat(),
      (place, row, bit) => {
        withFolder((folder) => {
          const file = join(folder, 's.db')
          const store = openSqliteStore(file)
          history(store)
          checkpoint(store, 2)
          store.close()
          flipBit(file, place, row, bit)
          assertSameOrDamaged(file, good)
        })
      },
    ),
    { numRuns: 60 },
  )
})

function flipBit(file: string, place: string, row: number, bit: number): void {
  const [table, column] = place.split('.') as [string, string]
  const connection = connect(file)
  const rows = connection.prepare(`SELECT rowid, ${column} FROM ${table} ORDER BY rowid`).all()
  const [rowid, value] = rows[row % rows.length] as [number, Uint8Array]
  const blob = Buffer.from(value)
  if (blob.length > 0) {
    const at = bit % (blob.length * 8)
    blob.writeUInt8(blob.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3)
  }
  connection.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(blob, rowid)
  connection.close()
}

function assertSameOrDamaged(
  file: string,
  good: readonly (readonly (string | undefined)[])[],
): void {
  const store = openSqliteStore(file)
  try {
    ;[a, b].forEach((actor, i) => {
      const loaded = store.load(actor, 10)
      if (isDamage(loaded)) assert.equal(loaded.actor, actor)
      else {
        const all = changes(store, actor)
        const expected = good[i] as readonly (string | undefined)[]
        // An older snapshot may stand in, with the changes since.
        assert.equal(all.at(-1), expected.at(-1))
        if (i === 1) assert.deepEqual(all, expected)
        else assert.ok(['a4', 'a3,a4', 'a2,a3,a4', 'a1,a2,a3,a4'].includes(all.slice(1).join()))
      }
    })
  } finally {
    store.close()
  }
}

test('D4, D10: a main file that was cut short is refused or tells what it lost, and never starts empty', () => {
  withFolder((folder) => {
    const whole = join(folder, 'whole.db')
    const store = openSqliteStore(whole)
    const writer = new Writer(store)
    for (let i = 1; i <= 60; i += 1) {
      writer.turn(i % 2 === 0 ? a : b, noMessage, `${i} ${'x'.repeat(500)}`)
      writer.commit()
    }
    const expected = [a, b].map((actor) => changes(store, actor))
    store.close()
    const size = statSync(whole).size
    const lengths = [0, 1, 99, 512, 4_096, 4_097, size >> 1, size - 4_097, size - 4_096, size - 1]
    for (const length of lengths) {
      const file = join(folder, `${length}.db`)
      copyFileSync(whole, file)
      copyFileSync(`${whole}-tail`, `${file}-tail`)
      truncateSync(file, length)
      const before = readFileSync(file)
      const outcome = openedAfterLoss(file, expected)
      assert.match(outcome, /^(STORE_CORRUPT|STORE_TAIL_LOST|damage|whole)$/, `${length} bytes`)
      const kept = readFileSync(file).subarray(0, before.length)
      if (outcome === 'STORE_CORRUPT') assert.ok(kept.equals(before), `${length}: all bytes kept`)
    }
    assert.equal(openedAfterLoss(whole, expected), 'whole')
  })
})

/** How a store opens and what it says of two actors; fails when it serves less without a word. */
function openedAfterLoss(file: string, expected: readonly unknown[]): string {
  try {
    const store = openSqliteStore(file)
    try {
      const loaded = [a, b].map((actor) => store.load(actor, 100))
      if (loaded.some(isDamage)) return 'damage'
      return isDeepStrictEqual(
        [a, b].map((actor) => changes(store, actor)),
        expected,
      )
        ? 'whole'
        : `silent loss, position ${store.position}`
    } finally {
      store.close()
    }
  } catch (error) {
    return error instanceof TroupeError ? error.code : String(error)
  }
}
