/** What handlers find in `ctx.deps` where nothing live was asked for (R1). */
import { TroupeError } from '../../mailbox/errors.ts'

/** @param give what the caller can do instead, for the error */
export function noDeps(give: string): object {
  return new Proxy(Object.freeze({}), {
    get(_, name) {
      // Asked of anything that is awaited.
      if (name === 'then') return undefined
      throw new TroupeError(
        'REPLAY_LIVE',
        `ctx.deps.${String(name)}: a replay has no dependencies unless it is given some (R1): use them inside ctx.effect, whose results are recorded, or ${give}`,
      )
    },
  })
}
