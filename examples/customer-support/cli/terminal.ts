/** Where text goes: answers to stdout, everything beside them to stderr. */

/** `process.stderr` is one. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
}

/** Where the command reads and writes, and how it is told to stop. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: Output
  readonly stderr: Output
  readonly interrupt: AbortSignal
}

/** What a model says may hold control sequences that a terminal would obey. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '')

/** Grey on a terminal: what is beside the point. */
export const aside = (output: Output, text: string): void => {
  const line = printable(text)
  output.write(output.isTTY === true ? `\u001b[2m${line}\u001b[22m\n` : `${line}\n`)
}
