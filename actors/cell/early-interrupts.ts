/**
 * Interrupts that came before their messages (M6): those wait in the store, in a port, behind a pause, or
 * are not sent yet. Each is kept until its message is about to begin, and then takes it back.
 *
 * One of a message that has ended is past it, and only lies here for a while, since an id does not come
 * again. But the caller's own ids may, at a volatile actor: those that have begun there are remembered.
 *
 * Owns what the actors of one thread have of both, bounded: the oldest goes. Does not own who may interrupt,
 * which an actor knows once it is loaded.
 */
import type { MessageId } from '../../mailbox/message-id.ts'
import type { Signal } from './signal.ts'

export type Interrupt = Signal & { readonly kind: 'interrupt' }

/** Most interrupts, and most own ids, that a thread remembers. */
export const remembered = 1_024

interface Early {
  readonly actor: string
  readonly interrupt: Interrupt
}

export class EarlyInterrupts {
  /** In the order in which they came. */
  readonly #all = new Set<Early>()
  readonly #byActor = new Map<string, Set<Early>>()
  /** Own ids that have begun here, with their actors. */
  readonly #begun = new Set<string>()

  keep(actor: string, interrupt: Interrupt): void {
    const early = { actor, interrupt }
    const own = this.#byActor.get(actor) ?? new Set()
    this.#byActor.set(actor, own.add(early))
    this.#all.add(early)
    if (this.#all.size > remembered) this.#drop(first(this.#all))
  }

  /** True when there are some for this actor. */
  awaits(actor: string): boolean {
    return this.#byActor.size > 0 && this.#byActor.has(actor)
  }

  /** Takes out those of one message, which is about to begin. */
  take(actor: string, id: MessageId): Interrupt[] {
    const own = [...(this.#byActor.get(actor) ?? [])].filter(({ interrupt }) => interrupt.id === id)
    for (const early of own) this.#drop(early)
    return own.map(({ interrupt }) => interrupt)
  }

  /** True when such a message has begun: the next one with the same own id is another. */
  hasBegun(actor: string, id: MessageId): boolean {
    return this.#begun.has(ownKey(actor, id))
  }

  begins(actor: string, ownId: string): void {
    this.#begun.add(ownKey(actor, ownId))
    if (this.#begun.size > remembered) this.#begun.delete(first(this.#begun))
  }

  #drop(early: Early): void {
    this.#all.delete(early)
    const own = this.#byActor.get(early.actor)
    own?.delete(early)
    if (own?.size === 0) this.#byActor.delete(early.actor)
  }
}

function first<T>(all: Set<T>): T {
  return all.values().next().value as T
}

function ownKey(actor: string, id: MessageId): string {
  return `${actor}\n${id}`
}
