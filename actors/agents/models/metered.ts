/** One attempt's account: whatever becomes of it, the meter hears of it once. */
import { type Clock, SystemClock } from '../../../mailbox/clock.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import type { AttemptReport, CallOptions, ModelRequest, Usage } from '../model.ts'

export class Metered {
  readonly #model: string
  readonly #purpose: string
  readonly #options: CallOptions
  readonly #clock: Clock
  readonly #attempt: number
  readonly #start: number
  #code: AttemptReport['code']
  #told = false

  constructor(
    model: string,
    request: ModelRequest,
    options: CallOptions,
    { clock = new SystemClock() as Clock, attempt = 1 } = {},
  ) {
    this.#model = model
    this.#purpose = request.purpose
    this.#options = options
    this.#clock = clock
    this.#attempt = attempt
    this.#start = clock.mono()
  }

  /** @throws CANCELLED when the caller's signal is aborted */
  check(): void {
    if (this.#options.signal?.aborted === true) throw cancelled(this.#options.signal)
  }

  /** The reply is complete. Told before its end is yielded: the reader may never come back. */
  done(usage: Usage): void {
    this.#tell('done', usage)
  }

  failed(error: unknown): void {
    const code = error instanceof TroupeError ? error.code : 'ACTOR_FAILED'
    if (code !== 'CANCELLED') this.#code = code
  }

  /** Nothing more comes. Not done and not failed, it was stopped. */
  end(usage: Usage): void {
    this.#tell(this.#code === undefined ? 'stopped' : 'failed', usage)
  }

  #tell(outcome: AttemptReport['outcome'], usage: Usage): void {
    if (this.#told) return
    this.#told = true
    this.#options.meter?.({
      model: this.#model,
      purpose: this.#purpose,
      attempt: this.#attempt,
      outcome,
      ...(this.#code !== undefined && { code: this.#code }),
      usage,
      ms: this.#clock.mono() - this.#start,
    })
  }
}

/** The error of a call whose signal was aborted. */
export const cancelled = (signal: AbortSignal): TroupeError =>
  new TroupeError('CANCELLED', 'The model call was aborted by its signal.', {
    cause: signal.reason,
  })
