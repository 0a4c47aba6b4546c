/** Who waits on this thread for the answer to a message that only the store has, by message. */
import type { Envelope, ReplySink } from '../../mailbox/envelope.ts'
import { messageKey } from './hand.ts'

export class Askers {
  #byMessage: Map<string, ReplySink> | undefined

  /** The message leaves memory. */
  keep(envelope: Envelope): void {
    const { reply } = envelope.header
    if (reply === undefined) return
    this.#byMessage ??= new Map()
    this.#byMessage.set(messageKey(envelope), reply)
  }

  /** The message is back. */
  take(key: string): ReplySink | undefined {
    const asker = this.#byMessage?.get(key)
    this.#byMessage?.delete(key)
    return asker
  }

  failAll(error: unknown): void {
    for (const asker of this.#byMessage?.values() ?? []) asker.settle({ ok: false, error })
    this.#byMessage = undefined
  }
}
