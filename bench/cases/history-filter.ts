/**
 * What searching a history of 1,000,000 records costs, by actor, by type, by time and for failures,
 * beside SQLite alone reading the directories that the search reads. Goal: under a second.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeValue } from '../../persistence/codec.ts'
import { PartFlag, RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { HistoryFilter } from '../../persistence/replay/filter.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { selectPositions } from '../../persistence/replay/scan.ts'
import { SegmentBuilder } from '../../persistence/segment.ts'
import { connect } from '../../persistence/sqlite/connection.ts'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'

const actors = 10_000
const frameRecords = 256
const start = 1_790_000_000_000
/** Every so many records one has failed. */
const failEvery = 1_000

export const historyFilter: BenchCase = {
  name: 'history-filter',
  what: 'one actor of 10,000 found in a history of 1,000,000 turns, in a fresh reader',
  unit: 'ms',
  better: 'lower',
  gate: { limit: 1_000 },
  prepare(quick) {
    const records = quick ? 20_000 : 1_000_000
    const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'))
    const file = join(folder, 'history.db')
    write(file, records)
    const search = (name: string, filter: HistoryFilter, expected: number): Contestant => ({
      name,
      round: () => timed(() => count(file, filter), expected),
    })
    const since = start + records - 100
    return {
      ours: search('by actor', { actor: 'even/0' }, Math.ceil(records / actors)),
      bounds: [
        { name: 'SQLite, reading directories', round: () => timed(() => readAll(file), records) },
      ],
      others: [
        search('by type', { type: 'odd' }, records / 2),
        search('by time', { since }, 100),
        search('failed', { failed: true }, records / failEvery),
      ],
      close: () => rmSync(folder, { recursive: true, force: true }),
    }
  },
}

function timed(work: () => number, expected: number): number {
  const before = performance.now()
  const found = work()
  const ms = performance.now() - before
  if (found !== expected) throw new Error(`found ${found} of ${expected} records`)
  return ms
}

function count(file: string, filter: HistoryFilter): number {
  const recording = openRecording(file)
  try {
    let found = 0
    for (const _ of selectPositions(recording.reader, filter)) found += 1
    return found
  } finally {
    recording.close()
  }
}

/** The bytes that a search looks at, read and not looked at. */
function readAll(file: string): number {
  const db = connect(file, { readonly: true })
  try {
    let found = 0
    for (const [count] of db.prepare('SELECT count, directory FROM segments').iterate()) {
      found += Number(count)
    }
    return found
  } finally {
    db.close()
  }
}

/** Turns of messages from outside, one each ms, spread over actors of two types. */
function write(file: string, records: number): void {
  const store = openSqliteStore(file, { durability: 'relaxed' })
  const build = new SegmentBuilder(1, store.beginEpoch(1))
  const patch = encodeValue([1, ['balance', 100]])
  const payload = encodeValue({ amount: 1 })
  for (let i = 0; i < records; i += 1) {
    const no = i % actors
    const actor = no % 2 === 0 ? `even/${no}` : `odd/${no}`
    build.record({
      kind: RecordKind.turn,
      time: start + i,
      actor,
      turn: Math.floor(i / actors) + 1,
      message: { position: -1, index: i + 1 },
      lane: 3,
      name: 'deposit',
      patch,
      flags: i % failEvery === 0 ? RecordFlag.failed : 0,
    })
    const flags = PartFlag.inline | PartFlag.durable
    build.message({ to: actor, name: 'deposit', lane: 3, flags, payload })
    if (build.count === frameRecords) store.commit([build.take()])
  }
  if (build.count > 0) store.commit([build.take()])
  store.close()
}
