/**
 * Rows of a store file as values and back: which columns, under which checksum. A row that fails its
 * checksum is never handed out (D4). Bodies of records have checksums of their own, in the directory.
 */
import type { ActorRow } from '../actor-table.ts'
import type { Damage, Snapshot, StoredDirectory, StoredSegment } from '../stored.ts'
import { checksum } from './checksums.ts'
import type { Value } from './connection.ts'

/** Columns of a segment without its body, as {@link readDirectory} takes them. */
export const directoryColumns = 'position, count, slot, epoch, seq, time, checksum, directory'
/** Columns of a snapshot, as {@link readSnapshot} takes them. */
export const snapshotColumns = 'position, turn, version, checksum, state, meta'
/** Columns of an actor's row, as {@link readActorRow} takes them. */
export const actorColumns = 'address, head, turn, bytes, snapshot_size, checksum'

/** Checksum of an actor's row. */
export function rowChecksum(row: ActorRow, address: string): number {
  return checksum([row.no, row.head, row.turn, row.bytes, row.snapshotSize], address)
}

/** Checksum of a snapshot's row. */
export function snapshotChecksum(no: number, snapshot: Snapshot): number {
  const { position, turn, version, state, meta } = snapshot
  const hasMeta = meta === undefined ? 0 : 1
  return checksum([no, position, turn, version, hasMeta], state, meta ?? new Uint8Array(0))
}

/** Checksum of a segment's row. */
export function segmentChecksum(segment: StoredDirectory): number {
  const { position, count, slot, epoch, seq, time, directory } = segment
  return checksum([position, count, slot, epoch, seq, time], directory)
}

/** Undefined for a row that fails its checksum. */
export function readActorRow(no: number, row: readonly Value[]): ActorRow | undefined {
  const [head, turn, bytes, snapshotSize, sum] = row.slice(1).map(Number)
  const found = numbers({ no, head, turn, bytes, snapshotSize })
  return sum === rowChecksum(found, String(row[0])) ? found : undefined
}

/** Undefined for a row that fails its checksum. */
export function readSnapshot(
  no: number,
  actor: string,
  [position, turn, version, sum, state, meta = null]: readonly Value[],
): Snapshot | undefined {
  const snapshot: Snapshot = {
    actor,
    position: Number(position),
    turn: Number(turn),
    version: Number(version),
    state: plain(state),
    ...(meta === null ? {} : { meta: plain(meta) }),
  }
  return sum === snapshotChecksum(no, snapshot) ? snapshot : undefined
}

/** @param row {@link directoryColumns}, then the body */
export function readSegment(row: readonly Value[]): StoredSegment | Damage {
  const directory = readDirectory(row)
  return 'kind' in directory ? directory : { ...directory, body: plain(row[8]) }
}

export function readDirectory(row: readonly Value[]): StoredDirectory | Damage {
  const [position, count, slot, epoch, seq, time, sum] = row.slice(0, 7).map(Number)
  const found = {
    ...numbers({ position, count, slot, epoch, seq, time }),
    directory: plain(row[7]),
  }
  if (sum === segmentChecksum(found)) return found
  const positions = [found.position, found.position + found.count - 1]
  const detail = `the directory of records ${positions.join(' to ')} fails its checksum`
  return { kind: 'damaged', detail, positions }
}

/** SQLite hands out Buffers, whose `slice` does not copy. */
function plain(value: Value | undefined): Uint8Array {
  const { buffer, byteOffset, length } = value as Buffer
  return new Uint8Array(buffer, byteOffset, length)
}

/** Columns are never missing where the statement names them. */
function numbers<K extends string>(columns: Record<K, number | undefined>): Record<K, number> {
  return columns as Record<K, number>
}
