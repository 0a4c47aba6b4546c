/**
 * Opening a store file: for writing, alone (D10), or read-only beside its writer.
 *
 * Owns the order of an opening: look at the file before touching it, take the writer's lock, open,
 * check the format, compare the end with the tail file, recover.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { TroupeError } from '../../mailbox/errors.ts'
import { HistoryReader } from '../history-reader.ts'
import { HistoryStore, type StoreOptions } from '../history-store.ts'
import { noteApp } from './app-note.ts'
import { attempt, type Connect, type Connection, connect as connectSqlite } from './connection.ts'
import { SqliteReadMedium } from './read-medium.ts'
import { inspect, prepareSchema } from './schema.ts'
import { SqliteMedium } from './sqlite-medium.ts'
import { readTail, TailFile } from './tail-file.ts'
import { lockWriter } from './writer-lock.ts'

/** How a store file is opened for writing. */
export interface SqliteStoreOptions extends StoreOptions {
  /**
   * `full` (default): acknowledged means synced (D6). `relaxed`: a power failure may lose the last
   * commits, a crash of the process loses none.
   */
  readonly durability?: 'full' | 'relaxed'
  /** Path of the app module that writes it: noted in the file. */
  readonly app?: string | undefined
  /** Opens connections; tests pass their own to make them fail. */
  readonly connect?: Connect
}

/**
 * Opens or creates a store.
 * @throws STORE_LOCKED, STORE_NEWER, STORE_READONLY, STORE_CORRUPT, STORE_TAIL_LOST
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): HistoryStore {
  const file = realPath(path)
  const connect = options.connect ?? connectSqlite
  attempt(file, () => inspect(file))
  const lock = lockWriter(file, connect)
  return orElse(
    () => {
      const medium = openMedium(file, connect, options)
      return orElse(
        () => new SqliteStore(medium, options, () => lock.release()),
        () => medium.close(),
      )
    },
    () => lock.release(),
  )
}

/** What `work` gives; if it throws, `undo` first. */
function orElse<T>(work: () => T, undo: () => void): T {
  try {
    return work()
  } catch (error) {
    undo()
    throw error
  }
}

/** A read-only view of a store file, beside its writer if there is one. */
export interface SqliteReader {
  readonly history: HistoryReader
  readonly medium: SqliteReadMedium
  /** Closes the file; what was read stays good. */
  close(): void
}

/** @throws STORE_NEWER, STORE_READONLY, STORE_CORRUPT */
export function openSqliteReader(path: string, connect: Connect = connectSqlite): SqliteReader {
  const file = realPath(path)
  attempt(file, () => inspect(file))
  const medium = new SqliteReadMedium(file, connect(file, { readonly: true }))
  return { history: new HistoryReader(medium), medium, close: () => medium.close() }
}

class SqliteStore extends HistoryStore {
  readonly #release: () => void

  constructor(medium: SqliteMedium, options: StoreOptions, release: () => void) {
    super(medium, options)
    this.#release = release
  }

  override close(): void {
    super.close()
    this.#release()
  }
}

function openMedium(file: string, connect: Connect, options: SqliteStoreOptions): SqliteMedium {
  const isNew = !existsSync(file)
  const first = openConnection(file, connect, options)
  let next: Connection | undefined = first
  const id = storeId(first)
  const reopen = (): Connection => {
    const connection = next ?? openConnection(file, connect, options)
    next = undefined
    return connection
  }
  if (isNew) attempt(file, () => syncFolder(file))
  const tail = attempt(file, () => new TailFile(file, id))
  return new SqliteMedium(file, reopen, tail, options.faults)
}

function openConnection(file: string, connect: Connect, options: SqliteStoreOptions): Connection {
  const connection = connect(file)
  return orElse(
    () => {
      configure(connection, options)
      prepareSchema(file, connection, randomUUID())
      checkTail(file, connection, options)
      const { app } = options
      if (app !== undefined) attempt(file, () => noteApp(connection, file, app))
      return connection
    },
    () => connection.close(),
  )
}

function configure(connection: Connection, { durability = 'full' }: SqliteStoreOptions): void {
  connection.pragma('journal_mode = WAL')
  connection.pragma(`synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`)
}

/** Refuses a store that ends before what was acknowledged. */
function checkTail(file: string, connection: Connection, options: StoreOptions): void {
  const tail = readTail(file)
  if (tail === undefined || options.acceptLoss) return
  const last = connection.prepare('SELECT max(position) FROM segments').get()?.[0]
  const isOther = last !== null && storeId(connection) !== tail.id
  // Another store was put here, a restored backup: the mark is not about it.
  if (isOther) return
  const position = endOf(connection)
  if (position >= tail.position) return
  throw new TroupeError(
    'STORE_TAIL_LOST',
    `${file} ends at record ${position}, but ${tail.position} were acknowledged: its WAL was deleted, or an old copy put in its place. Put the missing file back, or open with acceptLoss`,
    { fields: { file, position, acknowledged: tail.position } },
  )
}

function endOf(connection: Connection): number {
  const query = 'SELECT position + count - 1 FROM segments ORDER BY position DESC LIMIT 1'
  return Number(connection.prepare(query).get()?.[0] ?? 0)
}

function storeId(connection: Connection): string {
  return String(connection.prepare("SELECT value FROM meta WHERE key = 'id'").get()?.[0])
}

/** One path per file, so that two names of it share one lock. */
function realPath(path: string): string {
  const full = resolve(path)
  if (existsSync(full)) return realpathSync(full)
  const folder = dirname(full)
  if (!existsSync(folder)) {
    throw new TroupeError('STORE_READONLY', `the folder ${folder} does not exist; create it first`)
  }
  return join(realpathSync(folder), basename(full))
}

/** The new file's entry in its folder must survive a power failure as well. */
function syncFolder(file: string): void {
  const folder = openSync(dirname(file), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
