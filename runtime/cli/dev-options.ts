/** The options of `troupe dev`, checked once. */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { aNumber, misuse, parseArguments } from './arguments.ts'

/** What `troupe dev` was told. */
export interface DevOptions {
  /** Path of the app module. */
  readonly app: string
  /** Path of the store's file, or `memory`. */
  readonly store: string
  /** Worker threads; undefined for the system's own default. */
  readonly workers: number | undefined
  /** Folders to watch beside the app's own. */
  readonly watch: readonly string[]
  /** Open the inspector. */
  readonly inspect: boolean
}

export const devHelp = `usage: troupe dev APP [options]

Runs a system for the app module APP and starts it again when a source file changes.
A typed line sends: account/alice deposit {"amount":5}

  --store FILE   the store's file, or memory; default .troupe/dev.db
  --workers N    worker threads, 0 to 256; default: cores minus one
  --watch DIR    another folder to watch beside the app's; may be repeated
  --inspect      open the inspector on 127.0.0.1:9229, for breakpoints
`

const known = {
  store: { type: 'string' },
  workers: { type: 'string' },
  watch: { type: 'string', multiple: true },
  inspect: { type: 'boolean' },
} as const

/** @throws OPTION_INVALID */
export function parseDevOptions(args: readonly string[]): DevOptions | 'help' {
  const parsed = parseArguments({ command: 'dev', positionals: ['APP'], options: known }, args)
  if (parsed === 'help') return 'help'
  const { values, positionals } = parsed
  return {
    app: anApp(resolve(positionals[0] as string)),
    store: storeOf(values.store ?? '.troupe/dev.db'),
    workers:
      values.workers === undefined
        ? undefined
        : aNumber('dev', '--workers', values.workers, 0, 256),
    watch: (values.watch ?? []).map((folder) => aFolder(resolve(folder))),
    inspect: values.inspect ?? false,
  }
}

function anApp(path: string): string {
  if (existsSync(path) && statSync(path).isFile()) return path
  throw misuse('dev', `${path} is no file; expected the module that exports the app`)
}

function storeOf(store: string): string {
  return store === 'memory' ? store : resolve(store)
}

function aFolder(path: string): string {
  if (existsSync(path) && statSync(path).isDirectory()) return path
  throw misuse('dev', `option "--watch" must be a folder, got ${path}`)
}
