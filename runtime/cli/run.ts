/**
 * Chooses the command and tells its help; the table of commands is the whole command line.
 *
 * Owns `--help`, `--version` and the words for a command that does not exist. A command's own
 * options, output and exit code are the command's.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { TroupeError } from '../../mailbox/errors.ts'
import { nearest } from '../../mailbox/options.ts'
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
    terminal.stdout.write(`${await packageVersion()}\n`)
    return exit.ok
  }
  const entry = Object.hasOwn(table, name) ? table[name] : undefined
  if (entry === undefined) {
    terminal.stderr.write(unknownCommand(name, table))
    return exit.usage
  }
  return runCommand(entry, rest, terminal)
}

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
    return error.code === 'OPTION_INVALID' ? exit.usage : exit.failed
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

/** Asked by the package's own name, so that it holds in the sources, in `dist` and when installed. */
async function packageVersion(): Promise<string> {
  const path = createRequire(import.meta.url).resolve('troupe/package.json')
  const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string }
  return version
}
