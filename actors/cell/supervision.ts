/**
 * What supervision says about a failure of a volatile actor (F1): what to do, how many restarts are
 * left in their window, and how long to pause before the next.
 *
 *   idle ── restart ──► resting ── the pause is over ──► rested ── restart ──► resting …
 */
import type { CancelAlarm } from '../../mailbox/clock.ts'
import type { ActorDefinition, Directive } from '../actor.ts'
import { pauseBefore, RestartBudget } from './backoff.ts'
import type { CellHost } from './ports.ts'

/** Restarts within a window of ms, and ms of back-off. */
interface Rules {
  readonly restarts: number
  readonly within: number
  readonly backoff: number
  readonly maxBackoff: number
}

/** What it does unless the definition says otherwise. */
const defaults: Rules = Object.freeze({
  restarts: 5,
  within: 60_000,
  backoff: 200,
  maxBackoff: 30_000,
})

/** The actor that may fail. */
interface Owner {
  readonly definition: ActorDefinition
  readonly host: CellHost
  stand(): void
}

export class Supervision {
  readonly #cell: Owner
  readonly #rules: Rules
  readonly #budget: RestartBudget
  #state: 'idle' | 'resting' | 'rested' = 'idle'
  #pause: CancelAlarm | undefined

  constructor(cell: Owner) {
    this.#cell = cell
    this.#rules = { ...defaults, ...cell.definition.behavior.supervision }
    this.#budget = new RestartBudget(this.#rules.restarts, this.#rules.within)
  }

  directive(error: unknown): Directive {
    try {
      return this.#cell.definition.behavior.supervision?.decide?.(error) ?? 'restart'
    } catch {
      return 'stop'
    }
  }

  /** Takes one restart of the budget, and pauses before it; undefined when there is none left. */
  restart(): { readonly restarts: number; readonly backoff: number } | undefined {
    const { host } = this.#cell
    const now = host.clock.mono()
    if (!this.#budget.take(now)) return undefined
    const { backoff: first, maxBackoff } = this.#rules
    const restarts = this.#budget.used(now)
    const backoff = pauseBefore(restarts, first, maxBackoff, host.jitter())
    this.#state = 'resting'
    this.#pause = host.clock.alarm(now + backoff, () => {
      this.#state = 'rested'
      this.#cell.stand()
    })
    return { restarts, backoff }
  }

  /** The pause is over. */
  get isRested(): boolean {
    return this.#state === 'rested'
  }

  /** Monotonic ms until which an actor without a restart left stays down. */
  get downUntil(): number {
    return this.#cell.host.clock.mono() + this.#rules.maxBackoff
  }

  cancel(): void {
    this.#pause?.()
  }
}
