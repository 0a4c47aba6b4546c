/**
 * Opens the database of a full-text index: of this format, or refused in words that say what to do.
 * Nothing in it is precious (see `full-text-index.ts`), so an older format is emptied.
 */

import type BetterSqlite3 from 'better-sqlite3'
import Database from 'better-sqlite3'
import { TroupeError } from '../../mailbox/errors.ts'
import type { FullTextIndexOptions } from './full-text-records.ts'
import { applicationId, createSchema, dropSchema, indexFormat } from './full-text-schema.ts'

/** A connection to a ready index; closed again when it cannot be made ready. */
export function openIndex(path: string, options: FullTextIndexOptions): BetterSqlite3.Database {
  const db = connect(path, options.readonly === true)
  try {
    if (options.readonly === true) refuseOther(db)
    else makeReady(db, options)
    return db
  } catch (error) {
    db.close()
    throw explained(path, error)
  }
}

function connect(path: string, readonly: boolean): BetterSqlite3.Database {
  try {
    return new Database(path, { readonly, fileMustExist: readonly })
  } catch (cause) {
    throw new TroupeError(
      'STORE_READONLY',
      `The full-text index ${path} cannot be opened${readonly ? ' for reading' : ''}; check that its folder exists and may be ${readonly ? 'read' : 'written'}.`,
      { cause, fields: { path } },
    )
  }
}

function makeReady(db: BetterSqlite3.Database, options: FullTextIndexOptions): void {
  refuseForeign(db)
  db.pragma('journal_mode = WAL')
  const content = JSON.stringify([options.content ?? '', options.stemming ?? true])
  db.transaction(() => {
    refuseNewer(db)
    if (storedContent(db) === content) return
    dropSchema(db)
    createSchema(db, { content, stemming: options.stemming ?? true })
  }).immediate()
}

/** SQLite's own words for a file that it cannot read, with what to do. */
function explained(path: string, error: unknown): unknown {
  if (!(error instanceof Database.SqliteError) || !/^SQLITE_(NOTADB|CORRUPT)/.test(error.code)) {
    return error
  }
  return new TroupeError(
    'STORE_CORRUPT',
    `The full-text index ${path} cannot be read (${error.message}). It holds nothing of its own: delete it and index the files again.`,
    { cause: error, fields: { path } },
  )
}

/** Emptying an index must never empty somebody else's tables. */
function refuseForeign(db: BetterSqlite3.Database): void {
  const tables = db.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() ?? 0
  if (tables === 0 || Number(db.pragma('application_id', { simple: true })) === applicationId)
    return
  throw new TroupeError(
    'STORE_CORRUPT',
    `${db.name} is a database, but no full-text index: give another path; it is left as it is.`,
    { fields: { path: db.name } },
  )
}

/** A reader cannot make an older format new. */
function refuseOther(db: BetterSqlite3.Database): void {
  refuseNewer(db)
  if (Number(db.pragma('user_version', { simple: true })) === indexFormat) return
  throw new TroupeError(
    'STORE_CORRUPT',
    `There is no full-text index of format ${indexFormat} in ${db.name}: open it for writing first, which makes one.`,
    { fields: { path: db.name } },
  )
}

function refuseNewer(db: BetterSqlite3.Database): void {
  const found = Number(db.pragma('user_version', { simple: true }))
  if (found <= indexFormat) return
  throw new TroupeError(
    'STORE_NEWER',
    `This full-text index has format ${found}, this version of troupe knows ${indexFormat}: upgrade troupe, or give another index file.`,
    { fields: { found, known: indexFormat } },
  )
}

function storedContent(db: BetterSqlite3.Database): string | undefined {
  if (Number(db.pragma('user_version', { simple: true })) !== indexFormat) return undefined
  return db.prepare<[], string>('SELECT content FROM about').pluck().get()
}
