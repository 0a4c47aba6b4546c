/**
 * Who wants to know when an actor of this thread ends (F6). Kept beside the actors and not in them,
 * since a watch outlives a passivated actor.
 */
export class Watchers {
  readonly #by = new Map<string, Set<string>>()

  add(watched: string, by: string): void {
    const watchers = this.#by.get(watched) ?? new Set<string>()
    watchers.add(by)
    this.#by.set(watched, watchers)
  }

  remove(watched: string, by: string): void {
    const watchers = this.#by.get(watched)
    watchers?.delete(by)
    if (watchers?.size === 0) this.#by.delete(watched)
  }

  has(watched: string): boolean {
    return this.#by.has(watched)
  }

  /** Everybody who watches, each told once: the watch is over. */
  take(watched: string): Iterable<string> {
    const watchers = this.#by.get(watched) ?? []
    this.#by.delete(watched)
    return watchers
  }
}
