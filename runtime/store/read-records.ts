/** A page of records in order, for history queries and dead letters. */
import { At, nextRecord, viewOf } from '../../persistence/directory.ts'
import { RecordFlag } from '../../persistence/record.ts'
import type { StoreReader } from '../../persistence/store.ts'
import type { StoredDirectory, StoredRecord } from '../../persistence/stored.ts'

/** Most positions looked at for one page, so that a rare kind does not hold the store up. */
const lookLimit = 256
/** The same when directories alone tell which records are wanted. */
const directoryLookLimit = 16_384

export interface RecordPage {
  readonly records: readonly StoredRecord[]
  /** Where the next page starts; undefined at the end. */
  readonly next: number | undefined
}

export function readRecords(
  store: StoreReader,
  from: number,
  limit: number,
  kinds?: readonly number[],
): RecordPage {
  const first = Math.max(1, from)
  const end = Math.min(store.position, first + (kinds ? directoryLookLimit : lookLimit) - 1)
  const records: StoredRecord[] = []
  for (const position of kinds ? ofKinds(store, first, end, kinds) : range(first, end)) {
    if (records.length === limit) return { records, next: position }
    const record = store.record(position)
    if (record !== undefined && !('detail' in record)) records.push(record)
  }
  return { records, next: end < store.position ? end + 1 : undefined }
}

function* range(from: number, to: number): Generator<number> {
  for (let position = from; position <= to; position += 1) yield position
}

/** Positions of records of some kinds, found without reading any body. */
function* ofKinds(
  store: StoreReader,
  from: number,
  to: number,
  kinds: readonly number[],
): Generator<number> {
  if (from > to) return
  // Bodies are read in between, and one reading at a time is all that a medium may allow.
  for (const segment of [...store.directories(from, to)]) {
    if ('detail' in segment) continue
    for (const [position, kind] of kindsIn(segment)) {
      if (position >= from && position <= to && kinds.includes(kind)) yield position
    }
  }
}

function* kindsIn({ position, directory }: StoredDirectory): Generator<[number, number]> {
  const view = viewOf(directory)
  let live = position
  for (let at = 0; at < directory.length; at = nextRecord(view, at)) {
    if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
    yield [live, view.getUint8(at)]
    live += 1
  }
}
