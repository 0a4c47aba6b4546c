/**
 * Calls of steps that are out, or whose outcome is not yet committed, by message. A turn that the
 * store undid (D5) runs again in the same process and joins them: what was paid for is neither paid
 * again nor in doubt (D2). After a crash there is nothing here, and the records alone decide.
 */
import type { Settled } from '../../mailbox/outcome.ts'
import type { Step } from './steps.ts'
import type { Turn } from './turn.ts'

/** How a step ended, encoded for its record and as the handler sees it. */
export type Outcome = Settled & { readonly bytes: Uint8Array }

interface Call {
  readonly outcome: Promise<Outcome>
  /** The turn whose signal the call was given. */
  readonly turn: Turn
}

export class Calls {
  #byMessage: Map<string, Map<string, Call>> | undefined

  /** Remembers a call that has just left. */
  add(message: string, step: Step, call: Call): void {
    this.#byMessage ??= new Map()
    const own = this.#byMessage.get(message) ?? new Map<string, Call>()
    own.set(idOf(step), call)
    this.#byMessage.set(message, own)
  }

  /** The call of this run of a step, for a turn that comes again; aborting it aborts the call. */
  join(message: string, step: Step, turn: Turn): Promise<Outcome> | undefined {
    const call = this.#byMessage?.get(message)?.get(idOf(step))
    if (call === undefined) return undefined
    turn.signal.addEventListener('abort', () => call.turn.abort(turn.signal.reason), { once: true })
    return call.outcome
  }

  /** The message was consumed: a record has it all. */
  drop(message: string): void {
    this.#byMessage?.delete(message)
  }
}

function idOf({ key, run }: Step): string {
  return `${key}.${run}`
}
