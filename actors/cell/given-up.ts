/**
 * Why a stored message was given up, as its record keeps it: beside the error, so that its dead letter
 * reads the same after a restart.
 */
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { type ErrorData, encodeError } from './error-data.ts'

interface GivenUp extends ErrorData {
  readonly reason: DeadLetterReason
}

/** The `error` section of a `parked` record. */
export function encodeGivenUp(reason: DeadLetterReason, error: unknown): Uint8Array {
  return encodeValue({ ...encodeError(error), reason } satisfies GivenUp)
}

export function decodeGivenUp(bytes: Uint8Array): {
  readonly reason: DeadLetterReason
  readonly error: ErrorData
} {
  const { reason, ...error } = decodeValue(bytes) as GivenUp
  return { reason, error }
}
