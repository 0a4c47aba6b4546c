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
 *    `content` is emptied, not migrated; one of a newer format (D9), or of another program, is
 *    refused and left as it is.
 * 4. No text of a caller is ever read as FTS query syntax.
 */

import type BetterSqlite3 from 'better-sqlite3'
import { TroupeError } from '../../mailbox/errors.ts'
import { openIndex } from './full-text-open.ts'
import type {
  ChunkMatch,
  ChunkRecord,
  FileRecord,
  FullTextIndexOptions,
  IndexedFile,
} from './full-text-records.ts'
import { chunkIdBase, maxChunksPerFile } from './full-text-schema.ts'
import { chunkRow, prepareStatements, type Statements, toMatch } from './full-text-statements.ts'

/** See the head of this file. Not safe for use by two threads; open one for each. */
export class FullTextIndex {
  readonly #db: BetterSqlite3.Database
  readonly #statements: Statements

  private constructor(db: BetterSqlite3.Database) {
    this.#db = db
    this.#statements = prepareStatements(db)
  }

  /**
   * Opens the index at `path` and makes it when it is not there, or `:memory:`.
   *
   * @throws STORE_NEWER when a newer format wrote it
   * @throws STORE_CORRUPT when it is no index; delete it and index again
   * @throws STORE_READONLY when it cannot be opened
   */
  static open(path: string, options: FullTextIndexOptions = {}): FullTextIndex {
    return new FullTextIndex(openIndex(path, options))
  }

  /** The fingerprint of one file, if it is known. */
  file(path: string): FileRecord | undefined {
    return this.#statements.file.get(path)
  }

  /** All known paths, in order. */
  paths(): readonly string[] {
    return this.#statements.paths.all()
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

  /** Closes the file. */
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

  /** The texts first: the chunks say which they are. */
  #removeChunks(fileId: number): void {
    this.#statements.removeTexts.run(fileId)
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

/** A string in double quotes is a phrase to FTS5, whatever it holds; its quotes are doubled. */
const quote = (word: string): string => `"${word.replaceAll('"', '""')}"`

/** A phrase of separators alone would be an empty phrase. A NUL would end the expression early. */
const isSearchable = (word: string): boolean => /[\p{L}\p{N}]/u.test(word) && !word.includes('\0')
