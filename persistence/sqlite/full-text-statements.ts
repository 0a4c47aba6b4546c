/** Every statement of a full-text index, prepared once, and the rows they take and give. */

import type BetterSqlite3 from 'better-sqlite3'
import type { ChunkMatch, ChunkRecord, FileRecord } from './full-text-records.ts'
import { columnWeights } from './full-text-schema.ts'

interface ChunkRow {
  readonly path: string
  readonly ordinal: number
  readonly start_line: number
  readonly end_line: number
  readonly headings: string
  readonly body: string
  readonly score: number
}

/** A chunk as a row to insert. */
interface NewChunkRow {
  readonly id: number
  readonly fileId: number
  readonly ordinal: number
  readonly startLine: number
  readonly endLine: number
  /** A JSON array of texts. */
  readonly headings: string
  readonly body: string
}

/** The statements of one connection: what each takes, and the rows it gives. */
export interface Statements {
  readonly file: BetterSqlite3.Statement<[string], FileRecord>
  readonly fileId: BetterSqlite3.Statement<[string], number>
  readonly paths: BetterSqlite3.Statement<[], string>
  readonly count: BetterSqlite3.Statement<[], { files: number; chunks: number }>
  readonly upsert: BetterSqlite3.Statement<[FileRecord], { id: number }>
  readonly insertChunk: BetterSqlite3.Statement<[NewChunkRow]>
  readonly insertText: BetterSqlite3.Statement<[number, string, string, string]>
  readonly removeFile: BetterSqlite3.Statement<[number]>
  readonly removeChunks: BetterSqlite3.Statement<[number]>
  readonly removeTexts: BetterSqlite3.Statement<[number]>
  readonly search: BetterSqlite3.Statement<[{ expression: string; limit: number }], ChunkRow>
}

export function prepareStatements(db: BetterSqlite3.Database): Statements {
  return {
    file: db.prepare<[string], FileRecord>(
      'SELECT path, size, modified_ms AS modifiedMs, hash, note FROM files WHERE path = ?',
    ),
    fileId: db.prepare<[string], number>('SELECT id FROM files WHERE path = ?').pluck(),
    paths: db.prepare<[], string>('SELECT path FROM files ORDER BY path').pluck(),
    count: db.prepare<[], { files: number; chunks: number }>(
      'SELECT (SELECT count(*) FROM files) AS files, (SELECT count(*) FROM chunks) AS chunks',
    ),
    upsert: db.prepare<[FileRecord], { id: number }>(
      `INSERT INTO files (path, size, modified_ms, hash, note)
       VALUES (@path, @size, @modifiedMs, @hash, @note)
       ON CONFLICT (path) DO UPDATE SET size = excluded.size, modified_ms = excluded.modified_ms,
         hash = excluded.hash, note = excluded.note
       RETURNING id`,
    ),
    insertChunk: db.prepare<[NewChunkRow]>(
      `INSERT INTO chunks (id, file_id, ordinal, start_line, end_line, headings, body)
       VALUES (@id, @fileId, @ordinal, @startLine, @endLine, @headings, @body)`,
    ),
    insertText: db.prepare<[number, string, string, string]>(
      'INSERT INTO chunk_text (rowid, path, headings, body) VALUES (?, ?, ?, ?)',
    ),
    removeFile: db.prepare<[number]>('DELETE FROM files WHERE id = ?'),
    removeChunks: db.prepare<[number]>('DELETE FROM chunks WHERE file_id = ?'),
    // Row by row: a range of row ids of a table without content is looked for in all of it.
    removeTexts: db.prepare<[number]>(
      'DELETE FROM chunk_text WHERE rowid IN (SELECT id FROM chunks WHERE file_id = ?)',
    ),
    search: db.prepare<[{ expression: string; limit: number }], ChunkRow>(
      `SELECT files.path, chunks.ordinal, chunks.start_line, chunks.end_line, chunks.headings,
         chunks.body, -bm25(chunk_text, ${columnWeights.join(', ')}) AS score
       FROM chunk_text
       JOIN chunks ON chunks.id = chunk_text.rowid
       JOIN files ON files.id = chunks.file_id
       WHERE chunk_text MATCH @expression
       ORDER BY score DESC, files.path, chunks.ordinal
       LIMIT @limit`,
    ),
  }
}

/** A chunk as a row to insert. */
export const chunkRow = (
  id: number,
  fileId: number,
  ordinal: number,
  chunk: ChunkRecord,
): NewChunkRow => ({
  id,
  fileId,
  ordinal,
  startLine: chunk.startLine,
  endLine: chunk.endLine,
  headings: JSON.stringify(chunk.headings),
  body: chunk.text,
})

/** A row found as a match. */
export const toMatch = (row: ChunkRow): ChunkMatch => ({
  path: row.path,
  ordinal: row.ordinal,
  startLine: row.start_line,
  endLine: row.end_line,
  headings: JSON.parse(row.headings) as string[],
  text: row.body,
  score: row.score,
})
