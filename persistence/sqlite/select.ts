/**
 * One SELECT over a database that is only read, within limits of rows and bytes.
 *
 * What is refused, is refused by SQLite and not by looking at the text: the file is opened read-only
 * and `query_only`, and the query is compiled as `SELECT * FROM (query)`. Only a SELECT, VALUES or
 * WITH can stand there: a second statement, a write, PRAGMA, ATTACH, VACUUM, EXPLAIN are errors of
 * its grammar. Extensions cannot be loaded, since no connection allowed them.
 *
 * Does not own time: a running statement cannot be stopped from inside (this build of SQLite has no
 * progress callback, and the binding no interrupt), hence `select-runner.ts`.
 */
import type BetterSqlite3 from 'better-sqlite3'
import Database from 'better-sqlite3'
import { TroupeError } from '../../mailbox/errors.ts'

/** What is asked. */
export interface SelectQuery {
  readonly sql: string
  /** By name, without `:`, `@` or `$`. */
  readonly parameters: Readonly<Record<string, string | number | null>>
  readonly maxRows: number
  /** Of columns and rows as JSON. */
  readonly maxBytes: number
}

/** A value as JSON: an integer beyond 2^53 as text, bytes as base64. */
export type Cell = string | number | null | { readonly base64: string }

export interface Selected {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** The limit at which it ended, when there was more. */
  readonly truncated?: 'rows' | 'bytes'
}

/** @throws QUERY_INVALID, QUERY_FAILED */
export function selectFrom(file: string, query: SelectQuery): Selected {
  let db: BetterSqlite3.Database | undefined
  try {
    db = openToRead(file)
    return select(db, query)
  } catch (error) {
    throw queryError(error)
  } finally {
    db?.close()
  }
}

/** A connection that cannot write, whatever it is told. */
export function openToRead(file: string): BetterSqlite3.Database {
  const db = new Database(file, { readonly: true })
  db.pragma('query_only = 1')
  // A view or trigger in the file runs no function that could do harm.
  db.pragma('trusted_schema = 0')
  // What a large sort needs counts as memory, and fills no disk.
  db.pragma('temp_store = memory')
  hidePath(db)
  return db
}

/** The one table-valued pragma that tells where the file is; the others describe what is in it. */
function hidePath(db: BetterSqlite3.Database): void {
  db.table('pragma_database_list', { columns: ['seq', 'name', 'file'], *rows() {} })
}

function select(db: BetterSqlite3.Database, query: SelectQuery): Selected {
  const { parameters, maxRows, maxBytes } = query
  const statement = db.prepare<[object], unknown[]>(`SELECT * FROM (${oneQuery(query.sql)}\n)`)
  const columns = statement.columns().map(({ name }) => name)
  const rows: Cell[][] = []
  let bytes = sizeOf(columns)
  for (const values of statement.safeIntegers().raw().iterate(parameters)) {
    if (rows.length === maxRows) return { columns, rows, truncated: 'rows' }
    const row = values.map(cellOf)
    bytes += sizeOf(row)
    if (bytes > maxBytes) return { columns, rows, truncated: 'bytes' }
    rows.push(row)
  }
  return { columns, rows }
}

/** A semicolon at the end is everybody's habit. */
const oneQuery = (sql: string): string => sql.replace(/[;\s]+$/, '')

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value)) + 1

function cellOf(value: unknown): Cell {
  switch (typeof value) {
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'string':
      return value
    default:
      return value === null ? null : { base64: (value as Buffer).toString('base64') }
  }
}

/** SQLite's errors and the binding's, as ours. */
function queryError(error: unknown): unknown {
  if (error instanceof TroupeError) return error
  if (!(error instanceof Error)) return error
  const { code } = error as { code?: string }
  // Without a code: the binding about parameters, or about more than one statement.
  if (code === undefined || ofQuery.test(code)) return invalid(error.message)
  return new TroupeError(
    'QUERY_FAILED',
    `The database could not answer: ${error.message} (${code}).`,
  )
}

const ofQuery = /^SQLITE_(ERROR|RANGE|MISMATCH|TOOBIG|READONLY|AUTH|CONSTRAINT)/

const invalid = (why: string): TroupeError =>
  new TroupeError(
    'QUERY_INVALID',
    `The query was refused: ${why}. It is one SELECT (or WITH, VALUES) in SQLite's dialect, which reads and changes nothing.`,
  )
