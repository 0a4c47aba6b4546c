/**
 * What becomes of a message whose durable turn failed (F2).
 *
 *   failed because …                        asked      told
 *   its payload does not fit its schema     parked     parked `invalid-payload`
 *   it was aborted, and obeyed              answered   parked `cancelled`
 *   of a terminal error, or the last try    answered   parked `parked`
 *   of anything else                        answered   tried again
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import { isTerminal } from '../../mailbox/errors.ts'

export type Verdict =
  | { readonly kind: 'answered'; readonly error: unknown }
  | {
      readonly kind: 'parked'
      readonly reason: 'parked' | 'cancelled' | 'invalid-payload'
      readonly error: unknown
    }
  | { readonly kind: 'retried' }

/** The turn that failed. */
interface Failed {
  readonly attempt: number
  readonly misfit: unknown
  readonly signal: AbortSignal
  isAbort(error: unknown): boolean
}

/** @param attempts how often a message is tried */
export function verdictOn(
  turn: Failed,
  { header }: Envelope,
  failure: unknown,
  attempts: number,
): Verdict {
  if (turn.misfit !== undefined) {
    return { kind: 'parked', reason: 'invalid-payload', error: failure }
  }
  // Obeying an abort is no failure, whatever was thrown for it: it is final, and says why.
  const isAbort = turn.isAbort(failure)
  const error = isAbort ? turn.signal.reason : failure
  if (header.reply !== undefined || header.asked) return { kind: 'answered', error }
  if (isAbort) return { kind: 'parked', reason: 'cancelled', error }
  const isLast = isTerminal(error) || turn.attempt >= attempts
  return isLast ? { kind: 'parked', reason: 'parked', error } : { kind: 'retried' }
}
