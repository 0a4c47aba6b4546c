/** What a model is told of a call that was not made, or did not come back. Never holds a header or a query. */
import { TroupeError } from '../../../../mailbox/errors.ts'

export const refused = (why: string): TroupeError => new TroupeError('TOOL_REFUSED', why)

export const unreachable = (origin: string, why: string): TroupeError =>
  new TroupeError('TOOL_UNREACHABLE', `${origin}: ${why}.`)

export const badOption = (what: string, why: string): TroupeError =>
  new TroupeError('OPTION_INVALID', `${what}: ${why}`)
