/**
 * Addresses and names of one direction of a link as numbers: each text crosses once, then its number
 * does. So a message costs no text to write, and its receiver finds the same string object each time.
 *
 * Invariant: a frame says which texts its sender has not said before, and from which number on they
 * count; number 0 means that everything before is forgotten. So both sides have the same table.
 */

/** Texts after which a sender begins anew: addresses of actors are without end. */
const mostTexts = 4_096

export class TextWriter {
  readonly #numbers = new Map<string, number>()
  #fresh: string[] = []

  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(text, number)
    this.#fresh.push(text)
    return number
  }

  /** What the other side does not know yet. */
  get fresh(): readonly string[] {
    return this.#fresh
  }

  /** Number of the first of {@link fresh}. */
  get base(): number {
    return this.#numbers.size - this.#fresh.length
  }

  /** The frame that says so is on its way, and no other is open. */
  said(): void {
    if (this.#fresh.length > 0) this.#fresh = []
    if (this.#numbers.size >= mostTexts) this.#numbers.clear()
  }
}

export class TextReader {
  readonly #texts: string[] = []

  /** @param base number of the first */
  learn(base: number, texts: readonly string[]): void {
    this.#texts.length = base
    for (const text of texts) this.#texts.push(text)
  }

  at(number: number): string {
    return this.#texts[number] as string
  }
}
