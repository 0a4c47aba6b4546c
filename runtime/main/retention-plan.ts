/** The options `retention` and `archive` of `createSystem`, checked. */
import { TroupeError } from '../../mailbox/errors.ts'
import { aDuration, anInteger, checkOptions } from '../../mailbox/options.ts'
import type { Retention } from '../store/archive.ts'

/** What of the history stays beyond what is needed. With both, what either of them keeps stays. */
export interface RetentionOptions {
  /** Milliseconds that a record stays. */
  readonly keepFor?: number
  /** Newest records that stay. */
  readonly keepRecords?: number
}

/** @throws OPTION_INVALID */
export function checkRetention(
  options: RetentionOptions | undefined,
  archive: string | undefined,
): Retention | undefined {
  if (options === undefined) {
    if (archive === undefined) return undefined
    throw invalid('option "archive" takes what retention gives up; set "retention" as well')
  }
  checkOptions('createSystem retention', options, {
    keepFor: aDuration,
    keepRecords: anInteger(0),
  })
  const { keepFor, keepRecords } = options
  if (keepFor === undefined && keepRecords === undefined) {
    throw invalid('option "retention" needs keepFor or keepRecords; without it all is kept')
  }
  return { keepFor, keepRecords, archive }
}

function invalid(why: string): TroupeError {
  return new TroupeError('OPTION_INVALID', `createSystem: ${why}`)
}
