/** The option `backup` of `createSystem`, checked. */
import { TroupeError } from '../../mailbox/errors.ts'
import { anInteger, aText, checkOptions } from '../../mailbox/options.ts'

/** Backups by the clock. */
export interface BackupOptions {
  /** The folder they go to; made if it is not there. */
  readonly dir: string
  /** Milliseconds from one to the next, the first one included. Default: an hour. */
  readonly every?: number
  /** Good ones to keep; older ones are removed. Default: 24. */
  readonly keep?: number
}

export type BackupPlan = Required<BackupOptions>

const hour = 3_600_000

/** @throws OPTION_INVALID */
export function checkBackupOptions(
  options: BackupOptions | undefined,
  store: string | undefined,
): BackupPlan | undefined {
  if (options === undefined) return undefined
  checkOptions('createSystem backup', options, {
    dir: aText,
    every: anInteger(1),
    keep: anInteger(1),
  })
  if (options.dir === undefined) throw invalid('needs a folder: { dir: "./backups" }')
  if (store === undefined || store === 'memory') throw invalid('needs a store in a file')
  return { dir: options.dir, every: options.every ?? hour, keep: options.keep ?? 24 }
}

function invalid(why: string): TroupeError {
  return new TroupeError('OPTION_INVALID', `createSystem: option "backup" ${why}`)
}
