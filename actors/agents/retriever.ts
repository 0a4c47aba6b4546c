/**
 * The port through which agents find text. Owns the shape of a passage; knows no index.
 *
 * A passage is plain data (T5), so that it can be sent to an agent on another host.
 */

/** A stretch of a document, verbatim, as found for a query. */
export interface Passage {
  /** The document's path as a reader would write it, `docs/x.md`. */
  readonly file: string
  /** 1-based, inclusive. */
  readonly startLine: number
  /** 1-based, inclusive. */
  readonly endLine: number
  /** From the document's outermost heading to the innermost above the text. */
  readonly headings: readonly string[]
  /** Higher is better; comparable within one search only. */
  readonly score: number
  /**
   * One `\n` for each line end of the document between `startLine` and `endLine`. A break that the
   * document's layout makes inside one line (two paragraphs of HTML on one line) is U+2029.
   */
  readonly text: string
}

/** Options of one search. */
export interface SearchOptions {
  /** Most passages returned. */
  readonly limit?: number
  /** Ends the search with CANCELLED. */
  readonly signal?: AbortSignal
}

/** Finds passages for a question put in plain words; no query syntax. */
export interface Retriever {
  /**
   * @returns the best passages, best first; none when nothing matches
   * @throws CANCELLED when the signal is aborted
   */
  search(query: string, options?: SearchOptions): Promise<readonly Passage[]>
}
