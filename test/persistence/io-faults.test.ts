/** D4, D5, D6, D10: the disk fails at each single write, or a part of the file is gone. */
import assert from 'node:assert/strict'
import { copyFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TroupeError } from '../../mailbox/errors.ts'
import { Archivist } from '../../persistence/archivist.ts'
import { examine } from '../../persistence/backup/examine.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { isDamage } from '../../persistence/decode.ts'
import { noMessage, RecordFlag, RecordKind } from '../../persistence/record.ts'
import { type Connect, connect, type Statement } from '../../persistence/sqlite/connection.ts'
import { openSqliteReader, openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import type { Store } from '../../persistence/store.ts'
import { Writer } from './frames.ts'
import { withFolder, withFolderAsync } from './temp.ts'

const a = 'account/a'
const turns = 4
const records = 40

/** Connections whose writes are counted; the one that is `due` fails, before it happened or after. */
class Disk {
  writes = 0
  due = Number.POSITIVE_INFINITY
  readonly #after: boolean

  constructor(after: boolean) {
    this.#after = after
  }

  readonly connect: Connect = (file, options) => {
    const real = connect(file, options)
    const write = (work: () => void): void => {
      this.writes += 1
      const fails = this.writes === this.due
      if (!fails || this.#after) work()
      if (fails) throw new TroupeError('STORE_STALLED', `${file}: injected disk I/O error`)
    }
    return {
      ...real,
      prepare: (sql) => this.#statement(real.prepare(sql), write),
      begin: () => write(() => real.begin()),
      commit: () => write(() => real.commit()),
    }
  }

  #statement(real: Statement, write: (work: () => void) => void): Statement {
    return { ...real, run: (...values) => write(() => real.run(...values)) }
  }
}

/** Turns, a snapshot, a checkpoint, an epoch and origins, each tried until it is done. */
async function work(file: string, disk: Disk, due: number): Promise<Store> {
  const store = openSqliteStore(file, { connect: disk.connect, durability: 'relaxed' })
  disk.writes = 0
  disk.due = due
  const writer = await insist(store, () => new Writer(store))
  for (let n = 1; n <= turns; n += 1) await insist(store, () => turn(store, writer, n))
  const reader = openSqliteReader(file)
  await insist(store, () => new Archivist(reader.medium, store).writeSnapshots())
  await insist(store, () => new Archivist(reader.medium, store).writeCheckpoint())
  reader.close()
  const first = await insist(store, () => store.reserveOrigins(5))
  const second = await insist(store, () => store.reserveOrigins(5))
  assert.ok(second >= first + 5, `${first} and ${second} share origins`)
  return store
}

/** What a client does: after a failure it looks at what the store holds, and does the rest (D5). */
async function insist<T>(store: Store, attempt: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      assert.match(String(error), /injected/)
      store.reopen()
    }
  }
}

function turn(store: Store, writer: Writer, n: number): void {
  if (store.position >= n) return
  writer.turns.set(a, n - 1)
  writer.resume()
  writer.build.record({
    kind: RecordKind.turn,
    time: n,
    actor: a,
    turn: n,
    version: 1,
    message: noMessage,
    flags: n === 1 ? RecordFlag.whole : 0,
    ...(n === 1
      ? { state: encodeValue({ n: 1, bulk: 'x'.repeat(70_000) }) }
      : { patch: encodeValue([1, ['n', n]]) }),
  })
  writer.turns.set(a, n)
  writer.commit()
}

async function problemsOf(file: string): Promise<readonly string[]> {
  return (await examine(file)).problems
}

for (const after of [false, true]) {
  test(`D5: whichever write fails ${after ? 'after' : 'before'} it happened, nothing is lost and nothing is there twice`, () =>
    withFolderAsync(async (folder) => {
      const whole = new Disk(after)
      ;(await work(join(folder, 'whole.db'), whole, 0)).close()
      const writes = whole.writes
      assert.ok(writes > 20, `${writes} writes`)
      for (let due = 1; due <= writes; due += 1) {
        const file = join(folder, `${due}.db`)
        const disk = new Disk(after)
        const store = await work(file, disk, due)
        assert.ok(disk.writes >= due)
        assert.equal(store.position, turns, `write ${due}`)
        const loaded = store.load(a, 1)
        assert.ok(!isDamage(loaded) && loaded.turn === turns)
        store.close()
        assert.deepEqual(await problemsOf(file), [], `write ${due}`)
      }
    }))
}

function opened(file: string): string {
  try {
    const store = openSqliteStore(file)
    const { position } = store
    store.close()
    return position === records ? 'whole' : `${position} records`
  } catch (error) {
    const code = error instanceof TroupeError ? error.code : String(error)
    const isTold = ['STORE_CORRUPT', 'STORE_TAIL_LOST', 'STORE_STALLED'].includes(code)
    return isTold ? 'refused' : code
  }
}

test('D4, D10: a store whose file was cut off anywhere is refused, and its bytes are left alone', () =>
  withFolder((folder) => {
    const file = join(folder, 's.db')
    const store = openSqliteStore(file)
    const writer = new Writer(store)
    for (let n = 0; n < records; n += 1) {
      writer.accept(a, `${n} `.repeat(500))
      writer.commit()
    }
    store.close()
    const { size } = statSync(file)
    // The last byte of the last page is not used by what is in it.
    for (const left of [0, 1, 50, 100, 4_095, 4_096, size / 2, size - 4_096, size - 1]) {
      const cut = join(folder, `cut-${left}.db`)
      copyFileSync(file, cut)
      copyFileSync(`${file}-tail`, `${cut}-tail`)
      truncateSync(cut, left)
      // Again: the first attempt must not have made an empty store of it.
      for (let attempt = 0; attempt < 2; attempt += 1) {
        assert.equal(
          opened(cut),
          left === size - 1 ? 'whole' : 'refused',
          `${left} of ${size} bytes`,
        )
      }
      if (left > 0) assert.equal(statSync(cut).size, left, 'left alone')
    }
  }))
