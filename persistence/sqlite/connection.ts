/**
 * The only file that imports better-sqlite3 for the store: opening, the three words of a
 * transaction, and SQLite's error codes as ours. Tests stand between store and SQLite here, and make
 * a commit fail before or after it really happened (D5).
 */
import Database from 'better-sqlite3'
import { type ErrorCode, TroupeError } from '../../mailbox/errors.ts'

export type Value = number | string | Uint8Array | null

/** A prepared statement. Rows come as arrays of columns. */
export interface Statement {
  run(...values: Value[]): void
  get(...values: Value[]): readonly Value[] | undefined
  all(...values: Value[]): readonly (readonly Value[])[]
  iterate(...values: Value[]): Iterable<readonly Value[]>
}

export interface Connection {
  prepare(sql: string): Statement
  exec(sql: string): void
  /** First column of the first row. */
  pragma(text: string): Value
  begin(): void
  commit(): void
  /** Undoes an open transaction; does nothing when SQLite already did. */
  rollback(): void
  /**
   * Copies the database to a file, as one moment saw it: writers go on meanwhile. The event loop
   * turns between steps.
   * @param step told of pages still to copy, of all; returns how many to copy next. What it throws
   *   ends the copy.
   */
  copyTo(file: string, step: (remaining: number, total: number) => number): Promise<void>
  close(): void
}

export interface ConnectOptions {
  readonly readonly?: boolean
  /** How long to wait for a lock, in ms. Default 2,000: a reader may just be recovering the WAL. */
  readonly timeout?: number
}

/** Opens a connection. @throws the STORE_ codes of {@link storeError} */
export type Connect = (file: string, options?: ConnectOptions) => Connection

export const connect: Connect = (file, { readonly = false, timeout = 2000 } = {}) => {
  const db = attempt(file, () => new Database(file, { readonly, timeout }))
  const prepare = (sql: string): Statement => wrap(file, db.prepare(sql))
  const run = (sql: string) => {
    const statement = prepare(sql)
    return () => statement.run()
  }
  return {
    prepare: (sql) => attempt(file, () => prepare(sql)),
    exec: (sql) => attempt(file, () => void db.exec(sql)),
    pragma: (text) => attempt(file, () => db.pragma(text, { simple: true }) as Value),
    begin: run('BEGIN IMMEDIATE'),
    commit: run('COMMIT'),
    rollback: () => {
      if (db.inTransaction) db.exec('ROLLBACK')
    },
    copyTo: (target, step) => copy(file, db, target, step),
    close: () => void db.close(),
  }
}

/**
 * SQLite starts a copy over when somebody writes in between, so that one beside a busy writer would
 * never end. An open read transaction keeps what this connection sees as it is until the copy is done.
 */
async function copy(
  file: string,
  db: Database.Database,
  target: string,
  step: (remaining: number, total: number) => number,
): Promise<void> {
  attempt(file, () => {
    db.exec('BEGIN')
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
  })
  try {
    await db.backup(target, {
      progress: ({ remainingPages, totalPages }) => step(remainingPages, totalPages),
    })
  } catch (error) {
    throw storeError(error, target)
  } finally {
    db.exec('ROLLBACK')
  }
}

/** An error of SQLite or of the file system as ours, the original as its cause. */
export function storeError(error: unknown, file: string): unknown {
  const isFile = error instanceof Error && 'errno' in error && 'code' in error
  if (!isFile && !(error instanceof Database.SqliteError)) return error
  const cause = String(error.code)
  const { code, say } = translations.find(({ matches }) => matches.test(cause)) ?? stalled
  const fields = { file, cause }
  return new TroupeError(code, `${file}: ${say} (${error.message})`, { cause: error, fields })
}

interface Translation {
  readonly matches: RegExp
  readonly code: ErrorCode
  readonly say: string
}

const stalled: Translation = {
  matches: /^/,
  code: 'STORE_STALLED',
  say: 'reading or writing the store failed; it is reopened',
}

const translations: readonly Translation[] = [
  {
    matches: /^(SQLITE_FULL|ENOSPC|EDQUOT)/,
    code: 'STORE_FULL',
    say: 'the disk or the page limit is full; free some space',
  },
  {
    matches: /^(SQLITE_(READONLY|CANTOPEN|PERM|AUTH)|EACCES|EPERM|EROFS|EISDIR|ENOTDIR|ENOENT)/,
    code: 'STORE_READONLY',
    say: 'cannot be written; check its permissions and its folder',
  },
  {
    matches: /^SQLITE_(BUSY|LOCKED)/,
    code: 'STORE_LOCKED',
    say: 'is being written by another process or system; close that one first',
  },
  {
    matches: /^SQLITE_(CORRUPT|NOTADB)/,
    code: 'STORE_CORRUPT',
    say: 'is damaged or is no database; all bytes are kept, restore a backup beside it',
  },
]

function wrap(file: string, statement: Database.Statement): Statement {
  const rows = statement.reader ? statement.raw(true) : statement
  return {
    run: (...values) => attempt(file, () => void rows.run(...values)),
    get: (...values) => attempt(file, () => rows.get(...values) as readonly Value[] | undefined),
    all: (...values) => attempt(file, () => rows.all(...values) as (readonly Value[])[]),
    *iterate(...values) {
      const cursor = attempt(file, () => rows.iterate(...values) as IterableIterator<Value[]>)
      for (;;) {
        const next = attempt(file, () => cursor.next())
        if (next.done === true) return
        yield next.value
      }
    },
  }
}

/** Runs `work` on a store's files; its errors come as ours. */
export function attempt<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw storeError(error, file)
  }
}
