/** D7: what retention takes away is missed by nobody. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { TroupeError } from '../../mailbox/errors.ts'
import { readArchive } from '../../persistence/archive-file.ts'
import { Archivist } from '../../persistence/archivist.ts'
import { examine } from '../../persistence/backup/examine.ts'
import { restoreBackup, takeBackup } from '../../persistence/backup/index.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { isDamage } from '../../persistence/decode.ts'
import { foldChain } from '../../persistence/fold.ts'
import { HistoryStore } from '../../persistence/history-store.ts'
import { snapshotFloor } from '../../persistence/ledger.ts'
import { MemoryMedium } from '../../persistence/memory-store.ts'
import { ownIdTtl } from '../../persistence/own-ids.ts'
import {
  type MessageRef,
  noMessage,
  PartFlag,
  RecordFlag,
  RecordKind,
} from '../../persistence/record.ts'
import { SegmentBuilder } from '../../persistence/segment.ts'
import { connect } from '../../persistence/sqlite/connection.ts'
import { openSqliteReader, openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import type { StoredRecord, StoredSegment } from '../../persistence/stored.ts'
import { withFolderAsync } from './temp.ts'

const actors = ['t/a', 't/b', 't/c']
const ids = ['i', 'j', 'k', 'l']

/** What a random history does next. */
const command = fc.record({
  what: fc.constantFrom(
    ...([
      'accept',
      'accept',
      'turn',
      'turn',
      'turn',
      'stash',
      'unstash',
      'memory',
      'park',
      'begin',
    ] as const),
    ...([
      'done',
      'timer',
      'fire',
      'cancel',
      'destroy',
      'snapshot',
      'checkpoint',
      'letter',
    ] as const),
  ),
  actor: fc.constantFrom(...actors),
  id: fc.option(fc.constantFrom(...ids), { freq: 3 }),
  value: fc.nat(9),
})
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

/** A store file and a client that writes each record as a segment of its own. */
class History {
  readonly file: string
  store: HistoryStore
  now = 1_000_000
  readonly #turns = new Map<string, number>()
  #build: SegmentBuilder
  #memory = 0

  constructor(folder: string) {
    this.file = join(folder, 's.db')
    this.store = this.#open()
    this.#build = new SegmentBuilder(1, this.store.beginEpoch(1))
  }

  async run({ what, actor, id, value }: Command): Promise<void> {
    this.now += 1_000
    const build = this.#build
    const message = this.#pending(actor)
    switch (what) {
      case 'accept':
        build.record({ kind: RecordKind.accept, time: 1 })
        this.#message(actor, value, id, PartFlag.durable)
        return this.commit()
      case 'turn':
        return this.turn(actor, message ?? noMessage, value)
      case 'stash':
        return message && this.turn(actor, message, value, RecordFlag.stash)
      case 'unstash':
        return this.turn(actor, noMessage, value, RecordFlag.unstash)
      case 'memory':
        this.#memory += 1
        return this.turn(actor, { position: -5, index: this.#memory }, value, 0, id)
      case 'park':
        if (message === undefined) return
        build.record({ kind: RecordKind.parked, time: 1, actor, message, name: 'm' })
        return this.commit()
      case 'begin':
      case 'done': {
        if (message === undefined) return
        const kind = what === 'begin' ? RecordKind.stepBegun : RecordKind.stepDone
        build.record({ kind, time: 1, actor, message, name: 's', step: encodeValue(value) })
        return this.commit()
      }
      case 'timer':
        return this.turn(actor, noMessage, value, 0, null, () =>
          build.setTimer({
            id: `t${value % 2}`,
            name: 'm',
            lane: 3,
            due: 10 + value,
            every: 5,
            payload: encodeValue(value),
          }),
        )
      case 'fire': {
        const [due] = this.store.dueTimers(Number.MAX_SAFE_INTEGER, 1)
        if (due === undefined) return
        build.record({ kind: RecordKind.accept, time: 1 })
        build.timerFired({ actor: due.actor, id: due.id, due: due.due, next: due.due + 5 })
        this.#message(due.actor, value, null, PartFlag.durable)
        return this.commit()
      }
      case 'cancel':
        return this.turn(actor, noMessage, value, 0, null, () => build.cancelTimer('t0'))
      case 'destroy':
        build.record({ kind: RecordKind.destroyed, time: 1, actor })
        return this.commit()
      case 'letter':
        build.record({ kind: RecordKind.deadLetter, time: 1, name: 'expired' })
        this.#message(actor, value, null, 0)
        return this.commit()
      case 'snapshot':
        return this.snapshots()
      case 'checkpoint':
        return await this.archivist(async (archivist) => void (await archivist.writeCheckpoint()))
      default:
        what satisfies never
    }
  }

  turn(
    actor: string,
    message: MessageRef,
    value: number,
    flags = 0,
    ownId: string | null = null,
    more: () => void = () => undefined,
  ): void {
    const turn = (this.#turns.get(actor) ?? 0) + 1
    this.#turns.set(actor, turn)
    this.#build.record({
      kind: RecordKind.turn,
      time: 1,
      actor,
      turn,
      version: 1,
      message,
      name: 'm',
      lane: 3,
      flags,
      patch: encodeValue([1, [`f${value}`, turn]]),
      // Destroyed or new: a state to patch must be there.
      ...(this.#isFresh(actor) ? { state: encodeValue({}) } : {}),
    })
    if (message.position < 0) this.#message(actor, value, ownId, PartFlag.inline | PartFlag.durable)
    more()
    this.commit(() => this.#turns.set(actor, turn - 1))
  }

  /** A snapshot of every actor, whether it is due or not. */
  snapshots(): void {
    for (const actor of actors) {
      const loaded = this.store.load(actor, 0)
      if (isDamage(loaded)) assert.fail(loaded.detail)
      const { state } = foldChain(loaded, () => undefined)
      const last = loaded.changes.last
      if (state === undefined || last === undefined) continue
      const { position, turn, version } = last
      this.store.writeSnapshot(
        { actor, position, turn, version, state: encodeValue(state.value) },
        0,
      )
    }
  }

  async archivist(work: (archivist: Archivist) => Promise<void>): Promise<void> {
    const reader = openSqliteReader(this.file)
    await work(new Archivist(reader.medium, this.store))
    reader.close()
  }

  reopen(): void {
    this.store.close()
    this.store = this.#open()
    this.#build = new SegmentBuilder(1, this.store.beginEpoch(1))
  }

  #open(): HistoryStore {
    return openSqliteStore(this.file, { now: () => this.now, durability: 'relaxed' })
  }

  #pending(actor: string): MessageRef | undefined {
    return this.store.pending(actor, noMessage, 1).messages[0]?.ref
  }

  #isFresh(actor: string): boolean {
    const loaded = this.store.load(actor, 0)
    return !isDamage(loaded) && foldChain(loaded, () => undefined).state === undefined
  }

