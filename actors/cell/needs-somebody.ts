/** Whether what failed can go on by itself: after a release, a repair or with other code only (F3, D4, D9). */
import { type ErrorCode, TroupeError } from '../../mailbox/errors.ts'

const codes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'QUARANTINED',
  'STORE_CORRUPT',
  'VERSION_NEWER',
  'MIGRATION_FAILED',
])

export function needsSomebody(error: unknown): boolean {
  return error instanceof TroupeError && codes.has(error.code)
}
