/** A page of records in order, for history queries and dead letters. */
import type { StoreReader } from '../../persistence/store.ts'
import type { StoredRecord } from '../../persistence/stored.ts'

/** Most positions looked at for one page, so that a rare kind does not hold the store up. */
const lookLimit = 256

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
  const records: StoredRecord[] = []
  const end = Math.min(store.position, from + lookLimit - 1)
  let position = Math.max(1, from)
  for (; position <= end && records.length < limit; position += 1) {
    const record = store.record(position)
    if (record === undefined || 'detail' in record) continue
    if (kinds === undefined || kinds.includes(record.kind)) records.push(record)
  }
  return { records, next: position > store.position ? undefined : position }
}
