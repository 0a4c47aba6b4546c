/**
 * Cuts a store file off behind a position, in place: what is left is the store as it stood there. Any
 * prefix of the history is a consistent cut (D7). Meant for a copy that nobody has open.
 *
 * Owns which rows hold something of later records: segments, snapshots, checkpoints, actors' ends,
 * own ids. Texts, epochs and origins stay: a number given out is never given out twice.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import type { ActorRow } from '../actor-table.ts'
import { isDamage } from '../decode.ts'
import { At, entrySize, getU48, nextRecord, viewOf } from '../directory.ts'
import { HistoryReader } from '../history-reader.ts'
import { PartFlag, PartKind, RecordFlag, RecordKind } from '../record.ts'
import type { Damage, StoredSegment } from '../stored.ts'
import type { Connection } from './connection.ts'
import { SqliteReadMedium } from './read-medium.ts'
import { rowChecksum, segmentChecksum } from './rows.ts'

/** The last position before anything committed later than a wall time in ms. */
export function positionAt(connection: Connection, time: number): number {
  const later = connection.prepare('SELECT min(position) FROM segments WHERE time > ?').get(time)
  if (typeof later?.[0] === 'number') return later[0] - 1
  const end = connection.prepare('SELECT max(position + count) FROM segments').get()
  return Number(end?.[0] ?? 1) - 1
}

/** @throws STORE_CORRUPT when what must be known about the cut cannot be read */
export function cutStore(file: string, connection: Connection, position: number): void {
  const medium = new SqliteReadMedium(file, connection)
  const rows = endsAt(medium, position)
  const accepted = inlineIds(medium, position)
  const last = shortened(medium, position)
  connection.begin()
  connection.prepare('DELETE FROM segments WHERE position > ?').run(position)
  if (last !== undefined) replaceSegment(connection, last)
  connection.prepare('DELETE FROM snapshots WHERE position > ?').run(position)
  connection.prepare('DELETE FROM checkpoints WHERE position > ?').run(position)
  for (const row of rows) replaceRow(connection, row, medium.address(row.no))
  cutOwnIds(connection, position, accepted)
  connection.commit()
}

// ── where actors' records end ───────────────────────────────────────────────────────────────────

/** Rows that say more than the cut leaves. */
function endsAt(medium: SqliteReadMedium, position: number): ActorRow[] {
  const reader = new HistoryReader(medium)
  const ends: ActorRow[] = []
  for (const { no } of medium.actors(0, Number.MAX_SAFE_INTEGER)) {
    const row = medium.row(no)
    if (row !== undefined && row.head > position) ends.push(endAt(reader, medium, row, position))
  }
  return ends
}

/** Goes back along the actor's records. `bytes` only says when a snapshot is due; it may stay. */
function endAt(
  reader: HistoryReader,
  medium: SqliteReadMedium,
  row: ActorRow,
  position: number,
): ActorRow {
  let { head, turn } = row
  while (head > position) {
    const place = reader.place(head)
    if (place === undefined || isDamage(place)) throw unreadable(place, head)
    const { view, at } = place
    if (view.getUint8(at) === RecordKind.turn) turn = getU48(view, at + At.turn) - 1
    head = getU48(view, at + At.previous)
  }
  const snapshot = medium.snapshots(row.no).find((one) => one.position <= position)
  const snapshotSize = (snapshot?.state.length ?? 0) + (snapshot?.meta?.length ?? 0)
  return { ...row, head, turn, snapshotSize }
}

function replaceRow(connection: Connection, row: ActorRow, address: string): void {
  const { no, head, turn, bytes, snapshotSize } = row
  const update =
    'UPDATE actors SET head = ?, turn = ?, bytes = ?, snapshot_size = ?, checksum = ? WHERE no = ?'
  connection.prepare(update).run(head, turn, bytes, snapshotSize, rowChecksum(row, address), no)
}

// ── the segment that the cut goes through ───────────────────────────────────────────────────────

