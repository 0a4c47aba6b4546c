/** The port through which a tool asks a database. */
import type { Json } from '../../parts.ts'

/** Values of a query by their names, without `:`, `@` or `$`. */
export type QueryParameters = Readonly<Record<string, string | number | null>>

/** What a query may take. A database keeps to it while it runs, not when it is done. */
export interface QueryLimits {
  /** Ends the query for good: no more work is done for it. Its reason is what `query` throws. */
  readonly signal: AbortSignal
  /** Most rows; more are not read. */
  readonly maxRows: number
  /** Most bytes of columns and rows as JSON. */
  readonly maxBytes: number
}

/** What a query found. */
export interface QueryResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Json[])[]
  /** The limit at which it ended, when there was more. */
  readonly truncated?: 'rows' | 'bytes'
}

/** A database for {@link databaseTool}: {@link sqliteDatabase}, or your own. */
export interface Database {
  /**
   * Whether the database itself, by its rights and not by looking at the text, refuses all that is not
   * one statement that reads. Without it no model writes SQL for it; named queries it may have.
   */
  readonly readOnly: boolean
  /**
   * Runs one statement.
   *
   * @throws QUERY_INVALID, whose message tells the model what to do better
   * @throws QUERY_FAILED when it is the database
   */
  query(sql: string, parameters: QueryParameters, limits: QueryLimits): Promise<QueryResult>
}
