/**
 * The reference store: the same engine over maps and arrays. For tests, and for systems that are
 * told to remember only while they run. A transaction that throws is undone.
 */

import { TroupeError } from '../mailbox/errors.ts'
import type { ActorRow } from './actor-table.ts'
import { HistoryStore, type StoreOptions } from './history-store.ts'
import type { Medium, OwnIdRow } from './medium.ts'
import { isKept, ownIdTtl } from './own-ids.ts'
import type { CheckpointChunk } from './store.ts'
import type { Snapshot, StoredSegment } from './stored.ts'
import { endTopic } from './topic.ts'

/** Snapshots kept of each actor, and checkpoints kept in all. */
export const kept = 3

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
  readonly #actors = new Texts()
  readonly #names = new Texts()
  readonly #rows = new Map<number, ActorRow>()
  readonly #segments: StoredSegment[] = []
  readonly #ownIds = new Map<string, OwnIdRow>()
  readonly #ownIdOf = new Map<string, string>()
  readonly #snapshots = new Map<number, Snapshot[]>()
  readonly #checkpoints: MemoryCheckpoint[] = []
  readonly #epochs = new Map<number, number>()
  #origins = 0
  #floor = 1
  #undo: (() => unknown)[] | undefined

  get position(): number {
    const last = this.#segments.at(-1)
    return last === undefined ? 0 : last.position + last.count - 1
  }

  get bytes(): number {
    return this.#segments.reduce(
      (sum, { directory, body }) => sum + directory.length + body.length,
      0,
    )
  }

  actorNo(address: string): number | undefined {
    return this.#actors.find(address)
  }

  addActor(address: string): number {
    return this.#actors.add(address)
  }

  renameType(from: string, to: string): readonly string[] {
    const both = this.#move(this.#actors, `${from}/`, `${to}/`)
    if (both.length > 0) return both
    return this.#move(this.#names, endTopic(`${from}/`), endTopic(`${to}/`))
  }

  /** Returns some of those that are there with either beginning; then nothing was changed. */
  #move(texts: Texts, from: string, to: string): readonly string[] {
    const moves = texts
      .all()
      .filter((text) => text.startsWith(from))
      .map((text) => ({ text, moved: to + text.slice(from.length) }))
    const both = moves.filter(({ moved }) => texts.find(moved) !== undefined)
    if (both.length > 0) return both.slice(0, 3).map(({ moved }) => moved)
    for (const { text, moved } of moves) {
      texts.rename(text, moved)
      this.#onUndo(() => texts.rename(moved, text))
    }
    return []
  }

  address(no: number): string {
    return this.#actors.text(no)
  }

  nameNo(name: string): number {
    return this.#names.find(name) ?? this.#names.add(name)
  }

  name(no: number): string {
    return this.#names.text(no)
  }

  row(no: number): ActorRow | undefined {
    return this.#rows.get(no)
  }

  actors(after: number, limit: number): { no: number; actor: string }[] {
    return this.#actors.page(after, limit).map(({ no, text }) => ({ no, actor: text }))
  }

  segmentOf(position: number): StoredSegment | undefined {
    const segment = this.#segments[this.#indexOf(position)]
    return segment !== undefined && holds(segment, position) ? segment : undefined
  }

  directories(from: number, to: number): Iterable<StoredSegment> {
    return this.segments(from, to)
  }

  *segments(from: number, to: number): Generator<StoredSegment> {
    for (let i = Math.max(0, this.#indexOf(from)); i < this.#segments.length; i += 1) {
      const segment = this.#segments[i] as StoredSegment
      if (segment.position > to) return
      if (segment.position + segment.count > from) yield segment
    }
  }

  transaction<T>(work: () => T): T {
    const undo: (() => unknown)[] = []
    this.#undo = undo
    try {
      return work()
    } catch (error) {
      for (const step of undo.reverse()) step()
      throw error
    } finally {
      this.#undo = undefined
    }
  }

  derived<T>(work: () => T): T {
    return this.transaction(work)
  }

  append(segment: StoredSegment): void {
    this.#segments.push(segment)
    this.#onUndo(() => this.#segments.pop())
  }

  ownId(actor: number, id: string): OwnIdRow | undefined {
    return this.#ownIds.get(keyOf(actor, id))
  }

  addOwnId(actor: number, id: string, row: OwnIdRow): void {
    this.#set(this.#ownIds, keyOf(actor, id), row)
    this.#set(this.#ownIdOf, `${row.position}.${row.index}`, keyOf(actor, id))
  }

  settleOwnId(position: number, index: number, by: number): string | undefined {
    const key = this.#ownIdOf.get(`${position}.${index}`)
    const row = key === undefined ? undefined : this.#ownIds.get(key)
    if (key === undefined || row === undefined) return undefined
    this.#set(this.#ownIds, key, { ...row, by })
    return key.slice(key.indexOf(' ') + 1)
  }

  expireOwnIds(time: number): void {
    for (const [key, row] of this.#ownIds) {
      if (isKept(row, time + ownIdTtl)) return
      this.#ownIds.delete(key)
      this.#ownIdOf.delete(`${row.position}.${row.index}`)
    }
  }

  epoch(slot: number): number {
    return this.#epochs.get(slot) ?? 0
  }

  setEpoch(slot: number, epoch: number): void {
    this.#set(this.#epochs, slot, epoch)
  }

  addOrigins(count: number): number {
    const before = this.#origins
    this.#origins += count
    this.#onUndo(() => {
      this.#origins = before
    })
    return before
  }

  snapshots(no: number): readonly Snapshot[] {
    return this.#snapshots.get(no) ?? []
  }

  putSnapshot(no: number, snapshot: Snapshot): void {
    const others = this.snapshots(no).filter(({ position }) => position !== snapshot.position)
    const newestFirst = [snapshot, ...others].sort((a, b) => b.position - a.position)
    this.#set(this.#snapshots, no, newestFirst.slice(0, kept))
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

  dropSegments(positions: readonly number[], floor: number): void {
    const gone = new Set(positions)
    this.#segments.splice(0, Infinity, ...this.#segments.filter((s) => !gone.has(s.position)))
    this.#floor = Math.max(floor, this.#floor)
  }

  get floor(): number {
    return this.#floor
  }

  get storeId(): string {
    return 'memory'
  }

  *ownIdRecords(since: number): Generator<number> {
    for (const { position, by, time } of this.#ownIds.values()) {
      if (by === 0 || time > since) yield* [position, by]
    }
  }

  reopen(): void {}

  close(): void {}

  /** Index of the last segment that begins at or before a position, -1 for none. */
  #indexOf(position: number): number {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#segments[middle] as StoredSegment).position <= position) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #set<K, V>(map: Map<K, V>, key: K, value: V): void {
    const before = map.get(key)
    map.set(key, value)
    this.#onUndo(() => (before === undefined ? map.delete(key) : map.set(key, before)))
  }

  #onUndo(step: () => unknown): void {
    this.#undo?.push(step)
  }
}

/** Texts by number from 1, and back. Numbers of an undone transaction stay given out. */
class Texts {
  readonly #texts: string[] = ['']
  readonly #numbers = new Map<string, number>()

  find(text: string): number | undefined {
    return this.#numbers.get(text)
  }

  add(text: string): number {
    const no = this.#texts.push(text) - 1
    this.#numbers.set(text, no)
    return no
  }

  text(no: number): string {
    const text = this.#texts[no]
    if (text === undefined) throw new TroupeError('STORE_CORRUPT', `no text has number ${no}`)
    return text
  }

  rename(text: string, to: string): void {
    const no = this.#numbers.get(text)
    if (no === undefined) return
    this.#numbers.delete(text)
    this.#numbers.set(to, no)
    this.#texts[no] = to
  }

  all(): string[] {
    return [...this.#numbers.keys()]
  }

  page(after: number, limit: number): { no: number; text: string }[] {
    return this.#texts
      .slice(after + 1, after + 1 + limit)
      .map((text, i) => ({ no: after + 1 + i, text }))
  }
}

function keyOf(actor: number, id: string): string {
  return `${actor} ${id}`
}

function holds(segment: StoredSegment, position: number): boolean {
  return position < segment.position + segment.count
}
