/**
 * One writer per store (D10): an exclusive lock on `FILE-lock`, a tiny SQLite file held locked as
 * long as the store is open. The system releases it when the process dies, however it dies, and
 * SQLite keeps it between connections of one process as well.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import type { Connect } from './connection.ts'

export interface WriterLock {
  release(): void
}

/** @throws STORE_LOCKED at once when another process or system writes the store, STORE_READONLY */
export function lockWriter(file: string, connect: Connect): WriterLock {
  const connection = connect(`${file}-lock`, { timeout: 0 })
  try {
    // No journal file beside it: nothing is ever written.
    connection.pragma('journal_mode = MEMORY')
    connection.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    connection.close()
    throw isLocked(error) ? taken(file, error) : error
  }
  return { release: () => connection.close() }
}

function isLocked(error: unknown): boolean {
  return error instanceof TroupeError && error.code === 'STORE_LOCKED'
}

function taken(file: string, cause: unknown): TroupeError {
  return new TroupeError(
    'STORE_LOCKED',
    `${file} is already open for writing in another process or system: close it there, or open it read-only here`,
    { cause, fields: { file } },
  )
}
