/**
 * A published message carries what its publisher liked: only here, at a subscriber, it is a message of
 * a contract, and checked by that message's schema like any other. What does not fit is the misfit of
 * its turn: a dead letter with the issues, neither a call of the handler nor a failure of anybody.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { eventual, isPromise } from './invoke.ts'
import type { Turn } from './turn.ts'
import { validate } from './validation.ts'

type Handle = (turn: never, payload: unknown) => unknown

/** Calls the handler with the payload as its schema leaves it. */
export function handlePublished(turn: Turn, envelope: Envelope, handler: Handle): unknown {
  const { name, payload, to, header } = envelope
  const schema = turn.cell.definition.contract.messages[name]?.input
  const handle = handler as (turn: Turn, payload: unknown) => unknown
  if (schema === undefined) return handle(turn, payload)
  const what = `what was published to "${header.topic}", as "${name}" of ${to},`
  const valid = checked(turn, () => validate(what, schema, payload))
  if (!isPromise(valid)) return handle(turn, valid)
  return valid.then(
    (fits) => {
      const result = handle(turn, fits)
      return eventual(turn, result) ?? result
    },
    (error) => {
      throw misfit(turn, error)
    },
  )
}

function checked(turn: Turn, validated: () => unknown): unknown {
  try {
    return validated()
  } catch (error) {
    throw misfit(turn, error)
  }
}

/** A schema that breaks fits nothing either. */
function misfit(turn: Turn, error: unknown): TroupeError {
  turn.misfit =
    error instanceof TroupeError
      ? error
      : new TroupeError('PAYLOAD_INVALID', `a schema failed: ${String(error)}`, { cause: error })
  return turn.misfit
}
