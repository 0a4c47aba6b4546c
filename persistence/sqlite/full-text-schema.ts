/**
 * The tables of a full-text index, and the numbers that shape them.
 *
 * `chunk_text` keeps only the inverted index; the text itself stands once, in `chunks`.
 */

import type BetterSqlite3 from 'better-sqlite3'

/** Raised with every change of the tables; kept in `PRAGMA user_version`. */
export const indexFormat = 1

/** `trft`, in `PRAGMA application_id`: only a file that has it may be emptied. */
export const applicationId = 0x74726674

/** A chunk's row id is `file id * chunkIdBase + ordinal`: stable, and a file's chunks are a range. */
export const chunkIdBase = 1 << 20

/** What fits the range above; at 1,000 characters each that is a gigabyte of text. */
export const maxChunksPerFile = chunkIdBase

/** BM25 weights of path, headings and body: a first guess, never compared with others. */
export const columnWeights = [1, 2, 1] as const

/** Makes the tables in an empty database. */
export function createSchema(
  db: BetterSqlite3.Database,
  about: { readonly content: string; readonly stemming: boolean },
): void {
  const tokenizer = `${about.stemming ? 'porter ' : ''}unicode61 remove_diacritics 2`
  db.exec(`
    CREATE TABLE about (content TEXT NOT NULL) STRICT;
    CREATE TABLE files (
      id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
      modified_ms REAL NOT NULL, hash TEXT NOT NULL, note TEXT NOT NULL
    ) STRICT;
    CREATE TABLE chunks (
      id INTEGER PRIMARY KEY, file_id INTEGER NOT NULL, ordinal INTEGER NOT NULL,
      start_line INTEGER NOT NULL, end_line INTEGER NOT NULL,
      headings TEXT NOT NULL, body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX chunks_of_file ON chunks (file_id);
    CREATE VIRTUAL TABLE chunk_text USING fts5 (
      path, headings, body, content='', contentless_delete=1, tokenize='${tokenizer}'
    );
    PRAGMA application_id = ${applicationId};
    PRAGMA user_version = ${indexFormat};
  `)
  db.prepare('INSERT INTO about (content) VALUES (?)').run(about.content)
}

/** Removes the tables, whatever format they had; the file's other tables stay. */
export function dropSchema(db: BetterSqlite3.Database): void {
  for (const table of ['chunk_text', 'chunks', 'files', 'about']) {
    db.exec(`DROP TABLE IF EXISTS ${table}`)
  }
}
