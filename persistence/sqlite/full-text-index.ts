/**
 * A full-text index of text files in one SQLite database of its own: what is stored, and how it is
 * ranked (BM25 over path, headings and body).
 *
 * Owns: the schema, atomic replacement of a file's chunks, matching. Does not own: reading files,
 * cutting them into chunks, choosing the words to search for.
 *
 * Invariants
 * 1. A file's fingerprint and its chunks change in one transaction: a fingerprint that is there
 *    vouches for chunks that are there.
 * 2. `replace` and `remove` are idempotent: row ids follow from file and ordinal alone, so the same
 *    input twice leaves the same rows. A step that runs again after a crash does no harm (D2).
 * 3. Everything here can be made again from the files. A database of another format or of another
 *    `content` is emptied, not migrated; one of a newer format is refused (D9).
 * 4. No text of a caller is ever read as FTS query syntax.
 */

import type BetterSqlite3 from 'better-sqlite3'
import Database from 'better-sqlite3'
import { TroupeError } from '../../mailbox/errors.ts'
import {
  chunkIdBase,
  columnWeights,
  createSchema,
  dropSchema,
  indexFormat,
  maxChunksPerFile,
} from './full-text-schema.ts'

/** What a file was like when it was last indexed. */
export interface FileRecord {
  /** The caller's name for the file; unique in the index. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970, or -1 where the time cannot vouch for the content. */
  readonly modifiedMs: number
  /** Of the content; opaque to the index. */
  readonly hash: string
  /** Why the file has no chunks; empty for a file that was indexed. */
  readonly note: string
}

/** A piece of a file. Lines are 1-based and inclusive. */
export interface ChunkRecord {
  readonly startLine: number
  readonly endLine: number
  /** From the outermost heading to the innermost. */
  readonly headings: readonly string[]
  readonly text: string
}

/** One file with all its chunks, in document order. */
export interface IndexedFile {
  readonly file: FileRecord
  readonly chunks: readonly ChunkRecord[]
}

/** A chunk that matched. `ordinal` is its place in the file; a higher score is a better match. */
export interface ChunkMatch extends ChunkRecord {
  readonly path: string
  readonly ordinal: number
  readonly score: number
}

/** Options of {@link FullTextIndex.open}. */
export interface FullTextIndexOptions {
  /** Names what the chunks are made of, for example cutter version and folder. Another name than
   * the stored one empties the index. Ignored when opened `readonly`. */
  readonly content?: string
  /** Opens an existing index for searching only; many readers may run beside one writer (D10). */
  readonly readonly?: boolean
  /** Match words by their Porter stem, `queues` with `queue`. Default true. */
  readonly stemming?: boolean
}

interface ChunkRow {
  readonly path: string
  readonly ordinal: number
  readonly start_line: number
  readonly end_line: number
  readonly headings: string
  readonly body: string
  readonly score: number
}

/** See the head of this file. Not safe for use by two threads; open one for each. */
export class FullTextIndex {
  readonly #db: BetterSqlite3.Database
  readonly #statements: Statements

  private constructor(db: BetterSqlite3.Database) {
    this.#db = db
    this.#statements = prepare(db)
  }

  /**
   * Opens the index at `path` and makes it when it is not there, or `:memory:`.
   *
   * @throws STORE_NEWER when a newer format wrote it
   * @throws STORE_CORRUPT when it is no index; delete it and index again
   * @throws STORE_READONLY when it cannot be opened
   */
  static open(path: string, options: FullTextIndexOptions = {}): FullTextIndex {
    const db = connect(path, options.readonly === true)
    try {
      if (options.readonly === true) refuseOther(db)
      else makeReady(db, options)
      return new FullTextIndex(db)
    } catch (error) {
      db.close()
      throw explained(path, error)
    }
  }

  /** The fingerprint of one file, if it is known. */
  file(path: string): FileRecord | undefined {
    return this.#statements.file.get(path)
  }

  /** All known paths, in order. */
  paths(): readonly string[] {
    return this.#statements.paths.all()
  }

  /** Files that have no chunks, with the reason. */
  notes(): readonly { readonly path: string; readonly note: string }[] {
    return this.#statements.notes.all()
  }

  /** How much is indexed. */
  count(): { readonly files: number; readonly chunks: number } {
    return this.#statements.count.get() ?? { files: 0, chunks: 0 }
  }

