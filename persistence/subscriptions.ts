/**
 * Durable subscriptions: who gets a published message, once, however many of an actor's patterns
 * match it.
 */
import { TopicIndex } from './topic.ts'

export interface Subscription {
  /** Number of the subscriber. */
  readonly actor: number
  /** Number of the pattern's text. */
  readonly pattern: number
  /** Number of the message name it wants. */
  readonly name: number
  readonly lane: number
}

export class Subscriptions {
  readonly #index = new TopicIndex<Subscription>()
  readonly #byActor = new Map<number, Map<number, Subscription>>()

  of(actor: number): Iterable<Subscription> {
    return this.#byActor.get(actor)?.values() ?? []
  }

  /** True when the actor has any. */
  has(actor: number): boolean {
    return this.#byActor.has(actor)
  }

  *all(): Generator<Subscription> {
    for (const own of this.#byActor.values()) yield* own.values()
  }

  /** Adds one; the same pattern again replaces it and keeps its place. */
  add(subscription: Subscription, pattern: string): void {
    const own = this.#byActor.get(subscription.actor) ?? new Map<number, Subscription>()
    const old = own.get(subscription.pattern)
    if (old !== undefined) this.#index.remove(pattern, old)
    own.set(subscription.pattern, subscription)
    this.#byActor.set(subscription.actor, own)
    this.#index.add(pattern, subscription)
  }

  remove(actor: number, number: number, pattern: string): void {
    const own = this.#byActor.get(actor)
    const old = own?.get(number)
    if (own === undefined || old === undefined) return
    own.delete(number)
    if (own.size === 0) this.#byActor.delete(actor)
    this.#index.remove(pattern, old)
  }

  /** Per subscriber the first of its matching subscriptions, in actor order, so that it is one for ever. */
  match(topic: string): Subscription[] {
    const best = new Map<number, Subscription>()
    for (const found of this.#index.match(topic)) {
      const other = best.get(found.actor)
      if (other === undefined || found.pattern < other.pattern) best.set(found.actor, found)
    }
    return [...best.values()].sort((a, b) => a.actor - b.actor)
  }
}
