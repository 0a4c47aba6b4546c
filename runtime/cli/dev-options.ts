/** The options of `troupe dev`, checked once. */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { TroupeError } from '../../mailbox/errors.ts'
import { nearest } from '../../mailbox/options.ts'

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
  help: { type: 'boolean', short: 'h' },
} as const

/** @throws OPTION_INVALID */
export function parseDevOptions(args: readonly string[]): DevOptions | 'help' {
  const { values, positionals } = parse(args)
  if (values.help) return 'help'
  const [app, ...more] = positionals
  if (app === undefined || more.length > 0) {
    throw invalid(`expected one app module, got ${positionals.length}; see troupe dev --help`)
  }
  return {
    app: anApp(resolve(app)),
    store: storeOf(values.store ?? '.troupe/dev.db'),
    workers: values.workers === undefined ? undefined : aCount(values.workers),
    watch: (values.watch ?? []).map((folder) => aFolder(resolve(folder))),
    inspect: values.inspect ?? false,
  }
}

function parse(args: readonly string[]) {
  for (const arg of args) {
    const name = /^--([^=]+)/.exec(arg)?.[1]
    if (name === undefined || Object.hasOwn(known, name)) continue
    const near = nearest(name, Object.keys(known))
    const hint = near === undefined ? 'see troupe dev --help' : `did you mean "--${near}"?`
    throw invalid(`unknown option "--${name}"; ${hint}`)
  }
  try {
    return parseArgs({ args: [...args], options: known, allowPositionals: true })
  } catch (error) {
    throw invalid((error as Error).message)
  }
}

function anApp(path: string): string {
  if (existsSync(path) && statSync(path).isFile()) return path
  throw invalid(`${path} is no file; expected the module that exports the app`)
}

function storeOf(store: string): string {
  return store === 'memory' ? store : resolve(store)
}

function aCount(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 256) return Number(text)
  throw invalid(`option "--workers" must be an integer from 0 to 256, got ${JSON.stringify(text)}`)
}

function aFolder(path: string): string {
  if (existsSync(path) && statSync(path).isDirectory()) return path
  throw invalid(`option "--watch" must be a folder, got ${path}`)
}

function invalid(why: string): TroupeError {
  return new TroupeError('OPTION_INVALID', `dev: ${why}`)
}
