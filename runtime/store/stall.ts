/**
 * A store that fails and is opened again (D5), with a pause that grows.
 *
 *   open ── failed ──► stalled ──► open
 *                       │    ▲
 *                       └────┘ it did not open
 */
import type { CancelAlarm, Clock } from '../../mailbox/clock.ts'
import type { Tail } from '../../persistence/store.ts'

/** First and longest pause in ms between two attempts. */
const firstPause = 50
const longestPause = 5_000

/** The service whose store it is. */
export interface StalledService {
  /** @throws when it does not open yet */
  reopen(): Tail
  /** Told once, when it begins. */
  stalled(error: unknown): void
  /** An attempt failed. */
  stillStalled(error: unknown): void
  resumed(tail: Tail): void
}

type State =
  | { readonly kind: 'open' }
  | { readonly kind: 'stalled'; readonly since: number; readonly attempts: number }

const open: State = Object.freeze({ kind: 'open' })

export class Stall {
  readonly #clock: Clock
  readonly #service: StalledService
  #state: State = open
  #retry: CancelAlarm | undefined

  constructor(clock: Clock, service: StalledService) {
    this.#clock = clock
    this.#service = service
  }

  get isOn(): boolean {
    return this.#state.kind === 'stalled'
  }

  /** Wall time in ms since when the store fails. */
  get since(): number | undefined {
    return this.#state.kind === 'stalled' ? this.#state.since : undefined
  }

  /** What the store holds is unknown. */
  begin(error: unknown): void {
    if (this.#state.kind === 'stalled') return
    this.#state = { kind: 'stalled', since: this.#clock.wall(), attempts: 0 }
    this.#service.stalled(error)
    this.#tryLater(this.#state)
  }

  /** The service closes. */
  cancel(): void {
    this.#retry?.()
  }

  #tryLater(state: State & { readonly kind: 'stalled' }): void {
    const pause = Math.min(longestPause, firstPause * 2 ** state.attempts)
    const next = { ...state, attempts: state.attempts + 1 }
    this.#state = next
    this.#retry = this.#clock.alarm(this.#clock.mono() + pause, () => this.#try(next))
  }

  #try(state: State & { readonly kind: 'stalled' }): void {
    let tail: Tail
    try {
      tail = this.#service.reopen()
    } catch (error) {
      this.#service.stillStalled(error)
      return this.#tryLater(state)
    }
    this.#state = open
    this.#service.resumed(tail)
  }
}
