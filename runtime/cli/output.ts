/**
 * How a command writes: text for people, JSON for scripts.
 *
 * Owns: colours only where a terminal shows them and nobody refused them (NO_COLOR), no control
 * character of a recorded text on its way to a terminal, JSON that stands on one line.
 */
import type { Terminal } from './command.ts'

export type Colour = 'dim' | 'bold' | 'red' | 'green' | 'yellow' | 'cyan'

const codes: Readonly<Record<Colour, readonly [number, number]>> = Object.freeze({
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
})

export class Output {
  readonly #terminal: Terminal
  readonly #isColoured: boolean

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    const { NO_COLOR: refused = '', TERM: kind } = terminal.env ?? {}
    this.#isColoured = terminal.stdout.isTTY === true && refused === '' && kind !== 'dumb'
  }

  /** A line of our own making; recorded texts in it went through {@link plain}. */
  line(text = ''): void {
    this.#terminal.stdout.write(`${text}\n`)
  }

  /** A value as one line of JSON. */
  json(value: unknown): void {
    this.#terminal.stdout.write(`${escaped(JSON.stringify(value))}\n`)
  }

  /** A remark that is not part of the answer. */
  note(text: string): void {
    this.#terminal.stderr.write(`troupe: ${plain(text)}\n`)
  }

  paint(colour: Colour, text: string): string {
    if (!this.#isColoured) return text
    const [on, off] = codes[colour]
    return `\u001b[${on}m${text}\u001b[${off}m`
  }
}

/** Control characters, line separators and what turns the direction of writing. */
const unsafe = /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A recorded text without power over a terminal: ESC comes as `\u{1b}`. */
export function plain(text: string): string {
  return text.replace(unsafe, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The same in JSON, which escapes only some of them. */
function escaped(json: string): string {
  return json.replace(unsafe, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The start of a text, and how many bytes the whole has. */
export function shortened(text: string, limit: number, bytes: number): string {
  if (text.length <= limit) return text
  return `${text.slice(0, limit)}… (${bytes.toLocaleString('en')} bytes)`
}
