/** A Mermaid sequence diagram: participants as they come up, messages, notes. */

/** Who speaks for what came from outside of all actors. */
const outside = 'outside'

export type Arrow = '->>' | '-)' | '-->>'

export class SequenceDiagram {
  /** Addresses may hold anything, so participants are numbered. */
  readonly #participants = new Map<string, string>()
  readonly #lines: string[] = []

  /** @param from `type/key`, or empty for outside */
  message(from: string, arrow: Arrow, to: string, text: string): void {
    this.#lines.push(`${this.#alias(from)}${arrow}${this.#alias(to)}: ${plain(text)}`)
  }

  note(who: string, text: string): void {
    this.#lines.push(`Note over ${this.#alias(who)}: ${plain(text)}`)
  }

  /** Its lines, without a fence. */
  get text(): string {
    const who = [...this.#participants].map(
      ([name, alias]) => `participant ${alias} as ${plain(name)}`,
    )
    return ['sequenceDiagram', ...who, ...this.#lines].join('\n  ')
  }

  #alias(name: string): string {
    const shown = name === '' ? outside : name
    const known = this.#participants.get(shown)
    if (known !== undefined) return known
    const alias = `p${this.#participants.size}`
    this.#participants.set(shown, alias)
    return alias
  }
}

/** What Mermaid, a page or a terminal would take for its own comes as an entity. */
function plain(text: string): string {
  return text.replace(/[;#%<>\p{C}]/gu, (one) => `#${one.codePointAt(0)};`)
}
