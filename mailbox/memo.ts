/**
 * What was found out about texts such as addresses, kept for those that came lately: a bounded map that
 * begins anew when it is full. For answers that stay the same, or with {@link Memo.clear} until they change.
 */

/** Entries after which it begins anew. */
const most = 4_096

export class Memo<V> {
  readonly #find: (text: string) => V | undefined
  readonly #found = new Map<string, V>()

  /** @param find asked for what is not known; its undefined is not kept */
  constructor(find: (text: string) => V | undefined) {
    this.#find = find
  }

  of(text: string): V | undefined {
    return this.#found.get(text) ?? this.#learn(text)
  }

  clear(): void {
    this.#found.clear()
  }

  #learn(text: string): V | undefined {
    const found = this.#find(text)
    if (found === undefined) return undefined
    if (this.#found.size >= most) this.#found.clear()
    this.#found.set(text, found)
    return found
  }
}
