/**
 * The write side of a store file: one connection, one transaction at a time, one sync per commit
 * (D6). The tail file is told of every position that was acknowledged (D10).
 */
import type { Faults } from '../../mailbox/fault-points.ts'
import type { ActorRow } from '../actor-table.ts'
import { snapshotsKept } from '../history-reader.ts'
import type { Medium, OwnIdRow } from '../medium.ts'
import type { CheckpointChunk } from '../store.ts'
import type { Damage, Snapshot, StoredSegment } from '../stored.ts'
import { endTopic } from '../topic.ts'
import { Cache } from './cache.ts'
import { checksum } from './checksums.ts'
import type { Connection } from './connection.ts'
import { SqliteReadMedium } from './read-medium.ts'
import { renameAddresses, renameNames } from './rename.ts'
import { rowChecksum, segmentChecksum, snapshotChecksum } from './rows.ts'
import type { TailFile } from './tail-file.ts'

/** Checkpoints kept in all, as many as snapshots of each actor. */
const kept = snapshotsKept
const ownIdsPerExpiry = 100

export class SqliteMedium extends SqliteReadMedium implements Medium {
  readonly #open: () => Connection
  readonly #tail: TailFile
  readonly #faults: Faults | undefined
  readonly #nameNos = new Cache<string, number>(50_000)
  #epochs = new Map<number, number>()
  #position: number
  /** The segment asked for last: messages of actors that come up together lie together. */
  #near: StoredSegment | undefined

