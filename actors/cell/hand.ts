/**
 * Stored messages that were taken from the mailbox and whose record is not yet answered, and how
 * often: one that was stashed and brought back is taken again before its first record is.
 */
import type { Envelope } from '../../mailbox/envelope.ts'

export class Hand {
  // Most messages are in memory only: the map comes with the first stored one.
  #taken: Map<string, number> | undefined

  take(envelope: Envelope): void {
    const key = messageKey(envelope)
    this.#taken ??= new Map()
    this.#taken.set(key, (this.#taken.get(key) ?? 0) + 1)
  }

  /** A record of the message is answered. */
  drop(key: string): void {
    const times = this.#taken?.get(key) ?? 0
    if (times > 1) this.#taken?.set(key, times - 1)
    else this.#taken?.delete(key)
  }

  keys(): Iterable<string> {
    return this.#taken?.keys() ?? []
  }

  clear(): void {
    this.#taken = undefined
  }
}

/** What a message is known by for ever; for a stored one, its place in the store. */
export interface MessageIdentity {
  readonly a: number
  readonly b: number
}

/** Identity of a message as a key. */
export function messageKey({ a, b }: MessageIdentity): string {
  return `${a}:${b}`
}