  #message(to: string, value: number, ownId: string | null, flags: number): void {
    const own = ownId === null ? {} : { ownId }
    this.#build.message({ to, name: 'm', lane: 3, flags, payload: encodeValue(value), ...own })
  }

  commit(refused: () => void = () => undefined): void {
    const [ack] = this.store.commit([this.#build.take()])
    // Duplicates and what was built on a refused record: the history is without them.
    if (ack?.count === 0) {
      refused()
      this.reopen()
    }
  }
}

/** What a system takes up: states, what waits, steps, timers, own ids, dead letters. */
function worldOf({ store, now }: History): unknown {
  return {
    position: store.position,
    actors: actors.map((actor) => {
      const loaded = store.load(actor, 1_000)
      if (isDamage(loaded)) return loaded
      const { snapshot: _snapshot, changes: _changes, ...rest } = loaded
      return { ...rest, folded: foldChain(loaded, () => undefined) }
    }),
    wake: store.wakeList(undefined, 100).actors.toSorted((x, y) => (x.actor < y.actor ? -1 : 1)),
    due: store.dueTimers(Number.MAX_SAFE_INTEGER, 100),
    ids: actors.flatMap((actor) => ids.map((id) => store.outcome(actor, id))),
    letters: lettersOf(store),
    now,
  }
}

function lettersOf(store: HistoryStore): unknown[] {
  const found: unknown[] = []
  for (let position = 1; position <= store.position; position += 1) {
    const record = store.record(position)
    if (record === undefined || isDamage(record)) continue
    const isLetter = record.kind === RecordKind.parked || record.kind === RecordKind.deadLetter
    const { message } = record
    if (!isLetter) continue
    found.push(record, message.position > 0 ? store.record(message.position) : 0)
    found.push(...stepsOf(store, record))
  }
  return found
}

/** What a letter that is sent again takes over (D2). */
function stepsOf(store: HistoryStore, letter: StoredRecord): StoredRecord[] {
  const found: StoredRecord[] = []
  for (let position = 1; position < letter.position; position += 1) {
    const record = store.record(position)
    if (record === undefined || isDamage(record) || record.actor !== letter.actor) continue
    const isStep = record.kind === RecordKind.stepBegun || record.kind === RecordKind.stepDone
    const isSame = record.message.position === letter.message.position
    if (isStep && isSame && record.message.index === letter.message.index) found.push(record)
  }
  return found
}

test('D7: retention changes no state, no waiting work, no own id and no dead letter', async () => {
  let dropped = 0
  const histories = fc.tuple(
    fc.array(command, { minLength: 20, maxLength: 80, size: 'max' }),
    fc.nat(5),
  )
  await fc.assert(
    fc.asyncProperty(histories, async ([commands, keepRecords]) => {
      await withFolderAsync(async (folder) => {
        const history = new History(folder)
        const third = Math.ceil(commands.length / 3)
        for (const [i, one] of commands.entries()) {
          await history.run(one)
          if (i % third === third - 1) await settle(history)
        }
        const before = worldOf(history)
        await history.archivist(async (archivist) => {
          dropped += await archivist.retire({ keepRecords }, history.now)
        })
        assert.deepEqual(worldOf(history), before)
        history.reopen()
        assert.deepEqual(worldOf(history), before)
        assert.deepEqual((await examine(history.file)).problems, [])
        // What lies below the newest snapshots and checkpoints may be damaged any day.
        forgetNewest(history)
        assert.deepEqual(worldOf(history), before)
        for (const actor of actors) history.turn(actor, noMessage, 3)
        history.reopen()
        history.store.close()
      })
    }),
    { numRuns: 12, endOnFailure: true, seed: 20_261_125 },
  )
  assert.ok(dropped > 10, `only ${dropped} segments were dropped`)
})

async function settle(history: History): Promise<void> {
  history.snapshots()
  await history.archivist(async (archivist) => void (await archivist.writeCheckpoint()))
}

/** Recovery must do with the older ones (D4). */
function forgetNewest(history: History): void {
  history.store.close()
  const connection = connect(history.file)
  connection.exec(
    'DELETE FROM checkpoints WHERE position = (SELECT max(position) FROM checkpoints)',
  )
  connection.exec(
    'DELETE FROM snapshots AS s WHERE position = (SELECT max(position) FROM snapshots WHERE actor = s.actor)',
  )
  connection.close()
  history.reopen()
}

/** Three snapshots and checkpoints, each after some turns. */
async function grow(history: History, rounds = 3): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < 10; i += 1) for (const actor of actors) history.turn(actor, noMessage, i)
    await settle(history)
  }
}

