/**
 * One pass over the directories of a history: which records a filter wants, and what cannot be read
 * on the way (D4).
 */
import { isDamage } from '../decode.ts'
import { At, nextRecord, viewOf } from '../directory.ts'
import type { HistoryReader } from '../history-reader.ts'
import { RecordFlag } from '../record.ts'
import type { Damage, StoredDirectory, StoredRecord } from '../stored.ts'
import { type HistoryFilter, Selector } from './filter.ts'
import { textsIn } from './text.ts'

/** Records that a filter wants, in order; a damaged one, or a damaged segment, comes as `Damage`. */
export function* selectRecords(
  reader: HistoryReader,
  filter: HistoryFilter = {},
): Generator<StoredRecord | Damage> {
  const text = filter.text?.toLowerCase()
  for (const found of selectPositions(reader, filter)) {
    const record = typeof found === 'number' ? reader.record(found) : found
    if (record === undefined) continue
    if (text === undefined || isDamage(record) || holds(record, text)) yield record
  }
}

/** Their positions, without reading a body; `text` is not looked at. */
export function* selectPositions(
  reader: HistoryReader,
  filter: HistoryFilter = {},
): Generator<number | Damage> {
  const selector = new Selector(filter, reader)
  const first = filter.first ?? 1
  const last = Math.min(filter.last ?? reader.position, reader.position)
  // A page of directories at a time: bodies are read in between, by the same connection.
  for (const segment of reader.directories(first, last)) {
    if (isDamage(segment)) yield segment
    else yield* wantedIn(segment, selector, first, last)
  }
}

function wantedIn(
  { position, directory }: StoredDirectory,
  selector: Selector,
  first: number,
  last: number,
): number[] {
  const view = viewOf(directory)
  const found: number[] = []
  let live = position
  for (let at = 0; at < directory.length; at = nextRecord(view, at)) {
    if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
    if (live >= first && live <= last && selector.wants(view, at)) found.push(live)
    live += 1
  }
  return found
}

function holds(record: StoredRecord, text: string): boolean {
  for (const one of textsIn(record)) if (one.toLowerCase().includes(text)) return true
  return false
}
