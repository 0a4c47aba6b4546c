/**
 * What a send answers, and how a call ends. Plain data: both cross threads.
 */
import type { TroupeError } from './errors.ts'

/** Why a message was refused at the door. */
export type RefusalReason =
  | 'closed'
  | 'no-definition'
  | 'no-handler'
  | 'invalid-payload'
  | 'not-encodable'
  | 'too-large'
  | 'cancelled'

/**
 * The answer of `ref.tell`, at once:
 * `queued` in memory, at most once; `staged` in the running durable turn, real at its commit;
 * `full` no room, now a dead letter; `refused` for a reason that a retry cannot change.
 */
export type TellOutcome =
  | { readonly status: 'queued' }
  | { readonly status: 'staged' }
  | { readonly status: 'full' }
  | { readonly status: 'refused'; readonly reason: RefusalReason; readonly error: TroupeError }

/** The three outcomes that carry nothing else, made once. */
export const queued: TellOutcome = Object.freeze({ status: 'queued' })
export const staged: TellOutcome = Object.freeze({ status: 'staged' })
export const full: TellOutcome = Object.freeze({ status: 'full' })

export function refused(reason: RefusalReason, error: TroupeError): TellOutcome {
  return { status: 'refused', reason, error }
}

/** How an ask, a step or a stream ended. */
export type Settled =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown }
