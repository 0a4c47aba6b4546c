/** What a peer answers to those whose message goes nowhere. */
import { TroupeError } from '../../mailbox/errors.ts'
import { refused, type TellOutcome } from '../../mailbox/outcome.ts'

export function unknownType(type: string): TroupeError {
  return new TroupeError(
    'DEFINITION_MISSING',
    `no actor of type "${type}" is in the app; add its definition to app(..., { actors: [...] })`,
  )
}

export function closedError(): TroupeError {
  return new TroupeError('SYSTEM_CLOSED', 'the system is closing or closed and takes no more work')
}

/** What was thrown at the door, as the answer to a tell (T5). */
export function unsendable(thrown: unknown): TellOutcome {
  const error = thrown as TroupeError
  return refused(error.code === 'PAYLOAD_TOO_LARGE' ? 'too-large' : 'not-encodable', error)
}
