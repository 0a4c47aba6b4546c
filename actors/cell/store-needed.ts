/** The error of a durable actor in a system without a store. */
import { TroupeError } from '../../mailbox/errors.ts'

export function storeNeeded(actor: string): TroupeError {
  return new TroupeError(
    'OPTION_INVALID',
    `${actor} is durable: give createSystem a store, for example { store: './app.db' } or { store: 'memory' }`,
  )
}
