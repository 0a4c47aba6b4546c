/**
 * The conversation as one turn works on it: appends to the state, and keeps a plain copy of what the
 * model still sees, so that each call neither reads through the draft nor copies the past.
 *
 * Invariant: the window begins where no tool result is parted from its call.
 */
import { copied } from '../../cell/recoded.ts'
import type { ModelMessage } from '../model.ts'
import { tokensFor } from '../models/usage.ts'
import type { Part } from '../parts.ts'
import type { AgentState } from './state.ts'

type Remembered = Pick<AgentState, 'messages' | 'from' | 'summary'>

export class Transcript {
  readonly #state: Remembered
  #window: ModelMessage[]

  constructor(state: Remembered) {
    this.#state = state
    this.#window = copied(state.messages.slice(state.from)) as ModelMessage[]
  }

  /** How many messages stand in the conversation. */
  get length(): number {
    return this.#state.from + this.#window.length
  }

  get from(): number {
    return this.#state.from
  }

  get summary(): string {
    return this.#state.summary
  }

  get last(): ModelMessage | undefined {
    return this.#window.at(-1)
  }

  push(message: ModelMessage): void {
    // A copy: what the state takes in becomes a part of the draft, and ends with the turn.
    this.#state.messages.push(copied(message) as ModelMessage)
    this.#window.push(message)
  }

  /** What the model is told: a summary of what it does not see any more, then the rest. */
  told(): readonly ModelMessage[] {
    const { from, summary } = this.#state
    if (from === 0) return alternating(this.#window)
    return alternating([
      { role: 'user', parts: [{ type: 'text', text: left(summary) }] },
      ...this.#window,
    ])
  }

  /** Tokens of the window, roughly. */
  get tokens(): number {
    return tokensFor(Buffer.byteLength(this.#state.summary)) + sizeOf(this.#window)
  }

  /** What would be cut off, oldest first, for the rest to have at most so many tokens. */
  before(tokens: number): readonly ModelMessage[] {
    return this.#window.slice(0, cutAt(this.#window, tokens))
  }

  /** The first `count` messages of the window are seen no more. */
  cut(count: number, summary: string): void {
    this.#state.from += count
    this.#state.summary = summary
    this.#window = this.#window.slice(count)
  }
}

const left = (summary: string): string =>
  summary === ''
    ? '(Earlier messages of this conversation are left out.)'
    : `Earlier messages of this conversation are left out. In short they were:\n\n${summary}`

/**
 * How many messages to cut off for the rest to fit: never the last one, and never so that results stand
 * first, without their calls. When not even the last exchange fits, it is kept alone.
 */
export function cutAt(messages: readonly ModelMessage[], tokens: number): number {
  let kept = 0
  let place = 0
  for (let n = messages.length - 1; n > 0; n -= 1) {
    kept += tokensOfMessage(messages[n] as ModelMessage)
    const fits = kept <= tokens
    if (!fits && place > 0) break
    if (!holdsResults(messages[n])) place = n
    if (!fits && place > 0) break
  }
  return place
}

const holdsResults = (message: ModelMessage | undefined): boolean =>
  message?.parts.some(({ type }) => type === 'tool-result') === true

const sizeOf = (messages: readonly ModelMessage[]): number =>
  messages.reduce((sum, message) => sum + tokensOfMessage(message), 0)

const tokensOfMessage = ({ parts }: ModelMessage): number =>
  tokensFor(parts.reduce((sum, part) => sum + bytesOf(part), 0))

function bytesOf(part: Part): number {
  switch (part.type) {
    case 'tool-call':
      return Buffer.byteLength(part.name) + Buffer.byteLength(JSON.stringify(part.input))
    case 'tool-result':
      return Buffer.byteLength(part.name) + Buffer.byteLength(JSON.stringify(part.output))
    default:
      return Buffer.byteLength(part.text)
  }
}

/** Services want the roles to take turns: what one says in a row is one message. */
function alternating(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  const told: ModelMessage[] = []
  for (const message of messages) {
    const before = told.at(-1)
    if (before?.role !== message.role) told.push(message)
    else told[told.length - 1] = { role: before.role, parts: [...before.parts, ...message.parts] }
  }
  return told
}
