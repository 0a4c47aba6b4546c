/**
 * Chooses the command and tells its help; the table of commands is the whole command line.
 *
 * Owns `--help`, `--version` and the words for a command that does not exist. A command's own
 * options, output and exit code are the command's.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import { nearest } from '../../mailbox/options.ts'
import { packageVersion } from '../../mailbox/package-version.ts'
import { type CommandEntry, exit, type Terminal } from './command.ts'

/** Every command, in the order of the help text. */
export const commands: Readonly<Record<string, CommandEntry>> = Object.freeze({
  dev: {
    summary: 'runs an app and starts it again when its files change',
    load: async () => (await import('./dev.ts')).dev,
  },
  history: {
    summary: 'lists, searches and follows the records of a store',
    load: async () => (await import('./history.ts')).history,
  },
  state: {
    summary: 'shows the state of an actor at any point, and what changed it',
    load: async () => (await import('./state.ts')).state,
  },
  step: {
    summary: 'walks through a history, a record at a time',
    load: async () => (await import('./step.ts')).step,
  },
  rerun: {
    summary: 'runs recorded turns again with today’s code: what does something else?',
    load: async () => (await import('./rerun.ts')).rerun,
  },
  check: {
    summary: 'tells before a deployment what of a store new code would not load',
    load: async () => (await import('./check.ts')).check,
  },
  fork: {
    summary: 'makes a store that begins as another was, with messages changed',
    load: async () => (await import('./fork.ts')).fork,
  },
  diff: {
    summary: 'compares two stores: where they part, and what came of it',
    load: async () => (await import('./diff.ts')).diff,
  },
  bench: {
    summary: 'measures an app by a scenario, or compares two such measurements',
    load: async () => (await import('./bench.ts')).bench,
  },
  kill: {
    summary: 'ends an actor and all it asked for, at once and until it is revived',
    load: async () => (await import('./kill.ts')).kill,
  },
  quarantine: {
    summary: 'lists and releases what killed twice and is not started any more',
    load: async () => (await import('./quarantine.ts')).quarantine,
  },
  backup: {
    summary: 'copies a store to a folder, while it is written or not',
    load: async () => (await import('./backup.ts')).backup,
  },
  verify: {
    summary: 'checks backups, down to every actor’s state',
    load: async () => (await import('./verify.ts')).verify,
  },
  restore: {
    summary: 'makes a store of a backup: to its end, a position or a time',
    load: async () => (await import('./restore.ts')).restore,
  },
  prune: {
    summary: 'removes old backups, counting only those that verify',
    load: async () => (await import('./prune.ts')).prune,
  },
})

/**
 * Runs `troupe ...args`.
 *
 * @param args what follows the command's name, as in `process.argv.slice(2)`
 * @returns the exit code: 0 done, 1 failed, 2 misused; commands document others
 */
export async function run(
  args: readonly string[],
  terminal: Terminal,
  table: Readonly<Record<string, CommandEntry>> = commands,
): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    terminal.stdout.write(helpText(table))
    return name === undefined ? exit.usage : exit.ok
  }
  if (name === '--version' || name === '-v') {
    terminal.stdout.write(`${packageVersion()}\n`)
    return exit.ok
  }
  const entry = Object.hasOwn(table, name) ? table[name] : undefined
  if (entry === undefined) {
    terminal.stderr.write(unknownCommand(name, table))
    return exit.usage
  }
  return runCommand(entry, rest, terminal)
}

/** Mistakes in the arguments. */
const misuses: ReadonlySet<string> = new Set(['OPTION_INVALID', 'ADDRESS_INVALID'])

/** One of our errors is an answer and gets one line; anything else is a bug and keeps its stack. */
async function runCommand(
  entry: CommandEntry,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  try {
    const command = await entry.load()
    return await command(args, terminal)
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    terminal.stderr.write(`troupe: ${error.message} [${error.code}]\n`)
    return misuses.has(error.code) ? exit.usage : exit.failed
  }
}

function helpText(table: Readonly<Record<string, CommandEntry>>): string {
  const width = Math.max(...Object.keys(table).map((name) => name.length), 'help'.length)
  const lines = Object.entries(table).map(([name, { summary }]) => line(name, summary, width))
  return [
    'usage: troupe <command> [options]',
    '',
    ...lines,
    line('help', 'this text; `troupe <command> --help` tells a command’s options', width),
    '',
  ].join('\n')
}

function line(name: string, summary: string, width: number): string {
  return `  ${name.padEnd(width)}  ${summary}`
}

function unknownCommand(name: string, table: Readonly<Record<string, CommandEntry>>): string {
  const near = nearest(name, Object.keys(table))
  const hint = near === undefined ? '`troupe help` lists them' : `did you mean "${near}"?`
  return `troupe: unknown command "${name}"; ${hint}\n`
}
