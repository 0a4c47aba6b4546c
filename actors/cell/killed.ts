/**
 * What was killed by command on this thread: nothing of it starts, and what runs is aborted. An actor is
 * killed with everything that it asked for, and that was asked for in turn: such messages carry it in
 * their chain (T4), in the store too, so that a restart changes nothing.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'

export class Killed {
  readonly #reasons: ReadonlyMap<string, string | undefined>

  /** @param all addresses, with the reasons that were given */
  constructor(all: Iterable<readonly [actor: string, reason: string | undefined]>) {
    this.#reasons = new Map(all)
  }

  /** Why a message must not be handled; undefined when it may. */
  refusal({ to, header }: Envelope): TroupeError | undefined {
    if (this.#reasons.has(to)) return actorKilled(to, this.#reasons.get(to))
    const asker = header.chain?.find((actor) => this.#reasons.has(actor))
    return asker === undefined ? undefined : actorKilled(asker, this.#reasons.get(asker))
  }
}

function actorKilled(actor: string, reason: string | undefined): TroupeError {
  const why = reason === undefined ? '' : `: ${reason}`
  return new TroupeError('ACTOR_KILLED', `${actor} was killed${why}`, {
    fields: { actor, ...(reason !== undefined && { reason }) },
  })
}
