/**
 * What was found out about texts such as addresses, kept for those that came lately: a bounded map that
 * begins anew when it is full. For answers that stay the same, or with {@link Memo.clear} until they change.
 */

/** Entries after which it begins anew, unless it says otherwise. */
const usual = 4_096

export class Memo<V> {
  readonly #find: (text: string) => V | undefined
  readonly #most: number
  readonly #found = new Map<string, V>()
  /** Many in a row ask for the same. */
  #lastText: string | undefined
  #last: V | undefined

  /**
   * @param find asked for what is not known; its undefined is not kept
   * @param most entries after which it begins anew
   */
  constructor(find: (text: string) => V | undefined, most: number = usual) {
    this.#find = find
    this.#most = most
  }

  of(text: string): V | undefined {
    if (text === this.#lastText) return this.#last
    const found = this.#found.get(text) ?? this.#learn(text)
    if (found === undefined) return undefined
    this.#lastText = text
    this.#last = found
    return found
  }

  clear(): void {
    this.#found.clear()
    this.#lastText = undefined
  }

  #learn(text: string): V | undefined {
    const found = this.#find(text)
    if (found === undefined) return undefined
    if (this.#found.size >= this.#most) this.#found.clear()
    this.#found.set(text, found)
    return found
  }
}
