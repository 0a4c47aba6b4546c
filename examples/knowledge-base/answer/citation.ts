/** Where a sentence stands, and how it is written: `docs/x.md:12-18`. */

/** Lines of a file, 1-based, inclusive. */
export interface SourceLines {
  readonly file: string
  readonly startLine: number
  readonly endLine: number
}

/** `docs/x.md:12-18`, or `docs/x.md:12` for one line. */
export const cite = ({ file, startLine, endLine }: SourceLines): string =>
  startLine === endLine ? `${file}:${startLine}` : `${file}:${startLine}-${endLine}`
