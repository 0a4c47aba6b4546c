/**
 * Who is served next, so that everyone who waits gets a share by weight: each has a virtual time that
 * a service moves on by its cost over the weight, and the earliest is next.
 *
 * Who comes, or comes back, starts at the present and not in the past: waiting earns nothing for those
 * who did not wait. What someone had ahead of the present is remembered until the present is there.
 */
export class Shares<K> {
  readonly #weight: (key: K) => number
  /** Virtual times of those who wait. */
  readonly #waiting = new Map<K, number>()
  /** Of those who left, where it lies ahead of the present. */
  readonly #ahead = new Map<K, number>()
  #present = 0
  #first: K | undefined
  #prune = 64

  constructor(weight: (key: K) => number = () => 1) {
    this.#weight = weight
  }

  /** `key` begins to wait; nothing happens when it does already. */
  join(key: K): void {
    if (this.#waiting.has(key)) return
    const time = Math.max(this.#present, this.#ahead.get(key) ?? 0)
    this.#ahead.delete(key)
    const first = this.#first
    if (first !== undefined && time < (this.#waiting.get(first) as number)) this.#first = key
    this.#waiting.set(key, time)
  }

  /** Who is next; undefined when nobody waits. */
  next(): K | undefined {
    if (this.#first !== undefined || this.#waiting.size === 0) return this.#first
    let best = Number.POSITIVE_INFINITY
    for (const [key, time] of this.#waiting) {
      if (time >= best) continue
      best = time
      this.#first = key
    }
    return this.#first
  }

  /** `key` was served at this cost. */
  served(key: K, cost: number): void {
    const time = this.#waiting.get(key) as number
    this.#present = Math.max(this.#present, time)
    this.#waiting.set(key, time + cost / this.#weight(key))
    this.#first = undefined
  }

  /** `key` waits no longer. */
  leave(key: K): void {
    const time = this.#waiting.get(key)
    if (time === undefined) return
    this.#waiting.delete(key)
    this.#first = undefined
    if (this.#waiting.size === 0) return this.#forget()
    if (time > this.#present) this.#ahead.set(key, time)
    if (this.#ahead.size > this.#prune) this.#pruned()
  }

  /** Nobody waits: nobody owes anybody anything. */
  #forget(): void {
    this.#ahead.clear()
    this.#present = 0
  }

  #pruned(): void {
    for (const [key, time] of this.#ahead) if (time <= this.#present) this.#ahead.delete(key)
    this.#prune = Math.max(64, this.#ahead.size * 2)
  }
}
