/**
 * The arguments of a command, checked once: what every command does with unknown options, numbers,
 * times and files. Which options there are is the command's.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { TroupeError } from '../../mailbox/errors.ts'
import { nearest } from '../../mailbox/options.ts'

/** Options that every command has. */
const common = { help: { type: 'boolean', short: 'h' } } as const

export interface ArgumentsSpec<O extends ParseArgsOptionsConfig> {
  /** The command's name, for its errors. */
  readonly command: string
  readonly options: O
  /** What the positional arguments are, in order; `?` after a name that may be missing. */
  readonly positionals: readonly string[]
}

/** @throws OPTION_INVALID naming the nearest option, or the argument that is missing */
export function parseArguments<const O extends ParseArgsOptionsConfig>(
  { command, options, positionals }: ArgumentsSpec<O>,
  args: readonly string[],
) {
  const known = { ...options, ...common }
  refuseUnknown(command, args, Object.keys(known))
  const parsed = attempt(command, () =>
    parseArgs({ args: [...args], options: known, allowPositionals: true }),
  )
  if ((parsed.values as { help?: boolean }).help) return 'help'
  checkPositionals(command, positionals, parsed.positionals)
  return parsed
}

function refuseUnknown(command: string, args: readonly string[], known: readonly string[]): void {
  for (const arg of args) {
    if (arg === '--') return
    const name = /^--([^=]+)/.exec(arg)?.[1]
    if (name === undefined || known.includes(name)) continue
    const near = nearest(name, known)
    const hint = near === undefined ? `see troupe ${command} --help` : `did you mean "--${near}"?`
    throw misuse(command, `unknown option "--${name}"; ${hint}`)
  }
}

function attempt<T>(command: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    // Node adds lines on how to write it otherwise.
    const [line = ''] = (error as Error).message.split('\n')
    throw misuse(command, `${line.replace(/\.$/, '')}; see troupe ${command} --help`)
  }
}

function checkPositionals(
  command: string,
  expected: readonly string[],
  given: readonly string[],
): void {
  const missing = expected.find((name, i) => !name.endsWith('?') && given[i] === undefined)
  if (missing !== undefined) {
    throw misuse(
      command,
      `${missing} is missing: expected ${expected.join(' ')}, got ${given.length} of ${expected.length}; see troupe ${command} --help`,
    )
  }
  const extra = given[expected.length]
  if (extra !== undefined) {
    throw misuse(
      command,
      `unexpected argument ${JSON.stringify(extra)}; see troupe ${command} --help`,
    )
  }
}

/** An error of how a command was called: exit code 2. */
export function misuse(
  command: string,
  why: string,
  fields: Record<string, unknown> = {},
): TroupeError {
  return new TroupeError('OPTION_INVALID', `${command}: ${why}`, { fields })
}

/** A whole number within bounds. */
export function aNumber(
  command: string,
  option: string,
  text: string,
  min: number,
  max: number,
): number {
  if (/^\d+$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text)
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  throw misuse(
    command,
    `option "${option}" must be an integer ${bounds}, got ${JSON.stringify(text)}`,
  )
}

/** Wall time in ms of an ISO 8601 time, or of milliseconds since 1970. */
export function aTime(command: string, option: string, text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isSafeInteger(ms) && ms >= 0) return ms
  throw misuse(
    command,
    `option "${option}" must be a time like 2026-11-25T09:30:00Z, or ms since 1970, got ${JSON.stringify(text)}`,
  )
}

/** The JSON value in a file. */
export function jsonFile(command: string, path: string): unknown {
  const full = resolve(path)
  if (!existsSync(full) || !statSync(full).isFile()) throw misuse(command, `${path} is no file`)
  return attempt(command, () => JSON.parse(readFileSync(full, 'utf8')) as unknown)
}
