/** A SQLite file as a database for tools: read-only, by SQLite's own means, and stoppable. */
import { resolve } from 'node:path'
import { TroupeError } from '../../../../mailbox/errors.ts'
import { anInteger, aText, checkOptions } from '../../../../mailbox/options.ts'
import type { Database } from './database.ts'

/** Options of {@link sqliteDatabase}. */
export interface SqliteDatabaseOptions {
  /** Most queries that run at once; others wait. Default 2. */
  readonly processes?: number
  /** Most queries that wait; a further one fails with QUERY_FAILED. Default 100. */
  readonly waiting?: number
  /** Most bytes of memory for each query's process, at least 128 MiB. Default 512 MiB. */
  readonly memory?: number
}

const mebibyte = 2 ** 20

/**
 * A SQLite file, for reading only. Nothing is opened before the first query; each query runs in a
 * process of its own, which ends with it.
 *
 * @param file an existing database; relative to the working directory of now
 * @throws OPTION_INVALID
 */
export function sqliteDatabase(file: string, options: SqliteDatabaseOptions = {}): Database {
  const wrong = aText(file)
  if (wrong !== undefined) {
    throw new TroupeError('OPTION_INVALID', `sqliteDatabase: the file must be ${wrong}`)
  }
  checkOptions('sqliteDatabase', options, {
    processes: anInteger(1, 64),
    waiting: anInteger(0),
    memory: anInteger(128 * mebibyte),
  })
  const { processes = 2, waiting = 100, memory = 512 * mebibyte } = options
  const runner = once(async () => {
    const { SelectRunner } = await import('../../../../persistence/sqlite/select-runner.ts')
    return new SelectRunner(resolve(file), { processes, waiting, memory })
  })
  return Object.freeze({
    readOnly: true,
    query: async (sql, parameters, { signal, maxRows, maxBytes }) =>
      (await runner()).run({ sql, parameters, maxRows, maxBytes }, signal),
  } satisfies Database)
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
