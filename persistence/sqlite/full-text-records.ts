/** What a full-text index takes and gives: files with their fingerprints, and chunks of them. */

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

/** Options of `FullTextIndex.open`. */
export interface FullTextIndexOptions {
  /** Names what the chunks are made of, for example cutter version and folder. Another name than
   * the stored one empties the index. Ignored when opened `readonly`. */
  readonly content?: string
  /** Opens an existing index for searching only; many readers may run beside one writer (D10). */
  readonly readonly?: boolean
  /** Match words by their Porter stem, `queues` with `queue`. Default true. */
  readonly stemming?: boolean
}
