/**
 * What a command of the `troupe` command line is.
 *
 * Commands get their streams handed in and return an exit code: they neither touch the global
 * process nor end it, so a test runs them in its own process.
 */

/** Where a command writes and reads, and how it hears of Ctrl-C. `process` is one. */
export interface Terminal {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean }
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean }
  /** What is typed or piped in; a command that takes no input leaves it alone. */
  readonly stdin?: NodeJS.ReadableStream
  /** NO_COLOR and TERM are read. */
  readonly env?: NodeJS.ProcessEnv
  on?(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
  off?(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
}

/** A command's work. Resolves to the exit code. */
export type Command = (args: readonly string[], terminal: Terminal) => Promise<number>

/** A command as the table lists it: cheap to name, loaded only when it is run. */
export interface CommandEntry {
  /** One line for `troupe --help`. */
  readonly summary: string
  readonly load: () => Promise<Command>
}

/** Exit codes that scripts rely on. */
export const exit = Object.freeze({
  ok: 0,
  failed: 1,
  usage: 2,
  /** What was compared differs. */
  different: 3,
  /** What was compared got worse. */
  regressed: 4,
})
