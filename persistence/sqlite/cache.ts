/**
 * A bounded cache of two generations: what was not asked for while a generation filled is forgotten
 * with it. Lookups are one or two map reads; nothing is ever sorted.
 */
export class Cache<K, V> {
  readonly #limit: number
  readonly #weigh: (value: V) => number
  #young = new Map<K, V>()
  #old = new Map<K, V>()
  #weight = 0

  /**
   * @param limit total weight of one generation
   * @param weigh weight of a value, by default 1
   */
  constructor(limit: number, weigh: (value: V) => number = () => 1) {
    this.#limit = limit
    this.#weigh = weigh
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: K, value: V): void {
    this.#weight += this.#weigh(value)
    this.#young.set(key, value)
    if (this.#weight < this.#limit) return
    this.#old = this.#young
    this.#young = new Map()
    this.#weight = 0
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
    this.#weight = 0
  }
}
