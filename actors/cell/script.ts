/**
 * How a recorded turn went on after its start: in which order its steps settled, what `ctx.now()` was
 * then, and when it was interrupted (R2, R3). A turn that is run again follows it.
 *
 * Invariant: between two entries the event loop turns once, so that what the handler does after one
 * step has settled comes before the next one does, as it did when it was recorded.
 */
import type { TroupeError } from '../../mailbox/errors.ts'
import type { TurnInputs } from './turn-inputs.ts'

/** What happened next. */
export type ScriptEntry =
  | { readonly kind: 'settled'; readonly key: string; readonly now: number }
  | { readonly kind: 'interrupted'; readonly reason: TroupeError }

export class Script {
  /** Number of the recorded attempt. */
  readonly attempt: number
  /** Id of the key under which the recorded turn sealed; undefined when it made no secret. */
  readonly sealedUnder: string | undefined
  readonly #entries: readonly ScriptEntry[]
  #at = 0
  #interrupt: ((reason: TroupeError) => void) | undefined
  readonly #waiting = new Map<string, () => void>()

  constructor(
    entries: readonly ScriptEntry[],
    { attempt, sealedUnder }: Pick<TurnInputs, 'attempt' | 'sealedUnder'>,
  ) {
    this.attempt = attempt
    this.sealedUnder = sealedUnder
    this.#entries = entries
  }

  /** The turn begins. @param interrupt aborts it */
  begin(interrupt: (reason: TroupeError) => void): void {
    this.#interrupt = interrupt
    this.#later()
  }

  /** The key of a step that the record has settled next and the turn has not made; undefined for none. */
  get missing(): string | undefined {
    const next = this.#entries[this.#at]
    return next?.kind === 'settled' && !this.#waiting.has(next.key) ? next.key : undefined
  }

  /** Resolves when it is this step's turn to settle. */
  turnOf(key: string): Promise<void> {
    if (!this.#entries.some((entry) => entry.kind === 'settled' && entry.key === key)) {
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      this.#waiting.set(key, resolve)
      this.#later()
    })
  }

  /** The step has settled; answers what the time was then. */
  settled(key: string): number | undefined {
    const entry = this.#entries[this.#at]
    if (entry?.kind !== 'settled' || entry.key !== key) return undefined
    this.#at += 1
    this.#waiting.delete(key)
    this.#later()
    return entry.now
  }

  #later(): void {
    if (this.#at < this.#entries.length) setImmediate(() => this.#next())
  }

  #next(): void {
    const entry = this.#entries[this.#at]
    if (entry === undefined) return
    if (entry.kind === 'settled') return this.#waiting.get(entry.key)?.()
    this.#at += 1
    this.#interrupt?.(entry.reason)
    this.#later()
  }
}
