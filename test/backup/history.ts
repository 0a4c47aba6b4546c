/**
 * A small history with a bit of everything, said record by record, so that any prefix of it can be
 * made once more from nothing: the oracle that a cut is compared with.
 */
import { Archivist, type ArchivistOptions } from '../../persistence/archivist.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { isDamage } from '../../persistence/decode.ts'
import { foldChain } from '../../persistence/fold.ts'
import { PartFlag, RecordFlag, RecordKind } from '../../persistence/record.ts'
import { SegmentBuilder } from '../../persistence/segment.ts'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'
import type { Store } from '../../persistence/store.ts'

/** Writes exactly one record. */
export type RecordWriter = (build: SegmentBuilder) => void

export const actors = ['account/alice', 'account/bob', 'account/carol']
const [alice = '', bob = '', carol = ''] = actors
const padding = 'x'.repeat(2_000)

/** One client's turns, numbered as they are written. */
export function script(): RecordWriter[] {
  const turns = new Map<string, number>()
  const turn = (
    actor: string,
    message: { position: number; index: number },
    value: unknown,
    flags = 0,
    more: (build: SegmentBuilder) => void = () => undefined,
    isFirst = false,
  ): RecordWriter => {
    const number = (turns.get(actor) ?? 0) + 1
    turns.set(actor, number)
    return (build) => {
      build.record({
        kind: RecordKind.turn,
        time: 1_000 + number,
        actor,
        turn: number,
        version: 1,
        message,
        name: 'add',
        lane: 3,
        flags,
        ...(number === 1 || isFirst ? { state: encodeValue({ born: 1, n: 0 }) } : {}),
        patch: encodeValue([1, ['n', value, 'pad', padding]]),
      })
      more(build)
    }
  }
  const accept =
    (to: string, ownId?: string): RecordWriter =>
    (build) => {
      build.record({ kind: RecordKind.accept, time: 900 })
      const id = ownId === undefined ? {} : { ownId }
      build.message({
        to,
        name: 'add',
        lane: 3,
        flags: PartFlag.durable,
        payload: encodeValue(to),
        ...id,
      })
    }
  const inline = (to: string, ownId?: string) => (build: SegmentBuilder) => {
    const flags = PartFlag.inline | PartFlag.durable
    const id = ownId === undefined ? {} : { ownId }
    build.message({ to, name: 'add', lane: 3, flags, payload: encodeValue('inline'), ...id })
  }
  const send = (to: string) => (build: SegmentBuilder) => {
    build.message({
      to,
      name: 'add',
      lane: 3,
      flags: PartFlag.durable,
      payload: encodeValue('sent'),
    })
  }
  const none = { position: 0, index: 0 }
  const records: RecordWriter[] = [
    accept(alice, 'one'),
    accept(bob),
    turn(alice, { position: 1, index: 0 }, 1, 0, send(bob)),
    turn(bob, { position: 2, index: 0 }, 1, RecordFlag.stash),
    turn(carol, { position: -7, index: 1 }, 1, 0, inline(carol, 'two')),
    turn(alice, none, 2, 0, (build) => {
      build.setTimer({ id: 'tick', name: 'add', lane: 3, due: 5_000, every: 100 })
    }),
    (build) => {
      build.record({
        kind: RecordKind.stepBegun,
        time: 1_100,
        actor: bob,
        message: { position: 3, index: 0 },
        name: 'call',
        step: encodeValue('call'),
      })
    },
    (build) => {
      build.record({ kind: RecordKind.accept, time: 5_000 })
      build.timerFired({ actor: alice, id: 'tick', due: 5_000, next: 5_100 })
      build.message({ to: alice, name: 'add', lane: 3, flags: PartFlag.durable })
    },
    turn(bob, { position: 3, index: 0 }, 2, RecordFlag.unstash, (build) => {
      build.subscribe({ pattern: 'news.*', name: 'add', lane: 3 })
    }),
    (build) => {
      build.record({ kind: RecordKind.accept, time: 5_100 })
      const flags = PartFlag.topic
      build.message({ to: 'news.today', name: 'news', lane: 3, flags, payload: encodeValue(1) })
    },
    accept(carol, 'three'),
    turn(alice, { position: 8, index: 0 }, 3, 0, (build) => build.cancelTimer('tick')),
    (build) => {
      build.record({
        kind: RecordKind.parked,
        time: 5_200,
        actor: bob,
        message: { position: 2, index: 0 },
        name: 'add',
      })
    },
    (build) => build.record({ kind: RecordKind.destroyed, time: 5_300, actor: carol }),
    turn(carol, { position: 11, index: 0 }, 9, 0, undefined, true),
  ]
  // Enough for snapshots of alice, and a cut before, between and behind them.
  for (let i = 0; i < 60; i += 1) records.push(turn(alice, none, 10 + i))
  return records
}

/** Commits records, so many in a frame, at the times the store's clock tells. */
export function write(store: Store, records: readonly RecordWriter[], perFrame: number): void {
  const build = new SegmentBuilder(1, store.beginEpoch(1))
  for (let i = 0; i < records.length; i += perFrame) {
    for (const record of records.slice(i, i + perFrame)) record(build)
    const [ack] = store.commit([build.take()])
    if (ack === undefined || ack.refused.length > 0) {
      throw new Error(`refused: ${JSON.stringify(ack?.refused)}`)
    }
  }
}

/** Snapshots that are due and a checkpoint, as the archivist's thread makes them. */
export async function archive(
  store: Store,
  file: string,
  options: ArchivistOptions = {},
): Promise<void> {
  const reader = openSqliteReader(file)
  const archivist = new Archivist(reader.medium, store, options)
  await archivist.writeSnapshots()
  await archivist.writeCheckpoint()
  reader.close()
}

/** Everything a system would take up from a store: states, what waits, timers, own ids. */
export function worldOf(store: Store): unknown {
  return {
    position: store.position,
    actors: actors.map((actor) => {
      const loaded = store.load(actor, 1_000)
      if (isDamage(loaded)) return loaded
      const { snapshot: _snapshot, changes: _changes, ...rest } = loaded
      return { ...rest, folded: foldChain(loaded, () => undefined) }
    }),
    wake: store.wakeList(undefined, 1_000).actors.toSorted((x, y) => (x.actor < y.actor ? -1 : 1)),
    due: store.dueTimers(Number.MAX_SAFE_INTEGER, 1_000),
    ids: [
      [alice, 'one'],
      [carol, 'two'],
      [carol, 'three'],
    ].map(([actor = '', id = '']) => store.outcome(actor, id)),
    records: Array.from({ length: store.position + 2 }, (_, i) => store.record(i)),
  }
}