function shortened(medium: SqliteReadMedium, position: number): StoredSegment | undefined {
  const segment = medium.segmentOf(position)
  if (segment === undefined || isDamage(segment)) throw unreadable(segment, position)
  const count = position - segment.position + 1
  if (count === segment.count) return undefined
  const directory = segment.directory.slice(0, endOf(segment.directory, count))
  return { ...segment, count, directory, body: segment.body.slice(0, bodyEnd(directory)) }
}

/** Offset behind so many live records; dead ones in between stay. */
function endOf(directory: Uint8Array, count: number): number {
  const view = viewOf(directory)
  let left = count
  for (let at = 0; ; at = nextRecord(view, at)) {
    if (!(view.getUint16(at + At.flags, true) & RecordFlag.dead)) left -= 1
    if (left === 0) return nextRecord(view, at)
  }
}

/** What later records had in the body goes with them. */
function bodyEnd(directory: Uint8Array): number {
  const view = viewOf(directory)
  let end = 0
  for (let at = 0; at < directory.length; at += entrySize) {
    if (view.getUint16(at + At.flags, true) & PartFlag.dead) continue
    const offset = view.getUint32(at + At.offset, true)
    end = Math.max(end, offset + view.getUint32(at + At.length, true))
  }
  return end
}

/** Writes a segment that was changed back to its row. */
export function replaceSegment(connection: Connection, segment: StoredSegment): void {
  const { position, count, directory, body } = segment
  connection
    .prepare(
      'UPDATE segments SET count = ?, checksum = ?, directory = ?, body = ? WHERE position = ?',
    )
    .run(count, segmentChecksum(segment), directory, body, position)
}

// ── own ids ─────────────────────────────────────────────────────────────────────────────────────

/**
 * Messages that had an own id and were only in memory until a record up to the cut: they are named by
 * the thread they came from, so their name does not tell which side they are on.
 */
function inlineIds(medium: SqliteReadMedium, position: number): Set<string> {
  const found = new Set<string>()
  for (const segment of medium.directories(1, position)) {
    if (!isDamage(segment)) collect(segment, position, found)
  }
  return found
}

function collect(
  segment: { readonly position: number; readonly directory: Uint8Array },
  end: number,
  into: Set<string>,
): void {
  const view = viewOf(segment.directory)
  const wanted = PartFlag.inline | PartFlag.ownId
  let position = segment.position
  for (let at = 0; at < segment.directory.length; at = nextRecord(view, at)) {
    if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
    if (position > end) return
    const part = at + entrySize
    const isMessage =
      view.getUint32(at + At.parts, true) > 0 && view.getUint8(part) === PartKind.message
    if (isMessage && (view.getUint16(part + At.flags, true) & wanted) === wanted) {
      into.add(key(view.getFloat64(at + At.position, true), view.getUint32(at + At.index, true)))
    }
    position += 1
  }
}

function cutOwnIds(connection: Connection, position: number, accepted: Set<string>): void {
  connection.prepare('DELETE FROM own_ids WHERE position > ?').run(position)
  const inline = connection.prepare(
    'SELECT actor, id, position, idx FROM own_ids WHERE position < 0',
  )
  const remove = connection.prepare('DELETE FROM own_ids WHERE actor = ? AND id = ?')
  for (const [actor = 0, id = '', at, index] of inline.all()) {
    if (!accepted.has(key(Number(at), Number(index)))) remove.run(actor, id)
  }
  // Consumed behind the cut: pending again.
  connection.prepare('UPDATE own_ids SET settled_by = 0 WHERE settled_by > ?').run(position)
}

function key(position: number, index: number): string {
  return `${position}:${index}`
}

function unreadable(damage: Damage | undefined, position: number): TroupeError {
  const what = damage?.detail ?? `record ${position} is not in the store`
  return new TroupeError('STORE_CORRUPT', `cannot be cut there: ${what}; choose another position`)
}