  /** @param open opens the file again after a failure */
  constructor(file: string, open: () => Connection, tail: TailFile, faults?: Faults) {
    super(file, open())
    this.#open = open
    this.#tail = tail
    this.#faults = faults
    this.#position = super.position
    this.#loadEpochs()
    // From here on this is what there is, also when a loss was accepted.
    tail.write(this.#position)
  }

  override get position(): number {
    return this.#position
  }

  transaction<T>(work: () => T): T {
    const before = this.#position
    try {
      this.connection.begin()
      const result = work()
      this.#faults?.('commit:written')
      this.connection.commit()
      this.#faults?.('commit:synced')
      if (this.#position !== before) this.#tail.write(this.#position)
      this.#faults?.('commit:noted')
      return result
    } catch (error) {
      this.#undo()
      throw error
    }
  }

  derived<T>(work: () => T): T {
    const level = Number(this.connection.pragma('synchronous'))
    this.connection.pragma('synchronous = NORMAL')
    try {
      return this.transaction(work)
    } finally {
      // Should even this fail, the store is reopened, and a new connection syncs again.
      this.connection.pragma(`synchronous = ${level}`)
    }
  }

  append(segment: StoredSegment): void {
    const { position, count, slot, epoch, seq, time, directory, body } = segment
    const sum = segmentChecksum(segment)
    this.sql('INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      position,
      count,
      slot,
      epoch,
      seq,
      time,
      sum,
      directory,
      body,
    )
    this.#position = position + count - 1
    this.rememberSegment(segment)
  }

  override segmentOf(position: number): StoredSegment | Damage | undefined {
    const near = this.#near
    if (near !== undefined && position >= near.position && position < near.position + near.count) {
      return near
    }
    const found = super.segmentOf(position)
    if (found !== undefined && !('kind' in found)) this.#near = found
    return found
  }

  addActor(address: string): number {
    const no = this.#next('actors')
    const row = { no, head: 0, turn: 0, bytes: 0, snapshotSize: 0 }
    const sum = rowChecksum(row, address)
    this.sql('INSERT INTO actors VALUES (?, ?, 0, 0, 0, 0, ?)').run(no, address, sum)
    return this.remember(no, address)
  }

  renameType(from: string, to: string): readonly string[] {
    const renaming = { sql: (text: string) => this.sql(text) }
    const both = [
      ...renameAddresses(renaming, `${from}/`, `${to}/`),
      ...renameNames(renaming, endTopic(`${from}/`), endTopic(`${to}/`)),
    ]
    this.forgetTexts()
    this.#nameNos.clear()
    return both
  }

  nameNo(name: string): number {
    const known = this.#nameNos.get(name)
    if (known !== undefined) return known
    const [stored] = this.sql('SELECT no FROM names WHERE text = ?').get(name) ?? []
    const no = stored === undefined ? this.#addName(name) : Number(stored)
    this.#nameNos.set(name, no)
    return no
  }

  ownId(actor: number, id: string): OwnIdRow | undefined {
    const find = 'SELECT position, idx, settled_by, time FROM own_ids WHERE actor = ? AND id = ?'
    const row = this.sql(find).get(actor, id)
    if (row === undefined) return undefined
    const [position = 0, index = 0, by = 0, time = 0] = row.map(Number)
    return { position, index, by, time }
  }

  addOwnId(actor: number, id: string, row: OwnIdRow): void {
    const { position, index, by, time } = row
    this.sql('INSERT OR REPLACE INTO own_ids VALUES (?, ?, ?, ?, ?, ?)').run(
      actor,
      id,
      position,
      index,
      by,
      time,
    )
  }

  settleOwnId(position: number, index: number, by: number): string | undefined {
    const settle = 'UPDATE own_ids SET settled_by = ? WHERE position = ? AND idx = ? RETURNING id'
    const [id] = this.sql(settle).get(by, position, index) ?? []
    return id === undefined ? undefined : String(id)
  }

  expireOwnIds(time: number): void {
    this.sql(
      `DELETE FROM own_ids WHERE (actor, id) IN (
        SELECT actor, id FROM own_ids WHERE settled_by > 0 AND time <= ? LIMIT ${ownIdsPerExpiry})`,
    ).run(time)
  }

  epoch(slot: number): number {
    return this.#epochs.get(slot) ?? 0
  }

  setEpoch(slot: number, epoch: number): void {
    this.sql('INSERT OR REPLACE INTO epochs VALUES (?, ?)').run(slot, epoch)
    this.#epochs.set(slot, epoch)
  }

  addOrigins(count: number): number {
    const [before = 0] = this.sql("SELECT value FROM meta WHERE key = 'origins'").get() ?? []
    this.sql("INSERT OR REPLACE INTO meta VALUES ('origins', ?)").run(Number(before) + count)
    return Number(before)
  }

  putSnapshot(no: number, snapshot: Snapshot): void {
    const { position, turn, version, state, meta } = snapshot
    const sum = snapshotChecksum(no, snapshot)
    this.sql('INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?)').run(
      no,
      position,
      turn,
      version,
      sum,
      state,
      meta ?? null,
    )
    this.sql(
      `DELETE FROM snapshots WHERE actor = ? AND position NOT IN (
        SELECT position FROM snapshots WHERE actor = ? ORDER BY position DESC LIMIT ${kept})`,
    ).run(no, no)
  }

  putCheckpoint(chunk: CheckpointChunk, rows: readonly ActorRow[]): void {
    const { position, part, last, bytes } = chunk
    const sum = checksum([position, part], bytes)
    // What an earlier, unfinished attempt left at the same position must not mix with this one.
    if (part === 0) this.sql('DELETE FROM checkpoints WHERE position = ?').run(position)
    const insert = 'INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)'
    this.sql(insert).run(position, part, last ? 1 : 0, sum, bytes)
    for (const row of rows) this.#updateRow(row)
    if (last) this.#dropCheckpoints()
  }

  dropSegments(positions: readonly number[], floor: number): void {
    const drop = this.sql('DELETE FROM segments WHERE position = ?')
    for (const position of positions) drop.run(position)
    this.sql("INSERT OR REPLACE INTO meta VALUES ('floor', ?)").run(Math.max(floor, this.floor))
    this.forgetSegments()
    this.#near = undefined
  }

  reopen(): void {
    this.#undo()
    super.close()
    this.replace(this.#open())
    this.#nameNos.clear()
    this.#near = undefined
    this.#position = super.position
    this.#epochs.clear()
    this.#loadEpochs()
  }

  override close(): void {
    super.close()
    this.#tail.close()
  }

  #addName(text: string): number {
    const no = this.#next('names')
    this.sql('INSERT INTO names VALUES (?, ?, ?)').run(no, text, checksum([no], text))
    return no
  }

  #next(table: 'actors' | 'names'): number {
    const [last] = this.sql(`SELECT max(no) FROM ${table}`).get() ?? []
    return Number(last ?? 0) + 1
  }

  #updateRow(row: ActorRow): void {
    const { no, head, turn, bytes, snapshotSize } = row
    const update =
      'UPDATE actors SET head = ?, turn = ?, bytes = ?, snapshot_size = ?, checksum = ? WHERE no = ?'
    const sum = rowChecksum(row, this.address(no))
    this.sql(update).run(head, turn, bytes, snapshotSize, sum, no)
  }

  /** Leaves the newest whole ones and what is being written. */
  #dropCheckpoints(): void {
    this.sql(
      `DELETE FROM checkpoints WHERE position < (SELECT min(position) FROM (
        SELECT position FROM checkpoints WHERE last = 1 ORDER BY position DESC LIMIT ${kept}))`,
    ).run()
  }

  #loadEpochs(): void {
    for (const [slot, epoch] of this.sql('SELECT slot, epoch FROM epochs').all()) {
      this.#epochs.set(Number(slot), Number(epoch))
    }
  }

  #undo(): void {
    try {
      this.connection.rollback()
    } catch {
      // The connection is past saying; reopening decides what is true.
    }
  }
}
