/** The limit of one value, and the error of what is beyond it (T5). */
import { TroupeError } from '../mailbox/errors.ts'

/** 16 MiB. */
export const MAX_BYTES = 16 * 1024 * 1024

/** @param size bytes it takes encoded, or at least takes */
export function tooLarge(what: string, size: number): TroupeError {
  return new TroupeError(
    'PAYLOAD_TOO_LARGE',
    `${what} takes ${size} bytes encoded, or more; the limit is ${MAX_BYTES}. Store it elsewhere and send a reference.`,
    { fields: { size, limit: MAX_BYTES } },
  )
}
