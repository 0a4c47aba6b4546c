/** What the backup commands have in common: reading their arguments, progress, and the book. */
import { emptyBook } from '../../actors/cell/book.ts'
import type { BackupProgress } from '../../persistence/backup/index.ts'
import { parseArguments } from './arguments.ts'
import type { Terminal } from './command.ts'

/** A command's own options beside `--json` and `--help`; all take a value. */
export interface BackupCommand {
  readonly name: string
  /** What stands after the name: `FILE DIR`. */
  readonly places: readonly string[]
  readonly options: readonly string[]
}

export interface BackupArguments {
  readonly places: readonly string[]
  readonly options: Readonly<Record<string, string | undefined>>
  readonly json: boolean
}

/** @throws OPTION_INVALID */
export function parseBackupArguments(
  command: BackupCommand,
  args: readonly string[],
): BackupArguments | 'help' {
  const own = Object.fromEntries(command.options.map((name) => [name, { type: 'string' as const }]))
  const parsed = parseArguments(
    {
      command: command.name,
      positionals: command.places,
      options: { ...own, json: { type: 'boolean' } },
    },
    args,
  )
  if (parsed === 'help') return parsed
  const { json, ...values } = parsed.values as Record<string, string | boolean | undefined>
  return {
    places: parsed.positionals,
    options: values as BackupArguments['options'],
    json: json === true,
  }
}

export interface WorkOptions {
  readonly emptyMeta: () => unknown
  readonly progress: (progress: BackupProgress) => void
  readonly signal: AbortSignal
}

/** Options that every piece of backup work gets from a command. */
export function workOptions(terminal: Terminal, abort: AbortController): WorkOptions {
  return { emptyMeta: emptyBook, progress: progressTo(terminal), signal: abort.signal }
}

/** Runs work that Ctrl-C cancels. */
export async function cancellable<T>(
  terminal: Terminal,
  work: (abort: AbortController) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const stop = (): void => abort.abort()
  terminal.on?.('SIGINT', stop)
  terminal.on?.('SIGTERM', stop)
  try {
    return await work(abort)
  } finally {
    terminal.off?.('SIGINT', stop)
    terminal.off?.('SIGTERM', stop)
    if (terminal.stderr.isTTY === true) terminal.stderr.write('\r\x1b[K')
  }
}

/** On a terminal one line that is overwritten, elsewhere one line for each phase. */
function progressTo({ stderr }: Terminal): (progress: BackupProgress) => void {
  let last = ''
  return ({ phase, done, total }) => {
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total)
    const now = stderr.isTTY === true ? `${phase} ${percent} %` : phase
    if (now === last) return
    last = now
    stderr.write(stderr.isTTY === true ? `\r\x1b[K${now}` : `${now} ...\n`)
  }
}

/** Bytes for people. */
export function size(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1_000)} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
