/**
 * The reference store: the same engine over maps and arrays (`memory/`). For tests, and for systems that
 * are told to remember only while they run. A transaction that throws is undone.
 */
import type { ActorRow } from './actor-table.ts'
import { snapshotsKept } from './history-reader.ts'
import { HistoryStore, type StoreOptions } from './history-store.ts'
import type { Medium, OwnIdRow } from './medium.ts'
import { OwnIdTable } from './memory/own-id-table.ts'
import { SegmentList } from './memory/segment-list.ts'
import { Texts } from './memory/texts.ts'
import { UndoLog } from './memory/undo-log.ts'
import type { CheckpointChunk } from './store.ts'
import type { Snapshot, StoredSegment } from './stored.ts'
import { endTopic } from './topic.ts'

/** Checkpoints kept in all, as many as snapshots of each actor. */
const kept = snapshotsKept

/**
 * Opens a store that lives in memory.
 * @param medium what it keeps its history in, for an archivist that reads beside it
 */
export function openMemoryStore(
  options: StoreOptions = {},
  medium = new MemoryMedium(),
): HistoryStore {
  return new HistoryStore(medium, options)
}

interface MemoryCheckpoint {
  readonly position: number
  readonly chunks: Uint8Array[]
  whole: boolean
}

export class MemoryMedium implements Medium {
  readonly storeId = 'memory'
  readonly #undo = new UndoLog()
  readonly #actors = new Texts(this.#undo)
  readonly #names = new Texts(this.#undo)
  readonly #segments = new SegmentList(this.#undo)
  readonly #ownIds = new OwnIdTable(this.#undo)
  readonly #rows = new Map<number, ActorRow>()
  readonly #snapshots = new Map<number, Snapshot[]>()
  readonly #checkpoints: MemoryCheckpoint[] = []
  readonly #epochs = new Map<number, number>()
  #origins = 0
  #floor = 1

  transaction<T>(work: () => T): T {
    return this.#undo.transaction(work)
  }

  derived<T>(work: () => T): T {
    return this.transaction(work)
  }

  // ── actors and names ──────────────────────────────────────────────────────────────────────────

  actorNo(address: string): number | undefined {
    return this.#actors.find(address)
  }

  addActor(address: string): number {
    return this.#actors.add(address)
  }

  address(no: number): string {
    return this.#actors.text(no)
  }

  actors(after: number, limit: number): { no: number; actor: string }[] {
    return this.#actors.page(after, limit).map(({ no, text }) => ({ no, actor: text }))
  }

  row(no: number): ActorRow | undefined {
    return this.#rows.get(no)
  }

  nameNo(name: string): number {
    return this.#names.find(name) ?? this.#names.add(name)
  }

  name(no: number): string {
    return this.#names.text(no)
  }

  renameType(from: string, to: string): readonly string[] {
    const both = this.#actors.move(`${from}/`, `${to}/`)
    if (both.length > 0) return both
    return this.#names.move(endTopic(`${from}/`), endTopic(`${to}/`))
  }

  // ── the history ───────────────────────────────────────────────────────────────────────────────

  get position(): number {
    return this.#segments.end
  }

  get bytes(): number {
    return this.#segments.bytes
  }

  get floor(): number {
    return this.#floor
  }

  append(segment: StoredSegment): void {
    this.#segments.append(segment)
  }

  segmentOf(position: number): StoredSegment | undefined {
    return this.#segments.of(position)
  }

  directories(from: number, to: number): Iterable<StoredSegment> {
    return this.#segments.between(from, to)
  }

  segments(from: number, to: number): Iterable<StoredSegment> {
    return this.#segments.between(from, to)
  }

  dropSegments(positions: readonly number[], floor: number): void {
    this.#segments.drop(positions)
    this.#floor = Math.max(floor, this.#floor)
  }

  // ── own ids ───────────────────────────────────────────────────────────────────────────────────

  ownId(actor: number, id: string): OwnIdRow | undefined {
    return this.#ownIds.get(actor, id)
  }

  addOwnId(actor: number, id: string, row: OwnIdRow): void {
    this.#ownIds.add(actor, id, row)
  }

  settleOwnId(position: number, index: number, by: number): string | undefined {
    return this.#ownIds.settle(position, index, by)
  }

  expireOwnIds(time: number): void {
    this.#ownIds.expire(time)
  }

  ownIdRecords(since: number): Iterable<number> {
    return this.#ownIds.records(since)
  }

  // ── epochs and origins ────────────────────────────────────────────────────────────────────────

  epoch(slot: number): number {
    return this.#epochs.get(slot) ?? 0
  }

  setEpoch(slot: number, epoch: number): void {
    this.#undo.set(this.#epochs, slot, epoch)
  }

  addOrigins(count: number): number {
    const before = this.#origins
    this.#origins += count
    this.#undo.note(() => {
      this.#origins = before
    })
    return before
  }

  // ── snapshots and checkpoints ─────────────────────────────────────────────────────────────────

  snapshots(no: number): readonly Snapshot[] {
    return this.#snapshots.get(no) ?? []
  }

  putSnapshot(no: number, snapshot: Snapshot): void {
    const others = this.snapshots(no).filter(({ position }) => position !== snapshot.position)
    const newestFirst = [snapshot, ...others].sort((a, b) => b.position - a.position)
    this.#undo.set(this.#snapshots, no, newestFirst.slice(0, snapshotsKept))
  }

  putCheckpoint(chunk: CheckpointChunk, rows: readonly ActorRow[]): void {
    for (const row of rows) this.#rows.set(row.no, row)
    if (chunk.part === 0) {
      this.#checkpoints.unshift({ position: chunk.position, chunks: [], whole: false })
    }
    const current = this.#checkpoints[0]
    if (current === undefined) return
    current.chunks.push(chunk.bytes)
    current.whole = chunk.last
    if (chunk.last) this.#checkpoints.length = Math.min(this.#checkpoints.length, kept)
  }

  checkpoints(): Iterable<{ position: number; chunks: readonly Uint8Array[] }> {
    return this.#checkpoints.filter(({ whole }) => whole)
  }

  reopen(): void {}

  close(): void {}
}
