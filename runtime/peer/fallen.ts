/**
 * Volatile actors that failed for good a moment ago (F1). A virtual actor would be back with the
 * next message and fail again: until its time is over, messages for it are dead letters at once.
 *
 * An entry costs a few words and is forgotten when its time is over; the oldest go first when there
 * are very many, which only means that those may try again early.
 */
import { TroupeError } from '../../mailbox/errors.ts'

/** Most actors remembered at once. */
const most = 10_000

interface Fall {
  readonly until: number
  readonly error: unknown
}

export class Fallen {
  readonly #falls = new Map<string, Fall>()

  /** @param until monotonic ms */
  add(actor: string, until: number, error: unknown): void {
    this.#falls.delete(actor)
    this.#falls.set(actor, { until, error })
    for (const [oldest] of this.#falls) {
      if (this.#falls.size <= most) return
      this.#falls.delete(oldest)
    }
  }

  /** Its parent wants it again. */
  pardon(actor: string): void {
    this.#falls.delete(actor)
  }

  /** Why a message for this actor cannot be handled now; undefined when it can. */
  refusal(actor: string, now: number): TroupeError | undefined {
    const fall = this.#falls.get(actor)
    if (fall === undefined) return undefined
    if (fall.until > now) return downError(actor, fall, now)
    this.#falls.delete(actor)
    return undefined
  }
}

function downError(actor: string, { until, error }: Fall, now: number): TroupeError {
  const retryAfter = Math.ceil(until - now)
  return new TroupeError(
    'ACTOR_STOPPED',
    `${actor} failed for good and stays down for another ${retryAfter} ms; its last error is the cause`,
    { cause: error, fields: { actor, retryAfter }, disposition: 'retryable' },
  )
}
