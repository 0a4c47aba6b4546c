/** Where an actor, run again, first did something else than was recorded; and whether it did. */
import { decodeError, encodeError } from '../../actors/cell/error-data.ts'
import type { TroupeError } from '../../mailbox/errors.ts'
import { formatMessageId, type MessageId } from '../../mailbox/message-id.ts'
import { decodeValue } from '../../persistence/codec.ts'
import type { Damage, StoredRecord } from '../../persistence/stored.ts'
import type { RecordedTurn } from './recorded-turn.ts'
import type { RerunOutcome } from './rerunner.ts'
import { firstDifference, type TurnDifference } from './turn-difference.ts'

/** Where an actor first did something else than was recorded. */
export interface Divergence {
  readonly actor: string
  /** Position of the recorded turn. */
  readonly position: number
  readonly turn: number
  /** Its message; absent for a start hook. */
  readonly message: MessageId | undefined
  /** Handler. */
  readonly name: string
  readonly cause:
    | ({ readonly kind: 'difference' } & TurnDifference)
    | Exclude<RerunOutcome, { readonly kind: 'ended' }>
    | { readonly kind: 'no-definition' }
    | { readonly kind: 'damaged'; readonly damage: Damage }
}

/** Undefined when a turn did again what was recorded. */
export function judge(turn: RecordedTurn, outcome: RerunOutcome): Divergence['cause'] | undefined {
  const { record } = turn
  const now = missingKey(record, outcome) ?? failureOf(record, outcome)
  if (now.kind !== 'ended') return now
  const difference = firstDifference(record, now.record)
  return difference && { kind: 'difference', ...difference }
}

/** A message that was given up after its retries is compared by what its handler throws. */
function failureOf(record: StoredRecord, outcome: RerunOutcome): RerunOutcome {
  if (outcome.kind !== 'threw' || record.error === undefined) return outcome
  const { error } = outcome
  const thrown = encodeError(error)
  const recorded = encodeError(decodeError(decodeValue(record.error)))
  const isSame = thrown.message === recorded.message && thrown.code === recorded.code
  return isSame ? { kind: 'ended', record } : outcome
}

/** What a turn does for want of a key says nothing of its code, unless it failed like this then. */
function missingKey(record: StoredRecord, outcome: RerunOutcome): RerunOutcome | undefined {
  const error = thrownBy(outcome)
  if (error?.code !== 'SECRET_KEY_MISSING') return undefined
  const then = record.error && (decodeError(decodeValue(record.error)) as TroupeError)
  return then?.code === error.code ? undefined : { kind: 'needs-key', error }
}

function thrownBy(outcome: RerunOutcome): TroupeError | undefined {
  if (outcome.kind === 'threw') return outcome.error as TroupeError | undefined
  if (outcome.kind !== 'ended' || outcome.record.error === undefined) return undefined
  return decodeError(decodeValue(outcome.record.error)) as TroupeError
}

export function divergence(record: StoredRecord, cause: Divergence['cause']): Divergence {
  const { actor, position, turn, message, name } = record
  const id = message.position === 0 ? undefined : formatMessageId(message.position, message.index)
  return { actor, position, turn, message: id, name, cause }
}
