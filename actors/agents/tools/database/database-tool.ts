/**
 * A database as a tool, in one of two ways: queries by name, whose texts are the author's and whose
 * parameters are the model's; or SQL of the model's, over a database that refuses all but reading.
 *
 * Owns: what a model may say and is told. Does not own the limits: the database keeps to them while it
 * runs, and ends with the signal.
 */
import { TroupeError } from '../../../../mailbox/errors.ts'
import {
  aDuration,
  anInteger,
  anObject,
  aText,
  checkOptions,
  oneOf,
} from '../../../../mailbox/options.ts'
import type { Needs } from '../../../actor.ts'
import { checkedBy } from '../checked-by.ts'
import { type Tool, type ToolApproval, type ToolCall, tool } from '../tool.ts'
import type { Database, QueryLimits, QueryResult } from './database.ts'
import {
  checkQueries,
  type NamedCall,
  type NamedQueries,
  namedCall,
  queriesSchema,
} from './named-queries.ts'
import { type SqlCall, sqlCall, sqlSchema } from './sql-call.ts'

interface Shared<Deps, Call> {
  /** Letters, digits, `_` and `-`, at most 64. */
  readonly name: string
  /** For the model: what is in the database; with `sql`, its tables and columns. */
  readonly description: string
  /** Whom to ask, or where it is in `deps`. */
  readonly database: Database | ((deps: Deps) => Database)
  readonly needs?: Needs<Deps>
  /** Most rows. Default 100. */
  readonly maxRows?: number
  /** Most bytes of a result. Default 32,768. */
  readonly maxBytes?: number
  /** Most ms for one query. Default 10,000. */
  readonly timeout?: number
  /** A human must allow it. Default none, since it only reads. */
  readonly approval?: ToolApproval<Call>
}

/** Options of {@link databaseTool}: one of `queries` and `sql`. */
export type DatabaseToolOptions<Deps = unknown> =
  | (Shared<Deps, NamedCall> & {
      /** What a model may have run. */
      readonly queries: NamedQueries
      readonly sql?: never
    })
  | (Shared<Deps, SqlCall> & {
      /** The model writes SQL, and may read all that is in the database. */
      readonly sql: true
      readonly queries?: never
    })

/**
 * A tool that asks a database; see `docs/tools.md` for what it refuses.
 *
 * @throws OPTION_INVALID, CONTRACT_INVALID
 */
export function databaseTool<Deps = unknown>(options: DatabaseToolOptions<Deps>): Tool<Deps> {
  const what = `databaseTool ${String(options?.name)}`
  checkOptions(what, options, checks)
  const { name, queries, database } = options
  if ((queries === undefined) === (options.sql === undefined)) {
    throw invalid(what, 'needs one of "queries" and "sql: true", which lets the model write SQL')
  }
  if (database === undefined) throw invalid(what, '"database" is missing')
  if (queries !== undefined) checkQueries(what, queries)
  const { maxRows = 100, maxBytes = 32_768, timeout = 10_000, approval } = options
  const databaseOf = (deps: Deps): Database => {
    const asked = typeof database === 'function' ? database(deps) : database
    if (queries === undefined && asked.readOnly !== true) throw invalid(what, notReadOnly)
    return asked
  }
  // Wrong where it is made, not when it is first used.
  if (typeof database !== 'function') databaseOf(undefined as Deps)
  return tool({
    name,
    description: described(options),
    input: checkedBy<NamedCall | SqlCall>((said) =>
      queries === undefined ? sqlCall(said) : namedCall(queries, said),
    ),
    inputSchema: queries === undefined ? sqlSchema : queriesSchema(what, queries),
    idempotent: true,
    timeout,
    // What says that there was more comes on top.
    maxOutput: maxBytes + 512,
    ...(approval && { approval: approval as ToolApproval<NamedCall | SqlCall> }),
    execute: async (call, { deps, signal }: ToolCall<Deps>) => {
      const sql = 'sql' in call ? call.sql : (queries?.[call.query]?.sql as string)
      const limits = { signal, maxRows, maxBytes }
      const found = await databaseOf(deps).query(sql, call.parameters, limits)
      return toldOf(found, limits)
    },
  })
}

const aDatabase = (value: unknown): string | undefined =>
  typeof value === 'function' || typeof (value as Partial<Database> | null)?.query === 'function'
    ? undefined
    : 'a Database, for example sqliteDatabase(file), or a function of deps that returns one'

const checks = {
  name: aText,
  description: aText,
  database: aDatabase,
  needs: anObject,
  queries: anObject,
  sql: oneOf(true),
  maxRows: anInteger(1),
  maxBytes: anInteger(1),
  timeout: aDuration,
  approval: anObject,
}

const notReadOnly =
  'the model writes SQL only for a database that is "readOnly": sqliteDatabase is, or give "queries"'

function described<Deps>({ description, queries }: DatabaseToolOptions<Deps>): string {
  if (queries === undefined) return description
  const lines = Object.entries(queries).map(([name, query]) => `- ${name}: ${query.description}`)
  return [description, 'Queries:', ...lines].join('\n')
}

function toldOf(found: QueryResult, { maxRows, maxBytes }: QueryLimits): object {
  const { columns, rows, truncated } = found
  const more = {
    rows: `There are more than the ${maxRows} rows that are let through: select fewer, or count them.`,
    bytes: `There is more than the ${maxBytes} bytes that are let through: select fewer columns or rows.`,
  }
  return { columns, rows, ...(truncated && { truncated: more[truncated] }) }
}

const invalid = (what: string, why: string): TroupeError =>
  new TroupeError('OPTION_INVALID', `${what}: ${why}`)
