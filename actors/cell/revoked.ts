/** The error of a context used after its turn (T6). */
import { TroupeError } from '../../mailbox/errors.ts'

export function revoked(actor: string, message: string): TroupeError {
  return new TroupeError(
    'CTX_REVOKED',
    `ctx of ${actor} was used after its turn (${message}) ended; await everything inside the handler, and bind received refs with ctx.ref`,
    { fields: { actor, message } },
  )
}
