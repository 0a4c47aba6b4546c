/**
 * Messages of a durable actor whose turn failed and will be tried again (F2): how often they were
 * tried, when the next attempt is due, and that until then they hold every user lane but control.
 *
 * Does not own: whether a failure is tried again at all, and what becomes of a message given up.
 *
 * Invariant: all but one of them are control messages, since only that lane is open meanwhile.
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
  wakeUp: CancelAlarm
}

export class Retry {
  readonly #owner: Owner
  /** In the order in which they failed. */
  #waiting: readonly Waiting[] = nobody

  constructor(owner: Owner) {
    this.#owner = owner
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** The messages that wait for their next attempt, or are in it. */
  get envelopes(): Envelope[] {
    return this.#waiting.map(({ envelope }) => envelope)
  }

  /** The first whose pause is over. */
  get due(): Envelope | undefined {
    if (this.#waiting.length === 0) return undefined
    return this.#waiting.find(({ isDue }) => isDue)?.envelope
  }

  /** The least urgent lane that other messages may be taken from. */
  get limit(): LaneNumber {
    return this.#waiting.length === 0 ? Lane.low : Lane.control
  }

  /** Number of the attempt that is next; undefined for a message that has not failed. */
  attemptOf(envelope: Envelope): number | undefined {
    if (this.#waiting.length === 0) return undefined
    return this.#waiting.find((one) => one.envelope === envelope)?.attempt
  }

  /** Tries again after a pause. @param failed number of the attempt that failed */
  later(envelope: Envelope, failed: number): void {
    const { host, definition } = this.#owner
    const rules = definition.behavior.retry
    const first = rules?.backoff ?? 200
    const pause = pauseBefore(failed, first, rules?.maxBackoff ?? 30_000, host.jitter())
    const wakeUp = host.clock.alarm(host.clock.mono() + pause, () => {
      waiting.isDue = true
      this.#owner.stand()
    })
    const waiting: Waiting = { envelope, attempt: failed + 1, isDue: false, wakeUp }
    this.over(envelope)
    this.#waiting = [...this.#waiting, waiting]
  }

  /** The message is no longer in hand. */
  over(envelope: Envelope): void {
    if (this.#waiting.length === 0) return
    this.#waiting = this.#waiting.filter((one) => one.envelope !== envelope)
  }

  cancel(): void {
    for (const { wakeUp } of this.#waiting) wakeUp()
    this.#waiting = nobody
  }
}

const nobody: readonly Waiting[] = Object.freeze([])
