/** Why an actor or a message of it cannot be read (D4). */
import { TroupeError } from '../../mailbox/errors.ts'
import type { Damage } from '../../persistence/stored.ts'

export function damagedActor(actor: string, { positions, detail }: Damage): TroupeError {
  const fields = { actor, positions }
  return new TroupeError('STORE_CORRUPT', `${actor} cannot be read: ${detail}`, { fields })
}
