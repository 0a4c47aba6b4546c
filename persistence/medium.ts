/**
 * What a store keeps its history in: rows and blobs, no meaning. Two of them exist, memory and
 * SQLite; everything with meaning (`history-store.ts`, `history-reader.ts`) is written once above.
 *
 * A medium verifies its checksums on the way out and never hands out what fails them.
 */
import type { ActorRow } from './actor-table.ts'
import type { CheckpointChunk } from './store.ts'
import type { Damage, Snapshot, StoredDirectory, StoredSegment } from './stored.ts'

/** An accepted own id. */
export interface OwnIdRow {
  /** The message accepted under it. */
  readonly position: number
  readonly index: number
  /** The record that consumed the message, 0 while it is pending. */
  readonly by: number
  /** Wall time in ms of its acceptance. */
  readonly time: number
}

/** Reading needs no more than this; many may do it at once. */
export interface ReadMedium {
  /** Position of the last record. */
  readonly position: number
  actorNo(address: string): number | undefined
  /** Identity of the store. */
  readonly storeId: string
  /** Records before it may be missing: retention took what nothing needed. */
  readonly floor: number
  /** Records that own ids accepted after `since` need, and those of messages that are still pending. */
  ownIdRecords(since: number): Iterable<number>
  /** The text behind a number; throws STORE_CORRUPT for one that was never given out. */
  address(no: number): string
  name(no: number): string
  row(no: number): ActorRow | undefined
  /** Known actors by number. */
  actors(after: number, limit: number): readonly { readonly no: number; readonly actor: string }[]
  /** The segment that holds this record. */
  segmentOf(position: number): StoredSegment | Damage | undefined
  /** Directories of segments that overlap `[from, to]`, in order, without reading bodies. */
  directories(from: number, to: number): Iterable<StoredDirectory | Damage>
  /** Segments that overlap `[from, to]`, in order. */
  segments(from: number, to: number): Iterable<StoredSegment | Damage>
  /** Snapshots that pass their checksum, newest first. */
  snapshots(no: number): readonly Snapshot[]
  /** Chunks of complete checkpoints that pass their checksums, newest checkpoint first. */
  checkpoints(): Iterable<{ readonly position: number; readonly chunks: readonly Uint8Array[] }>
}

export interface Medium extends ReadMedium {
  addActor(address: string): number
  /**
   * Gives all actors of a type another one, under their numbers, so that the history is theirs as
   * before (D9). Within a transaction.
   * @returns texts that are there under both types, a few of them; then the caller has to undo it
   */
  renameType(from: string, to: string): readonly string[]
  /** Number of a text, given out if it is new. */
  nameNo(name: string): number
  /** Runs `work` as one transaction, durable when this returns. */
  transaction<T>(work: () => T): T
  /**
   * The same for what can be made again from the history, snapshots and checkpoints: it need not be
   * durable before the next commit is, so hosts wait for no sync of it (D7).
   */
  derived<T>(work: () => T): T
  append(segment: StoredSegment): void
  ownId(actor: number, id: string): OwnIdRow | undefined
  addOwnId(actor: number, id: string, row: OwnIdRow): void
  /** Notes who consumed a message; returns the own id it was accepted under. */
  settleOwnId(position: number, index: number, by: number): string | undefined
  /** Forgets a bounded number of settled own ids accepted before `time`. */
  expireOwnIds(time: number): void
  epoch(slot: number): number
  setEpoch(slot: number, epoch: number): void
  /** Adds to the counter of origins and returns its value before. */
  addOrigins(count: number): number
  putSnapshot(no: number, snapshot: Snapshot): void
  /** Stores a chunk and brings these actors' rows up to date with it. */
  putCheckpoint(chunk: CheckpointChunk, rows: readonly ActorRow[]): void
  /** Deletes segments by their first position; records before `floor` may be missing from then on. */
  dropSegments(positions: readonly number[], floor: number): void
  /** Bytes of history, as cheaply as it can be told. */
  readonly bytes: number
  /** Opens again after a failure. */
  reopen(): void
  close(): void
}
