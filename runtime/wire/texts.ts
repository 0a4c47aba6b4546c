/**
 * Addresses and names of one direction of a link as numbers: each text crosses once, then its number
 * does. So a message costs no text to write, and its receiver finds the same string object each time.
 *
 * Invariant: a frame says which texts its sender has not said before, and from which number on they
 * count; number 0 means that everything before is forgotten. So both sides have the same table.
 */

/** Texts after which a sender begins anew: addresses of actors are without end. */
const mostTexts = 4_096

/** What a text is of a message: many in a row say the same there. */
export type Part = 0 | 1 | 2

export class TextWriter {
  readonly #numbers = new Map<string, number>()
  #fresh: string[] = []
  /** Said last, by part. */
  readonly #last: string[] = []
  readonly #lastNumbers: number[] = []

  numberOf(text: string, part: Part): number {
    if (this.#last[part] === text) return this.#lastNumbers[part] as number
    const number = this.#numbers.get(text) ?? this.#learn(text)
    this.#last[part] = text
    this.#lastNumbers[part] = number
    return number
  }

  #learn(text: string): number {
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
    if (this.#numbers.size < mostTexts) return
    this.#numbers.clear()
    this.#last.length = 0
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
