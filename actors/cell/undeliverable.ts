/** Messages that will not be processed: why not, and what somebody who waits for one is told. */
import type { Clock } from '../../mailbox/clock.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'

/** Why a message was not processed, for whoever waits for it. */
export function undeliverable(envelope: Envelope, reason: DeadLetterReason): TroupeError {
  const { to, name } = envelope
  const fields = { to, message: name, reason }
  switch (reason) {
    case 'expired':
      return new TroupeError(
        'MESSAGE_EXPIRED',
        `"${name}" reached ${to} but its deadline passed before its turn came`,
        { fields },
      )
    case 'cancelled':
      return new TroupeError('CANCELLED', `"${name}" to ${to} was taken back`, { fields })
    case 'killed':
      return new TroupeError('ACTOR_KILLED', `${to} was killed before "${name}"`, { fields })
    case 'stopped':
      return new TroupeError('ACTOR_STOPPED', `${to} stopped before "${name}"`, { fields })
    case 'no-handler':
      return new TroupeError(
        'DEFINITION_MISSING',
        `${to} has no handler for "${name}"; is its host running an older app?`,
        { fields },
      )
    default:
      return new TroupeError('MAILBOX_FULL', `${to} has no room (${reason})`, { fields })
  }
}

/** Why its handler must not start any more: it comes too late, or was given up meanwhile. */
export function worthless({ header }: Envelope, clock: Clock): 'expired' | 'cancelled' | undefined {
  if (header.deadline !== undefined && clock.mono() > header.deadline) return 'expired'
  return header.signal?.aborted ? 'cancelled' : undefined
}
