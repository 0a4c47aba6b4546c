/**
 * A message that will not be processed, kept with the reason, inspectable and replayable.
 */
import type { LaneName } from './lane.ts'
import type { MessageId } from './message-id.ts'

/** All reasons. */
export const deadLetterReasons = Object.freeze([
  'mailbox-full',
  'dropped-oldest',
  'dropped-newest',
  'stash-full',
  'link-full',
  'expired',
  'cancelled',
  'failed',
  'parked',
  'quarantined',
  'stopped',
  'killed',
  'no-definition',
  'no-handler',
  'host-lost',
  'not-encodable',
  'invalid-payload',
] as const)

/** Why a message became a dead letter. */
export type DeadLetterReason = (typeof deadLetterReasons)[number]

/** One dead letter, as listed by `system.deadLetters`. */
export interface DeadLetter {
  readonly id: MessageId
  readonly to: string
  /** Sender, or empty from outside. */
  readonly from: string
  readonly name: string
  readonly lane: LaneName
  readonly reason: DeadLetterReason
  /** What the handler threw, for `failed` and `parked`; for `invalid-payload` what its schema said. */
  readonly error?: unknown
  /** Wall time in ms. */
  readonly at: number
  /** Absent when only the header survived, as after the loss of a host (F4). */
  readonly payload?: unknown
  /** How often it was sent again. */
  readonly replays: number
}
