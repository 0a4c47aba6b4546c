/** What log lines may be told, checked once at the edge. */
import { existsSync, readFileSync } from 'node:fs'
import type { LogLevel, logRanks } from '../../../actors/cell/ports.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import {
  anArray,
  anObject,
  checkOptions,
  type OptionCheck,
  oneOf,
} from '../../../mailbox/options.ts'

/** A logger of pino's, as far as lines are written to it. */
export interface PinoLogger {
  readonly level: string
  /** Writes a line of level `debug`; `line` has its fields. */
  debug(line: object, message: string): void
  /** Writes a line of level `info`; `line` has its fields. */
  info(line: object, message: string): void
  /** Writes a line of level `warn`; `line` has its fields. */
  warn(line: object, message: string): void
  /** Writes a line of level `error`; `line` has its fields. */
  error(line: object, message: string): void
}

/** Where lines may be written: a `Writable` of Node's, or what has its `write`. */
export interface LineStream {
  /** Takes one or more whole lines, each with its newline. */
  write(line: string): unknown
  /** Bytes that wait in it; beyond 16 MiB lines are dropped. */
  readonly writableLength?: number
}

/** Where a secret's text is; it is replaced wherever it stands in a line. */
export type SecretSource = { readonly env: string } | { readonly file: string }

/** Lines of all threads go through one pino, `{}` is enough: JSON on standard output, from `info` on. */
export interface LogOptions {
  /** Least level that is written; what is below costs nothing. Default `info`. */
  readonly level?: LogLevel
  /** Path of a file, number of an open one, or a stream. Default 1: standard output. */
  readonly destination?: string | number | LineStream
  /** A pino of yours instead, with its own level and destination. */
  readonly logger?: PinoLogger
  /** What no line may show. */
  readonly redact?: {
    /** Places in a line, in pino's notation: `fields.password`, `fields.*.token`. Not with `logger`. */
    readonly paths?: readonly string[]
    /** Texts that stand in an environment variable or a file. */
    readonly secrets?: readonly SecretSource[]
  }
}

/** {@link LogOptions}, checked. */
export interface LogPlan {
  readonly level: keyof typeof logRanks
  readonly destination: string | number | LineStream
  readonly logger: PinoLogger | undefined
  readonly paths: readonly string[]
  /** The texts themselves. */
  readonly secrets: readonly string[]
}

const what = 'createSystem telemetry.logs'

const aDestination: OptionCheck = (value) =>
  (typeof value === 'string' && value !== '') ||
  (Number.isInteger(value) && (value as number) >= 0) ||
  typeof (value as Partial<LineStream> | null)?.write === 'function'
    ? undefined
    : 'a path, the number of an open file or a stream'

const aLogger: OptionCheck = (value) =>
  typeof (value as Partial<PinoLogger> | null)?.info === 'function' &&
  typeof (value as Partial<PinoLogger>).level === 'string'
    ? undefined
    : 'a logger made by pino()'

const checks = {
  level: oneOf('debug', 'info', 'warn', 'error'),
  destination: aDestination,
  logger: aLogger,
  redact: anObject,
}

/** @throws OPTION_INVALID */
export function checkLogs(options: LogOptions | undefined): LogPlan | undefined {
  if (options === undefined) return undefined
  checkOptions(what, options, checks)
  const { level, destination, logger, redact = {} } = options
  checkOptions(`${what}.redact`, redact, { paths: anArray, secrets: anArray })
  const { paths = [], secrets = [] } = redact
  if (paths.some((path) => typeof path !== 'string')) throw invalid('"paths" are texts')
  const own = { level, destination, 'redact.paths': redact.paths }
  const stray = Object.entries(own).find(([, value]) => value !== undefined)?.[0]
  if (logger !== undefined && stray !== undefined) {
    throw invalid(`"${stray}" does not go with "logger": give it to pino() yourself`)
  }
  return Object.freeze({
    level: logger === undefined ? (level ?? 'info') : levelOf(logger),
    destination: destination ?? 1,
    logger,
    paths,
    secrets: secrets.map((source, i) => secretText(source, i)),
  })
}

/** Pino has two levels more, and others of a user's own. */
function levelOf({ level }: PinoLogger): LogPlan['level'] {
  switch (level) {
    case 'info':
    case 'warn':
    case 'error':
      return level
    case 'fatal':
    case 'silent':
      return 'off'
    default:
      return 'debug'
  }
}

/** Shorter ones would be found everywhere. */
const shortestSecret = 6

/** @throws OPTION_INVALID, which never quotes a secret */
function secretText(source: unknown, index: number): string {
  const { env, file } = (source ?? {}) as { readonly env?: unknown; readonly file?: unknown }
  if ((typeof env === 'string') === (typeof file === 'string')) {
    throw invalid(`"redact.secrets" ${index + 1} is { env: NAME } or { file: PATH }`)
  }
  const where = String(env ?? file)
  const text = typeof env === 'string' ? process.env[env] : contentOf(where)
  if (text === undefined) throw invalid(`"redact.secrets" finds no ${where}`)
  const trimmed = text.trim()
  if (trimmed.length >= shortestSecret) return trimmed
  throw invalid(
    `"redact.secrets": what ${where} holds has ${trimmed.length} characters, and at least ${shortestSecret} are needed to tell it from other text`,
  )
}

const contentOf = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8') : undefined

const invalid = (why: string): TroupeError => new TroupeError('OPTION_INVALID', `${what}: ${why}`)
