/**
 * The options of `createSystem`, checked once into one frozen object.
 */
import { availableParallelism } from 'node:os'
import { inspect } from 'node:util'
import type { EffectChoices } from '../../actors/cell/effect-choices.ts'
import type { logRanks } from '../../actors/cell/ports.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import {
  aBoolean,
  aDuration,
  aFunction,
  anInteger,
  anObject,
  aText,
  checkOptions,
  type OptionCheck,
} from '../../mailbox/options.ts'
import type { Retention } from '../store/archive.ts'
import type { LogLine } from '../telemetry/logs/line.ts'
import { checkTelemetry, type TelemetryOptions, type TelemetryPlan } from '../telemetry/options.ts'
import type { FaultOptions } from '../wire/fault-module.ts'
import { type BackupOptions, type BackupPlan, checkBackupOptions } from './backup-plan.ts'
import { checkRetention, type RetentionOptions } from './retention-plan.ts'
import { readSecrets, type SecretsOptions } from './secrets-plan.ts'

/** What `createSystem` may be told. */
export interface SystemOptions {
  /** Path of the store's file, or `memory`. Durable actors need one. Default: none. */
  readonly store?: string
  /** Threads that run actors; 0 runs everything on the calling thread. Default: cores minus one. */
  readonly workers?: number
  /** Freeze and re-encode every payload (T5). Default: true when NODE_ENV is `development`. */
  readonly development?: boolean
  /**
   * Milliseconds, at most 10, for which a thread that has just worked looks for more before it sleeps, as
   * long as that was worth it the last time; 0 never. Trades CPU for latency. Default 0.2.
   */
  readonly poll?: number
  /** Most actors in memory per thread, of those that may leave it. Default 50,000. */
  readonly residency?: number
  /** Open a store that lost acknowledged records instead of refusing (D10). Default false. */
  readonly acceptLoss?: boolean
  /** Milliseconds `close` may take. Default 10,000. */
  readonly closeWithin?: number
  /** Milliseconds a host may take to come up. Default 30,000. */
  readonly startWithin?: number
  /** Megabytes of heap per host thread. Default: Node's own. */
  readonly hostMemory?: number
  /**
   * Milliseconds a turn may hold its thread without a break before the thread is ended and replaced
   * (F5); Infinity for ever. Default 60,000. Not while a debugger is attached.
   */
  readonly blockLimit?: number
  /** The worker entry, for bundlers: the URL of a file that imports `troupe/host`. */
  readonly host?: string
  /** Backups by the clock; see `docs/disaster-recovery.md`. Default: none. */
  readonly backup?: BackupOptions
  /** What of the history stays beyond what is needed; looked at after each checkpoint. Default: all. */
  readonly retention?: RetentionOptions
  /** Folder that gets what retention takes out of the store, before it is deleted. Default: none. */
  readonly archive?: string
  /** Records from one checkpoint to the next: the most that a start has to read. Default 100,000. */
  readonly checkpointEvery?: number
  /** Ms from one checkpoint to the next, while anything is committed. Default 3,600,000: an hour. */
  readonly checkpointAfter?: number
  /** For crash tests: a module that is told of every fault point; see `docs/fault-points.md`. */
  readonly faults?: FaultOptions
  /** Keys of secrets (R5). Default: none, and nothing can be sealed. */
  readonly secrets?: SecretsOptions
  /** What others are told of this system, and how; see `docs/telemetry.md`. Default: nothing. */
  readonly telemetry?: TelemetryOptions
  /** Gets all log lines; for JSON lines see `telemetry.logs`. Default: warnings and errors go to stderr. */
  readonly log?: (line: LogLine) => void
}

const aUrl: OptionCheck = (value) =>
  typeof value === 'string' && URL.canParse(value) ? undefined : 'the URL of a module'

const aPollTime: OptionCheck = (value) =>
  typeof value === 'number' && value >= 0 && value <= 10
    ? undefined
    : 'a number of milliseconds from 0 to 10'

