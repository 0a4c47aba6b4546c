/**
 * The read side of a store file: statements, and what is remembered of their answers. The writer extends
 * it; a read-only connection uses it as it is, beside the writer and without stopping it (D7, D10).
 */

import { TroupeError } from '../../mailbox/errors.ts'
import type { ActorRow } from '../actor-table.ts'
import { isDamage } from '../decode.ts'
import type { ReadMedium } from '../medium.ts'
import type { Damage, Snapshot, StoredDirectory, StoredSegment } from '../stored.ts'
import { type AppNote, notedApp } from './app-note.ts'
import { Cache } from './cache.ts'
import { checksum } from './checksums.ts'
import type { Connection, Statement, Value } from './connection.ts'
import { rescan } from './rescan.ts'
import {
  actorColumns,
  directoryColumns,
  readActorRow,
  readDirectory,
  readSegment,
  readSnapshot,
  snapshotColumns,
} from './rows.ts'

const textsCached = 50_000
const segmentBytesCached = 16 * 1024 * 1024
/** Rows fetched at once: a cursor left open would keep the WAL from being checkpointed. */
const pageRows = 16
const startOf = 'SELECT position FROM segments WHERE position <= ? ORDER BY position DESC LIMIT 1'

export class SqliteReadMedium implements ReadMedium {
  protected connection: Connection
  readonly #file: string
  readonly #statements = new Map<string, Statement>()
  readonly #actorNos = new Cache<string, number>(textsCached)
  readonly #addresses = new Cache<number, string>(textsCached)
  readonly #names = new Cache<number, string>(textsCached)
  readonly #segments = new Cache<number, StoredSegment>(
    segmentBytesCached,
    ({ directory, body }) => directory.length + body.length,
  )

  constructor(file: string, connection: Connection) {
    this.#file = file
    this.connection = connection
  }

  get position(): number {
    const row = this.sql(
      'SELECT position + count FROM segments ORDER BY position DESC LIMIT 1',
    ).get()
    return row === undefined ? 0 : Number(row[0]) - 1
  }

  actorNo(address: string): number | undefined {
    const known = this.#actorNos.get(address)
    if (known !== undefined) return known
    const row = this.sql('SELECT no FROM actors WHERE address = ?').get(address)
    if (row === undefined) return undefined
    return this.remember(Number(row[0]), address)
  }

  address(no: number): string {
    if (no === 0) return ''
    const known = this.#addresses.get(no)
    if (known !== undefined) return known
    const row = this.#actorRow(no)
    if (row === undefined) throw this.#corrupt(`actor number ${no} is not in the store`)
    const address = String(row[0])
    this.remember(no, address)
    return address
  }

  name(no: number): string {
    if (no === 0) return ''
    const known = this.#names.get(no)
    if (known !== undefined) return known
    const [text, sum] = this.sql('SELECT text, checksum FROM names WHERE no = ?').get(no) ?? []
    if (text === undefined || sum !== checksum([no], String(text))) {
      throw this.#corrupt(`the text of name number ${no} is damaged or missing`)
    }
    this.#names.set(no, String(text))
    return String(text)
  }

  row(no: number): ActorRow | undefined {
    const row = this.#actorRow(no)
    return row && (readActorRow(no, row) ?? this.#rescan(no))
  }

  actors(after: number, limit: number): { no: number; actor: string }[] {
    const rows = this.sql('SELECT no, address FROM actors WHERE no > ? ORDER BY no LIMIT ?')
    return rows.all(after, limit).map(([no, actor]) => ({ no: Number(no), actor: String(actor) }))
  }

  segmentOf(position: number): StoredSegment | Damage | undefined {
    const [base] = this.sql(startOf).get(position) ?? []
    if (base === undefined) return undefined
    const segment = this.#segments.get(Number(base)) ?? this.#segmentAt(Number(base))
    if (segment === undefined || isDamage(segment)) return segment
    return position < segment.position + segment.count ? segment : undefined
  }

  *directories(from: number, to: number): Generator<StoredDirectory | Damage> {
    for (const row of this.#rows(directoryColumns, from, to)) yield readDirectory(row)
  }

  *segments(from: number, to: number): Generator<StoredSegment | Damage> {
    for (const row of this.#rows(`${directoryColumns}, body`, from, to)) yield readSegment(row)
  }

  snapshots(no: number): readonly Snapshot[] {
    const rows = this.sql(
      `SELECT ${snapshotColumns} FROM snapshots WHERE actor = ? ORDER BY position DESC`,
    ).all(no)
    const actor = rows.length === 0 ? '' : this.address(no)
    return rows.map((row) => readSnapshot(no, actor, row)).filter((one) => one !== undefined)
  }

  *checkpoints(): Generator<{ position: number; chunks: readonly Uint8Array[] }> {
    const whole = this.sql(
      'SELECT position, part FROM checkpoints WHERE last = 1 ORDER BY position DESC',
    )
    for (const [position, part] of whole.all()) {
      const chunks = this.#chunks(Number(position), Number(part))
      if (chunks !== undefined) yield { position: Number(position), chunks }
    }
  }

  /**
   * From now on this sees one moment, until it is closed. It also spares every query the taking of
   * locks, but keeps a WAL from being cleared: for files that nobody writes.
   */
  hold(): void {
    this.connection.exec('BEGIN')
  }

  /** Rows of snapshots, good or not. */
  get snapshotRows(): number {
    return Number(this.sql('SELECT count(*) FROM snapshots').get()?.[0])
  }

  /** What SQLite itself finds wrong with the file; empty when nothing. */
  faults(): readonly string[] {
    const found = this.sql('PRAGMA quick_check(10)')
      .all()
      .map(([text]) => String(text))
    return found.length === 1 && found[0] === 'ok' ? [] : found
  }

  get storeId(): string {
    return String(this.sql("SELECT value FROM meta WHERE key = 'id'").get()?.[0])
  }

  /** Where the app is that last wrote this store. */
  get app(): AppNote | undefined {
    return notedApp(this.connection)
  }

  get floor(): number {
    return Number(this.sql("SELECT value FROM meta WHERE key = 'floor'").get()?.[0] ?? 1)
  }

  ownIdRecords(since: number): number[] {
    const rows = this.sql(
      'SELECT position, settled_by FROM own_ids WHERE settled_by = 0 OR time > ?',
    ).all(since)
    return rows.flat().map(Number)
  }

  get bytes(): number {
    return (
      Number(this.connection.pragma('page_count')) * Number(this.connection.pragma('page_size'))
    )
  }

  close(): void {
    this.#statements.clear()
    this.connection.close()
  }

  protected sql(text: string): Statement {
    const known = this.#statements.get(text)
    if (known !== undefined) return known
    const statement = this.connection.prepare(text)
    this.#statements.set(text, statement)
    return statement
  }

  protected remember(no: number, address: string): number {
    this.#actorNos.set(address, no)
    this.#addresses.set(no, address)
    return no
  }

  protected rememberSegment(segment: StoredSegment): void {
    this.#segments.set(segment.position, segment)
  }

  protected forgetTexts(): void {
    this.#actorNos.clear()
    this.#addresses.clear()
    this.#names.clear()
  }

  protected forgetSegments(): void {
    this.#segments.clear()
  }

  /** Continues on another connection, with nothing remembered from the last. */
  protected replace(connection: Connection): void {
    this.connection = connection
    this.#statements.clear()
    this.forgetTexts()
    this.#segments.clear()
  }

  #actorRow(no: number): readonly Value[] | undefined {
    return this.sql(`SELECT ${actorColumns} FROM actors WHERE no = ?`).get(no)
  }

  *#rows(columns: string, from: number, to: number): Generator<readonly Value[]> {
    const [start = from] = this.sql(startOf).get(from) ?? []
    const page = this.sql(
      `SELECT ${columns} FROM segments WHERE position BETWEEN ? AND ? ORDER BY position LIMIT ${pageRows}`,
    )
    for (let next = Number(start); ; ) {
      const rows = page.all(next, to)
      for (const row of rows) if (Number(row[0]) + Number(row[1]) > from) yield row
      const last = rows.at(-1)
      if (last === undefined || rows.length < pageRows) return
      next = Number(last[0]) + 1
    }
  }

  #segmentAt(position: number): StoredSegment | Damage | undefined {
    const row = this.sql(`SELECT ${directoryColumns}, body FROM segments WHERE position = ?`).get(
      position,
    )
    if (row === undefined) return undefined
    const segment = readSegment(row)
    if (!isDamage(segment)) this.rememberSegment(segment)
    return segment
  }

  #chunks(position: number, last: number): Uint8Array[] | undefined {
    const rows = this.sql(
      'SELECT part, checksum, bytes FROM checkpoints WHERE position = ? ORDER BY part',
    ).all(position)
    const good = rows.every(([part, sum, bytes], i) => {
      return part === i && sum === checksum([position, i], bytes as Uint8Array)
    })
    if (!good || rows.length !== last + 1) return undefined
    return rows.map(([, , bytes]) => bytes as Uint8Array)
  }

  #rescan(no: number): ActorRow {
    const found = rescan(no, this.directories(1, this.position))
    if (!isDamage(found)) return found
    throw this.#corrupt(`the row of actor number ${no} is damaged, and ${found.detail}`)
  }

  #corrupt(what: string): TroupeError {
    return new TroupeError('STORE_CORRUPT', `${this.#file}: ${what}; all bytes are kept`)
  }
}
