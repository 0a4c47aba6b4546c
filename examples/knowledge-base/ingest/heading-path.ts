/** The headings a reader is under while it goes down a document. */

/** Mutable: one per document, fed in document order. */
export class HeadingPath {
  #open: readonly { readonly level: number; readonly text: string }[] = []
  #section = 0

  /** Levels of 1 to 6; 0 for the title of the whole document. */
  enter(level: number, text: string): void {
    this.#section++
    const outer = this.#open.filter((heading) => heading.level < level)
    this.#open = [...outer, { level, text }]
  }

  /** From the outermost to the innermost; one that repeats its parent, as titles do, once. */
  get headings(): readonly string[] {
    const texts = this.#open.map((heading) => heading.text).filter((text) => text !== '')
    return texts.filter((text, index) => text !== texts[index - 1])
  }

  /** How many headings came before. */
  get section(): number {
    return this.#section
  }
}