test('D7: a fully compacted log is backed up, restored, written and recovered', async () => {
  await withFolderAsync(async (folder) => {
    const history = new History(folder)
    await grow(history, 4)
    let before = worldOf(history)
    await history.archivist(async (archivist) => {
      assert.ok((await archivist.retire({ keepRecords: 0 }, history.now)) > 50)
    })
    for (let round = 0; round < 3; round += 1) {
      history.reopen()
      assert.deepEqual(worldOf(history), before)
      await grow(history, 1)
      before = worldOf(history)
    }
    const { problems, position } = await takeBackup(history.file, join(folder, 'backups'))
    assert.deepEqual(problems, [])
    const restored = await restoreBackup(join(folder, 'backups'), join(folder, 'new.db'))
    assert.equal(restored.position, position)
    history.store.close()
  })
})

test('D7: a restore near the floor of retention gives what was there, or refuses and leaves nothing', async () => {
  await withFolderAsync(async (folder) => {
    const history = new History(folder)
    await grow(history, 4)
    const [whole, cut] = [join(folder, 'whole'), join(folder, 'cut')]
    await takeBackup(history.file, whole)
    await history.archivist(async (archivist) => {
      await archivist.retire({ keepRecords: 0 }, history.now)
    })
    await takeBackup(history.file, cut)
    const { medium, close } = openSqliteReader(history.file)
    const { floor, position: end } = medium
    const checkpoints = [...medium.checkpoints()].map(({ position }) => position)
    close()
    history.store.close()
    const near = [1, floor - 1, floor, floor + 1, ...checkpoints, end - 1]
    const refused: number[] = []
    for (const at of new Set(near)) {
      const [expected, given] = [join(folder, `whole-${at}.db`), join(folder, `cut-${at}.db`)]
      await restoreBackup(whole, expected, { at })
      try {
        await restoreBackup(cut, given, { at })
        assert.deepEqual(statesIn(given), statesIn(expected), `at ${at}`)
      } catch (error) {
        if (!(error instanceof TroupeError)) throw error
        assert.match(error.code, /^(STORE_CORRUPT|BACKUP_DAMAGED)$/)
        const left = readdirSync(folder).filter((name) => name.startsWith(`cut-${at}.db`))
        assert.deepEqual(left, [], 'no half of a store')
        refused.push(at)
      }
    }
    assert.ok(refused.includes(1) && refused.every((at) => at < floor), `refused ${refused}`)
  })
})