  /** Makes each file's chunks exactly those given, all files in one transaction. */
  replace(files: readonly IndexedFile[]): void {
    this.#atomically(() => {
      for (const { file, chunks } of files) this.#replaceOne(file, chunks)
    })
  }

  /** Records a new modification time for a file whose content stayed the same. */
  touch(files: readonly FileRecord[]): void {
    this.#atomically(() => {
      for (const file of files) this.#statements.upsert.get(file)
    })
  }

  /** Forgets the files; unknown ones are ignored. */
  remove(paths: readonly string[]): void {
    this.#atomically(() => {
      for (const path of paths) this.#removeOne(path)
    })
  }

  /**
   * The best matches for any of the words, best first.
   *
   * @param words plain text, split as the index splits its own; punctuation has no meaning
   * @param limit most matches returned
   */
  search(words: readonly string[], limit: number): readonly ChunkMatch[] {
    const expression = words.filter(isSearchable).map(quote).join(' OR ')
    if (expression === '') return []
    return this.#statements.search.all({ expression, limit }).map(toMatch)
  }

  close(): void {
    this.#db.close()
  }

  /** Immediate, so that a writer that must wait does so at the start, where waiting is safe. */
  #atomically(work: () => void): void {
    this.#db.transaction(work).immediate()
  }

  #replaceOne(file: FileRecord, chunks: readonly ChunkRecord[]): void {
    refuseTooMany(file.path, chunks.length)
    const { upsert, insertChunk, insertText } = this.#statements
    const fileId = upsert.get(file)?.id
    if (fileId === undefined) throw new Error('INSERT ... RETURNING gave no row')
    this.#removeChunks(fileId)
    for (const [ordinal, chunk] of chunks.entries()) {
      const id = fileId * chunkIdBase + ordinal
      insertChunk.run(chunkRow(id, fileId, ordinal, chunk))
      insertText.run(id, file.path, chunk.headings.join(' '), chunk.text)
    }
  }

  #removeOne(path: string): void {
    const fileId = this.#statements.fileId.get(path)
    if (fileId === undefined) return
    this.#removeChunks(fileId)
    this.#statements.removeFile.run(fileId)
  }

  #removeChunks(fileId: number): void {
    this.#statements.removeTexts.run(fileId * chunkIdBase, (fileId + 1) * chunkIdBase)
    this.#statements.removeChunks.run(fileId)
  }
}

function refuseTooMany(path: string, chunks: number): void {
  if (chunks <= maxChunksPerFile) return
  throw new TroupeError(
    'OPTION_INVALID',
    `${path} was cut into ${chunks} chunks; the index takes at most ${maxChunksPerFile} of one file: cut it into larger ones.`,
    { fields: { path, chunks } },
  )
}

type Statements = ReturnType<typeof prepare>

function prepare(db: BetterSqlite3.Database) {
  return {
    file: db.prepare<[string], FileRecord>(
      'SELECT path, size, modified_ms AS modifiedMs, hash, note FROM files WHERE path = ?',
    ),
    fileId: db.prepare<[string], number>('SELECT id FROM files WHERE path = ?').pluck(),
    paths: db.prepare<[], string>('SELECT path FROM files ORDER BY path').pluck(),
    notes: db.prepare<[], { path: string; note: string }>(
      "SELECT path, note FROM files WHERE note <> '' ORDER BY path",
    ),
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
    insertChunk: db.prepare<[ReturnType<typeof chunkRow>]>(
      `INSERT INTO chunks (id, file_id, ordinal, start_line, end_line, headings, body)
       VALUES (@id, @fileId, @ordinal, @startLine, @endLine, @headings, @body)`,
    ),
    insertText: db.prepare<[number, string, string, string]>(
      'INSERT INTO chunk_text (rowid, path, headings, body) VALUES (?, ?, ?, ?)',
    ),
    removeFile: db.prepare<[number]>('DELETE FROM files WHERE id = ?'),
    removeChunks: db.prepare<[number]>('DELETE FROM chunks WHERE file_id = ?'),
    removeTexts: db.prepare<[number, number]>(
      'DELETE FROM chunk_text WHERE rowid >= ? AND rowid < ?',
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

const chunkRow = (id: number, fileId: number, ordinal: number, chunk: ChunkRecord) => ({
  id,
  fileId,
  ordinal,
  startLine: chunk.startLine,
  endLine: chunk.endLine,
  headings: JSON.stringify(chunk.headings),
  body: chunk.text,
})

const toMatch = (row: ChunkRow): ChunkMatch => ({
  path: row.path,
  ordinal: row.ordinal,
  startLine: row.start_line,
  endLine: row.end_line,
  headings: JSON.parse(row.headings) as string[],
  text: row.body,
  score: row.score,
})

/** A string in double quotes is a phrase to FTS5, whatever it holds; its quotes are doubled. */
const quote = (word: string): string => `"${word.replaceAll('"', '""')}"`

/** A phrase of separators alone would be an empty phrase. A NUL would end the expression early. */
const isSearchable = (word: string): boolean => /[\p{L}\p{N}]/u.test(word) && !word.includes('\0')
