/**
 * Failures that a test orders: the next turns of an actor throw instead of running, the next commits
 * of the store fail (D5).
 */
import { TroupeError } from '../../mailbox/errors.ts'
import { anInteger, aText, checkOptions } from '../../mailbox/options.ts'
import { MemoryMedium } from '../../persistence/memory-store.ts'

/** Which turns fail. */
export interface FailureOrder {
  /** `type/key`, or an actor type. */
  readonly actor: string
  /** Message name; absent for any. */
  readonly name?: string
  /** How many turns; default 1. */
  readonly times?: number
  /** What they throw; default an error that says the test ordered it. */
  readonly error?: unknown
}

const checks = {
  actor: aText,
  name: aText,
  times: anInteger(1),
  error: () => undefined,
}

export class Failures {
  readonly #orders: { readonly order: FailureOrder; left: number }[] = []

  /** @throws OPTION_INVALID */
  order(order: FailureOrder): void {
    checkOptions('fail', order, checks)
    this.#orders.push({ order, left: order.times ?? 1 })
  }

  /** Throws when this turn is to fail. */
  strike(actor: string, name: string): void {
    const due = this.#orders.find(({ order, left }) => left > 0 && isMeant(order, actor, name))
    if (due === undefined) return
    due.left -= 1
    if ('error' in due.order) throw due.order.error
    throw new TroupeError('ACTOR_FAILED', `${actor}: the test ordered "${name}" to fail`)
  }
}

function isMeant(order: FailureOrder, actor: string, name: string): boolean {
  const isActor = order.actor === actor || actor.startsWith(`${order.actor}/`)
  return isActor && (order.name === undefined || order.name === name)
}

/** A memory store's medium whose commits fail as often as it is told. */
export class FailingMedium extends MemoryMedium {
  #left = 0

  failCommits(times: number): void {
    checkOptions('failCommits', { times }, { times: anInteger(1) })
    this.#left += times
  }

  override transaction<T>(work: () => T): T {
    if (this.#left === 0) return super.transaction(work)
    this.#left -= 1
    throw new TroupeError('STORE_STALLED', 'the test ordered this commit to fail')
  }
}
