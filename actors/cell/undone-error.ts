/** For what waits on a turn that the store undid meanwhile (D5). */
import { TroupeError } from '../../mailbox/errors.ts'

export function undoneError(): TroupeError {
  return new TroupeError('STORE_STALLED', 'the turn was undone by the store and will run again')
}