const checks = {
  store: aText,
  workers: anInteger(0, 256),
  development: aBoolean,
  poll: aPollTime,
  residency: anInteger(1),
  acceptLoss: aBoolean,
  closeWithin: aDuration,
  startWithin: aDuration,
  hostMemory: anInteger(16),
  blockLimit: aDuration,
  host: aText,
  backup: anObject,
  retention: anObject,
  archive: aText,
  checkpointEvery: anInteger(1),
  checkpointAfter: aDuration,
  faults: anObject,
  secrets: anObject,
  telemetry: anObject,
  log: aFunction,
}

export interface CheckedOptions {
  readonly store: string | undefined
  readonly workers: number
  readonly development: boolean
  readonly poll: number
  readonly residency: number
  readonly acceptLoss: boolean
  readonly closeWithin: number
  readonly startWithin: number
  readonly hostMemory: number | undefined
  readonly blockLimit: number
  readonly host: string | undefined
  readonly backup: BackupPlan | undefined
  readonly retention: Retention | undefined
  readonly checkpointEvery: number | undefined
  readonly checkpointAfter: number | undefined
  readonly faults: FaultOptions | undefined
  /** Not an option: what runs a fork on chooses for each call out of a turn (R1). */
  readonly effects?: EffectChoices
  /** Keys, newest first. */
  readonly secrets: readonly Uint8Array[]
  readonly telemetry: TelemetryPlan
  /** Lines below it are not made. */
  readonly logLevel: keyof typeof logRanks
  readonly log: (line: LogLine) => void
}

/** @throws OPTION_INVALID */
export function checkSystemOptions(options: SystemOptions): CheckedOptions {
  checkOptions('createSystem', options, checks)
  if (options.host !== undefined && !URL.canParse(options.host)) {
    throw new TroupeError(
      'OPTION_INVALID',
      `createSystem: option "host" must be a URL, for example new URL('./host.js', import.meta.url).href`,
    )
  }
  const telemetry = checkTelemetry(options.telemetry)
  if (telemetry.logs !== undefined && options.log !== undefined) {
    throw new TroupeError(
      'OPTION_INVALID',
      'createSystem: lines go to "log" or to "telemetry.logs", give one of them',
    )
  }
  return Object.freeze({
    store: options.store,
    workers: options.workers ?? Math.max(1, availableParallelism() - 1),
    development: options.development ?? process.env['NODE_ENV'] === 'development',
    poll: options.poll ?? 0.2,
    residency: options.residency ?? 50_000,
    acceptLoss: options.acceptLoss ?? false,
    closeWithin: options.closeWithin ?? 10_000,
    startWithin: options.startWithin ?? 30_000,
    hostMemory: options.hostMemory,
    blockLimit: options.blockLimit ?? 60_000,
    host: options.host,
    backup: checkBackupOptions(options.backup, options.store),
    retention: checkRetention(options.retention, options.archive),
    checkpointEvery: options.checkpointEvery,
    checkpointAfter: options.checkpointAfter,
    faults: checkFaults(options.faults),
    secrets: readSecrets('createSystem', options.secrets, process.env),
    telemetry,
    logLevel: telemetry.logs?.level ?? (options.log === undefined ? 'warn' : 'debug'),
    log: options.log ?? toStderr,
  })
}

function checkFaults(options: FaultOptions | undefined): FaultOptions | undefined {
  if (options === undefined) return undefined
  checkOptions('createSystem faults', options, { module: aUrl, data: () => undefined })
  if (options.module !== undefined) return options
  throw new TroupeError('OPTION_INVALID', 'createSystem: option "faults" needs a module')
}

const oneLine = { breakLength: Number.POSITIVE_INFINITY, compact: true, customInspect: false }

function toStderr({ level, actor, message, fields }: LogLine): void {
  if (level !== 'warn' && level !== 'error') return
  const extra = Object.keys(fields).length === 0 ? '' : ` ${inspect(fields, oneLine)}`
  process.stderr.write(`troupe ${level} ${actor === '' ? '' : `${actor}: `}${message}${extra}\n`)
}
