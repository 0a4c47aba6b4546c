/**
 * The bare machine's durable turns: SQLite in WAL mode with `synchronous=FULL`, records of 71 bytes
 * packed into segments of 256, one transaction each. Through the store's own connection, so that the
 * bound has the same binding and the same pragmas.
 */
import { connect } from '../persistence/sqlite/connection.ts'

const recordBytes = 71
const segmentRecords = 256

export interface SegmentBound {
  /** Appends so many records and returns records per second. */
  append(records: number): number
  close(): void
}

export function segmentBound(path: string): SegmentBound {
  const db = connect(path)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('CREATE TABLE segments (position INTEGER PRIMARY KEY, body BLOB)')
  const insert = db.prepare('INSERT INTO segments (position, body) VALUES (?, ?)')
  let position = 0
  return {
    append(records) {
      const start = performance.now()
      for (let left = records; left > 0; left -= segmentRecords) {
        const count = Math.min(left, segmentRecords)
        db.begin()
        insert.run(position, pack(position, count))
        db.commit()
        position += count
      }
      return records / ((performance.now() - start) / 1_000)
    },
    close: () => db.close(),
  }
}

/** Writes records as numbers, as any encoder has to. */
function pack(from: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count * recordBytes)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < count; i += 1) {
    for (let at = 0; at + 8 <= recordBytes; at += 8) {
      view.setFloat64(i * recordBytes + at, from + i, true)
    }
  }
  return bytes
}
