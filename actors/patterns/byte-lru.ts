/** Values by key, within a number of bytes: what was used longest ago goes first. */

/** What an entry costs besides its content: its key and its place. */
const overhead = 256

interface Held<T> {
  readonly value: T
  readonly bytes: number
}

export class ByteLru<T> {
  readonly #limit: number
  /** In the order of use. */
  readonly #held = new Map<string, Held<T>>()
  #bytes = 0
  #evicted = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#held.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** How many had to make room. */
  get evicted(): number {
    return this.#evicted
  }

  /** Looking at one is using it. */
  get(key: string): T | undefined {
    const held = this.#held.get(key)
    if (held === undefined) return undefined
    this.#held.delete(key)
    this.#held.set(key, held)
    return held.value
  }

  /** False when it alone is too large; what was there under its key is gone then too. */
  set(key: string, value: T, content: number): boolean {
    this.delete(key)
    const bytes = content + overhead
    if (bytes > this.#limit) return false
    this.#held.set(key, { value, bytes })
    this.#bytes += bytes
    while (this.#bytes > this.#limit) this.#evict()
    return true
  }

  delete(key: string): boolean {
    const held = this.#held.get(key)
    if (held === undefined) return false
    this.#bytes -= held.bytes
    return this.#held.delete(key)
  }

  clear(): void {
    this.#held.clear()
    this.#bytes = 0
  }

  #evict(): void {
    const [oldest] = this.#held.keys()
    this.delete(oldest as string)
    this.#evicted += 1
  }
}
