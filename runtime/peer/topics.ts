/**
 * Who on this thread listens to which topics, and which other threads want a copy.
 *
 * Volatile subscriptions and listeners only: durable ones are in the store, which makes published
 * messages pending for their subscribers itself.
 */
import type { LaneNumber } from '../../mailbox/lane.ts'
import { Memo } from '../../mailbox/memo.ts'
import { checkPattern, TopicIndex } from '../../persistence/topic.ts'

/** Topics whose subscribers are kept at hand: each may have any number of them. */
const mostTopics = 64

/** One local interest. */
export interface Subscriber {
  readonly pattern: string
  /** The subscribing actor, or undefined for a listener of the embedding process. */
  readonly actor?: string
  /** Message name in the actor's contract. */
  readonly name?: string
  readonly lane?: LaneNumber
  readonly listen?: (published: Published) => void
}

/** A published message as listeners get it. */
export interface Published {
  readonly topic: string
  readonly payload: unknown
  /** Publisher, `type/key`, or empty from outside. */
  readonly from: string
  readonly id: string
  /** Where the history holds it, 0 without a store. */
  readonly position: number
}

export class Topics {
  readonly #local = new TopicIndex<Subscriber>()
  /** As it is published to again and again, until a subscription begins or ends. */
  readonly #matching = new Memo((topic) => this.#match(topic), mostTopics)
  readonly #byActor = new Map<string, Map<string, Subscriber>>()
  readonly #patterns = new Map<string, number>()
  readonly #remote = new TopicIndex<number>()
  readonly #remotePatterns = new Map<number, Set<string>>()
  readonly #interest: (pattern: string, wanted: boolean) => void

  /** @param interest told when this thread begins or stops to want a pattern */
  constructor(interest: (pattern: string, wanted: boolean) => void) {
    this.#interest = interest
  }

  /** Patterns wanted here, to tell a thread that joins. */
  get patterns(): Iterable<string> {
    return this.#patterns.keys()
  }

  subscribe(actor: string, pattern: string, name: string): void {
    checkPattern(pattern)
    const own = this.#byActor.get(actor) ?? new Map<string, Subscriber>()
    const old = own.get(pattern)
    if (old !== undefined) this.#drop(old)
    const subscriber = { actor, pattern, name }
    own.set(pattern, subscriber)
    this.#byActor.set(actor, own)
    this.#add(subscriber)
  }

  /** Ends one subscription of an actor, or all. */
  unsubscribe(actor: string, pattern?: string): void {
    const own = this.#byActor.get(actor)
    for (const subscriber of own?.values() ?? []) {
      if (pattern !== undefined && subscriber.pattern !== pattern) continue
      own?.delete(subscriber.pattern)
      this.#drop(subscriber)
    }
    if (own?.size === 0) this.#byActor.delete(actor)
  }

  /** Calls `listen` for every match until the returned function is called. */
  listen(pattern: string, listen: (published: Published) => void): () => void {
    checkPattern(pattern)
    const subscriber = { pattern, listen }
    this.#add(subscriber)
    let active = true
    return () => {
      if (active) this.#drop(subscriber)
      active = false
    }
  }

  /** Local subscribers of a topic; an actor that matches twice is listed once. */
  matching(topic: string): readonly Subscriber[] {
    return this.#matching.of(topic) as readonly Subscriber[]
  }

  #match(topic: string): readonly Subscriber[] {
    const seen = new Set<string>()
    return [...this.#local.match(topic)].filter(({ actor }) => {
      if (actor === undefined) return true
      if (seen.has(actor)) return false
      seen.add(actor)
      return true
    })
  }

  /** Another thread begins or stops to want a pattern. */
  remote(slot: number, pattern: string, wanted: boolean): void {
    const patterns = this.#remotePatterns.get(slot) ?? new Set<string>()
    this.#remotePatterns.set(slot, patterns)
    if (wanted) {
      patterns.add(pattern)
      this.#remote.add(pattern, slot)
    } else {
      patterns.delete(pattern)
      this.#remote.remove(pattern, slot)
    }
  }

  /** Another thread is gone. */
  forget(slot: number): void {
    for (const pattern of this.#remotePatterns.get(slot) ?? []) this.#remote.remove(pattern, slot)
    this.#remotePatterns.delete(slot)
  }

  /** Threads that want a copy. */
  slots(topic: string): Set<number> {
    return new Set(this.#remote.match(topic))
  }

  #add(subscriber: Subscriber): void {
    this.#local.add(subscriber.pattern, subscriber)
    this.#matching.clear()
    const count = this.#patterns.get(subscriber.pattern) ?? 0
    this.#patterns.set(subscriber.pattern, count + 1)
    if (count === 0) this.#interest(subscriber.pattern, true)
  }

  #drop(subscriber: Subscriber): void {
    this.#local.remove(subscriber.pattern, subscriber)
    this.#matching.clear()
    const count = (this.#patterns.get(subscriber.pattern) ?? 1) - 1
    if (count > 0) return void this.#patterns.set(subscriber.pattern, count)
    this.#patterns.delete(subscriber.pattern)
    this.#interest(subscriber.pattern, false)
  }
}
