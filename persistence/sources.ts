/**
 * Which client generation committed a pending message: what a dead host may have left undelivered
 * (F4). Known since this store was opened; what is older is delivered by activation anyway.
 */
import type { PendingSet } from './pending.ts'

export class Sources {
  readonly #pending: PendingSet
  readonly #numbers = new Map<string, number>()
  #current = 0

  constructor(pending: PendingSet) {
    this.#pending = pending
  }

  /** Messages accepted from now on come from this generation of a slot. */
  from(slot: number, epoch: number): void {
    const key = `${slot}:${epoch}`
    const known = this.#numbers.get(key)
    this.#current = known ?? this.#numbers.size + 1
    if (known === undefined) this.#numbers.set(key, this.#current)
  }

  /** Notes the current source of an entry. */
  note(entry: number): void {
    this.#pending.setSource(entry, this.#current)
  }

  /** Pending entries committed by a generation of a slot, in the order they were accepted. */
  committedBy(slot: number, epoch: number): number[] {
    const source = this.#numbers.get(`${slot}:${epoch}`)
    if (source === undefined) return []
    const pending = this.#pending
    const found: number[] = []
    for (const entry of pending.entries()) if (pending.source(entry) === source) found.push(entry)
    return found.sort(
      (a, b) => pending.home(a) - pending.home(b) || pending.index(a) - pending.index(b),
    )
  }
}
