/**
 * What a reader of any format makes of a document: blocks of text under headings, in order.
 *
 * Invariants of a block's text
 * 1. It has one `\n` for each line end of the source between its first and its last line, so that a
 *    line number follows from counting.
 * 2. A break that the source has no line end for (two HTML paragraphs on one line) is
 *    {@link softBreak}.
 */

/** U+2029, the paragraph separator. */
export const softBreak = '\u2029'

/** A paragraph, a list, a fence: what is best kept together. */
export interface Block {
  /** Counts the headings before the block; two sections of one name differ in it. */
  readonly section: number
  /** From the outermost heading to the innermost, as plain text. */
  readonly headings: readonly string[]
  /** 1-based. */
  readonly startLine: number
  readonly text: string
  /** Never cut: code, where half a fence would be read as prose. */
  readonly atomic: boolean
}

/** Turns a document's text, its lines ended by `\n`, into blocks. */
export type Reader = (text: string) => readonly Block[]

/** The last line that a text beginning on `startLine` touches. */
export const lastLine = (startLine: number, text: string): number => startLine + lineEnds(text)

/** How many `\n` there are. */
export function lineEnds(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++
  return count
}
