/** Endless queries, and how to see from outside that one runs: while it reads, nobody may write. */
import assert from 'node:assert/strict'
import Database from 'better-sqlite3'
import { SelectRunner } from '../../../persistence/sqlite/select-runner.ts'

export const endless = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)'

/** Resolves when somebody reads a file whose journal is no WAL. */
export async function untilRead(file: string): Promise<void> {
  const db = new Database(file, { timeout: 0 })
  while (isWritable(db)) await new Promise((resolve) => setImmediate(resolve))
  db.close()
}

/** Returns when nobody reads it any more. */
export function untilWritable(file: string): void {
  const db = new Database(file, { timeout: 60_000 })
  assert.ok(isWritable(db), 'somebody still reads')
  db.close()
}

function isWritable(db: Database.Database): boolean {
  try {
    db.exec('BEGIN EXCLUSIVE; COMMIT')
    return true
  } catch (error) {
    assert.match((error as { code: string }).code, /^SQLITE_BUSY/)
    return false
  }
}

/** For a process that is going to be killed. */
export function askForEver(file: string): void {
  const runner = new SelectRunner(file, { processes: 1, waiting: 0, memory: 2 ** 30 })
  const query = {
    sql: `${endless} SELECT count(*) FROM c, orders`,
    parameters: {},
    maxRows: 1,
    maxBytes: 1_000,
  }
  void runner.run(query, new AbortController().signal)
}