/** What every actor folds to, and what waits. */
function statesIn(file: string): unknown {
  const store = openSqliteStore(file)
  try {
    return [...actors.map((actor) => store.load(actor, 100)), store.position].map((loaded) =>
      typeof loaded === 'number' || isDamage(loaded)
        ? loaded
        : [loaded.turn, foldChain(loaded, () => undefined), loaded.pending.messages],
    )
  } finally {
    store.close()
  }
}

test('D7: nothing is dropped before there are three checkpoints to fall back to', async () => {
  await withFolderAsync(async (folder) => {
    const history = new History(folder)
    await grow(history, 2)
    await history.archivist(async (archivist) => {
      assert.equal(await archivist.retire({ keepRecords: 0 }, history.now), 0)
    })
    history.store.close()
  })
})

test('D7: of an actor of small turns no more stays than three stretches between its snapshots', async () => {
  const medium = new MemoryMedium()
  const store = new HistoryStore(medium, { now: () => 1 })
  const archivist = new Archivist(medium, store)
  const build = new SegmentBuilder(1, store.beginEpoch(1))
  /** How often due snapshots are looked for: as after a group commit. */
  const group = 20
  for (let turn = 1; turn <= 1_200; turn += 1) {
    build.record({
      kind: RecordKind.turn,
      time: 1,
      actor: 't/a',
      turn,
      version: 1,
      message: noMessage,
      name: 'm',
      lane: 3,
      patch: encodeValue([1, ['n', turn]]),
      ...(turn === 1 && { state: encodeValue({}) }),
    })
    store.commit([build.take()])
    if (turn % group > 0) continue
    archivist.catchUp()
    await archivist.writeSnapshots()
    if (turn > 1_100) await archivist.writeCheckpoint()
  }
  await archivist.retire({ keepRecords: 0 }, 1)
  const left = [...medium.directories(1, store.position)].length
  // A record counts 256 bytes besides its own.
  const stretch = snapshotFloor / 256 + group
  assert.ok(left > stretch && left <= 3 * stretch, `${left} of 1,200 turns`)
})

test('D7: keepFor counts from the commit, and with keepRecords what either keeps stays', async () => {
  await withFolderAsync(async (folder) => {
    const history = new History(folder)
    await grow(history, 4)
    const old = history.now
    history.now += 3_600_000
    const retire = async (policy: { keepFor?: number; keepRecords?: number }): Promise<number> => {
      let count = 0
      await history.archivist(async (archivist) => {
        count = await archivist.retire(policy, history.now)
      })
      return count
    }
    assert.equal(await retire({ keepFor: history.now - old + 1 }), 0)
    assert.equal(await retire({ keepFor: 1, keepRecords: 1_000 }), 0)
    assert.ok((await retire({ keepFor: 1 })) > 0)
    history.store.close()
  })
})

test('D7: an own id is answered for 24 h, whatever retention says', async () => {
  await withFolderAsync(async (folder) => {
    const history = new History(folder)
    await history.run({ what: 'accept', actor: 't/a', id: 'i', value: 1 })
    await history.run({ what: 'turn', actor: 't/a', id: null, value: 1 })
    await grow(history, 4)
    const retire = (): Promise<void> =>
      history.archivist(
        async (archivist) => void (await archivist.retire({ keepRecords: 0 }, history.now)),
      )
    await retire()
    assert.equal(history.store.outcome('t/a', 'i').kind, 'done')
    assert.ok(history.store.record(1) !== undefined)
    history.now += ownIdTtl
    await retire()
    assert.equal(history.store.record(1), undefined)
    assert.equal(history.store.outcome('t/a', 'i').kind, 'unknown')
    history.store.close()
  })
})

test('D7: what is dropped is in the archive before, with the texts behind its numbers', async () => {
  await withFolderAsync(async (folder) => {
    const history = new History(folder)
    await grow(history, 4)
    const archive = join(folder, 'archive')
    const all = [...history.store.segments(1, history.store.position)] as StoredSegment[]
    await history.archivist(async (archivist) => {
      await archivist.retire({ keepRecords: 0 }, history.now, archive)
    })
    const left = [...history.store.segments(1, history.store.position)] as StoredSegment[]
    const files = readdirSync(archive).sort()
    const archived = files.map((file) => readArchive(join(archive, file)))
    const both = [...archived.flatMap(({ segments }) => segments), ...left]
    assert.deepEqual(both.toSorted((a, b) => a.position - b.position).map(plain), all.map(plain))
    const [first] = archived
    assert.deepEqual(Object.values(first?.header.actors ?? {}).sort(), actors)
    assert.deepEqual(Object.values(first?.header.names ?? {}), ['m'])
    history.store.close()
  })
})

function plain({ directory, body, ...columns }: StoredSegment): unknown {
  return { ...columns, directory: [...directory], body: [...body] }
}
