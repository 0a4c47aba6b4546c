/**
 * One writer per store (D10): an exclusive lock on `FILE-lock`, a tiny SQLite file held locked as
 * long as the store is open. The system releases it when the process dies, however it dies, and
 * SQLite keeps it between connections of one process as well.
 */
import type { Connect } from './connection.ts'

export interface WriterLock {
  release(): void
}

/** @throws STORE_LOCKED when another process or system has the store open, STORE_READONLY */
export function lockWriter(file: string, connect: Connect): WriterLock {
  const connection = connect(`${file}-lock`)
  try {
    // No journal file beside it: nothing is ever written.
    connection.pragma('journal_mode = MEMORY')
    connection.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    connection.close()
    throw error
  }
  return { release: () => connection.close() }
}
