/**
 * The one message of a durable actor whose turn failed and will be tried again (F2): how often it was
 * tried, when the next attempt is due, and that until then it holds every user lane but control.
 *
 * Does not own: whether a failure is tried again at all, and what becomes of a message given up.
 *
 * Invariant: there is one at most, since the lanes that it holds are all that could bring another; a
 * control message that fails meanwhile takes its place only when it is over.
 */
import type { CancelAlarm } from '../../mailbox/clock.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import type { ActorDefinition } from '../actor.ts'
import { pauseBefore } from './backoff.ts'
import type { CellHost } from './ports.ts'

/** The actor whose message it is. */
interface Owner {
  readonly definition: ActorDefinition
  readonly host: CellHost
  stand(): void
}

interface Waiting {
  readonly envelope: Envelope
  readonly attempt: number
  isDue: boolean
}

export class Retry {
  readonly #owner: Owner
  #waiting: Waiting | undefined
  #wakeUp: CancelAlarm | undefined

  constructor(owner: Owner) {
    this.#owner = owner
  }

  /** The message that waits for its next attempt, or is in it. */
  get envelope(): Envelope | undefined {
    return this.#waiting?.envelope
  }

  /** The same, once its pause is over. */
  get due(): Envelope | undefined {
    return this.#waiting?.isDue ? this.#waiting.envelope : undefined
  }

  /** The least urgent lane that other messages may be taken from. */
  get limit(): LaneNumber {
    return this.#waiting === undefined ? Lane.low : Lane.control
  }

  /** Number of the attempt that is next; undefined for a message that has not failed. */
  attemptOf(envelope: Envelope): number | undefined {
    return this.#waiting?.envelope === envelope ? this.#waiting.attempt : undefined
  }

  /** Tries again after a pause. @param failed number of the attempt that failed */
  later(envelope: Envelope, failed: number): void {
    const { host, definition } = this.#owner
    const rules = definition.behavior.retry
    const first = rules?.backoff ?? 200
    const pause = pauseBefore(failed, first, rules?.maxBackoff ?? 30_000, host.jitter())
    const waiting = { envelope, attempt: failed + 1, isDue: false }
    this.#waiting = waiting
    this.#wakeUp = host.clock.alarm(host.clock.mono() + pause, () => {
      waiting.isDue = true
      this.#owner.stand()
    })
  }

  /** The message is no longer in hand. */
  over(envelope: Envelope): void {
    if (this.#waiting?.envelope === envelope) this.#waiting = undefined
  }

  cancel(): void {
    this.#wakeUp?.()
    this.#waiting = undefined
  }
}
