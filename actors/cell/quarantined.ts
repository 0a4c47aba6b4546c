/** Why something is not started a third time (F3). */
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'

export function killedTwice({ to, name, id, header }: Envelope): TroupeError {
  const what = header.tick === undefined ? `message ${id}` : `timer "${header.tick.timer}"`
  return new TroupeError(
    'QUARANTINED',
    `"${name}" to ${to} is not started again: ${what} was in hand both times its thread or the process died`,
    { fields: { actor: to, message: name } },
  )
}

export function activationKilledTwice(actor: string): TroupeError {
  return new TroupeError(
    'QUARANTINED',
    `${actor} is not brought up again: its activation was under way both times its thread or the process died; mend its state, then system.quarantine.release({ actor: '${actor}' })`,
    { fields: { actor } },
  )
}
