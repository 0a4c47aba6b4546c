/** A selection of records as a Mermaid sequence diagram. */
import { isDamage } from '../decode.ts'
import type { Damage } from '../stored.ts'
import type { MessageView, RecordView } from './record-view.ts'

/** Who speaks for what came from outside of all actors. */
const outside = 'outside'

/** Lines of a `sequenceDiagram`, without a fence. */
export function sequenceDiagram(records: Iterable<RecordView | Damage>): string {
  const diagram = new Diagram()
  for (const record of records) {
    if (isDamage(record)) diagram.damage(record)
    else diagram.record(record as RecordView)
  }
  return diagram.text
}

class Diagram {
  readonly #participants = new Map<string, string>()
  readonly #lines: string[] = []

  get text(): string {
    const who = [...this.#participants].map(
      ([name, alias]) => `  participant ${alias} as ${plain(name)}`,
    )
    return ['sequenceDiagram', ...who, ...this.#lines, ''].join('\n')
  }

  record(view: RecordView): void {
    if (view.inline !== undefined) this.#message(view.inline)
    this.#note(view)
    for (const message of view.sends) this.#message(message)
    if (view.kind === 'turn' && view.reply !== undefined) {
      this.#line(`${this.#who(view.actor)}-->>${this.#who(view.from)}: reply`)
    }
  }

  damage({ positions, detail, actor }: Damage): void {
    const over = actor === undefined || actor === '' ? outside : actor
    this.#line(`Note over ${this.#who(over)}: ${plain(`${positions.join(' to ')} ${detail}`)}`)
  }

  #message({ from, to, topic, name, ask }: MessageView): void {
    const arrow = ask ? '->>' : '-)'
    const target = topic === undefined ? to : `topic ${topic}`
    this.#line(`${this.#who(from)}${arrow}${this.#who(target)}: ${plain(name)}`)
  }

  #note({ position, actor, kind, turn, name, outcome, sends }: RecordView): void {
    if (actor === '' && sends.length > 0) return
    const what = turn === undefined ? `${kind} ${name}` : `turn ${turn} ${name}`
    const how = outcome === 'ok' ? '' : `, ${outcome}`
    this.#line(`Note over ${this.#who(actor)}: ${plain(`${position} ${what}${how}`)}`)
  }

  #who(name: string): string {
    const shown = name === '' ? outside : name
    const known = this.#participants.get(shown)
    if (known !== undefined) return known
    const alias = `p${this.#participants.size}`
    this.#participants.set(shown, alias)
    return alias
  }

  #line(text: string): void {
    this.#lines.push(`  ${text}`)
  }
}

/** What Mermaid would read as its own syntax comes as an entity. */
function plain(text: string): string {
  return text.replace(/[^\p{L}\p{N} _.,/@:()-]/gu, (one) => `#${one.codePointAt(0)};`)
}
