/**
 * Events of a service, put together to the parts of a reply.
 *
 * Text of a block is passed on as it comes, unless the request has documents to cite: a citation
 * comes after the words it belongs to, and a piece that was passed on is final. Fragments of a tool's
 * input are joined, and passed on when the block ends; what is then no JSON object is kept as it is.
 */
import { assertEncodable } from '../../../persistence/encodable.ts'
import type { FinishReason, ModelChunk, Usage } from '../model.ts'
import type { Citation, Json, ReasoningPart, ReplyPart, TextPart, ToolCallPart } from '../parts.ts'
import type { ServiceEvent } from './service.ts'
import { tokensFor } from './usage.ts'

type Piece = Extract<ModelChunk, { part: ReplyPart }>

interface Block {
  kind: 'text' | 'reasoning' | 'tool'
  text: string
  citations: Citation[]
  seal: string
  hidden: string
  id: string
  name: string
  closed: boolean
}

export class Assembly {
  readonly #whole: boolean
  readonly #blocks = new Map<number, Block>()
  #bytes = 0
  /** How the model stopped; undefined while it has not. */
  stop: { readonly reason: FinishReason; readonly serviceReason: string } | undefined
  /** As the service counted. */
  usage: Usage | undefined
  /** The service has begun to answer. */
  begun = false

  /** @param cited text is passed on by whole blocks, with its citations */
  constructor(cited: boolean) {
    this.#whole = cited
  }

  /** Tokens received, roughly. */
  get received(): number {
    return tokensFor(this.#bytes)
  }

  /** Takes one event; what it completes, if anything. */
  take(event: ServiceEvent): Piece | undefined {
    this.begun = true
    switch (event.type) {
      case 'text':
        return this.#text(event.block, event.text)
      case 'citation':
        this.#block(event.block, 'text').citations.push(event.citation)
        return undefined
      case 'reasoning':
        return this.#reasoning(event)
      case 'tool': {
        const block = this.#block(event.block, 'tool')
        block.id = event.id
        block.name = event.name
        return undefined
      }
      case 'input':
        this.#bytes += Buffer.byteLength(event.text)
        this.#block(event.block, 'tool').text += event.text
        return undefined
      case 'block-end':
        return this.#close(event.block)
      case 'stop':
        this.stop = { reason: event.reason, serviceReason: event.serviceReason }
        return undefined
      case 'usage':
        this.usage = event.usage
        return undefined
      case 'alive':
        return undefined
      default:
        return event satisfies never
    }
  }

  /** Everything that was said, in order of the blocks. */
  get parts(): readonly ReplyPart[] {
    return [...this.#blocks]
      .sort(([a], [b]) => a - b)
      .flatMap(([, block]) => {
        const part = partOf(block)
        return part === undefined ? [] : [part]
      })
  }

  #text(at: number, text: string): Piece | undefined {
    if (text === '') return undefined
    this.#bytes += Buffer.byteLength(text)
    const block = this.#block(at, 'text')
    block.text += text
    return this.#whole ? undefined : { type: 'text', part: { type: 'text', text } }
  }

  #reasoning({ block: at, text = '', seal = '', hidden = '' }: ReasoningEvent): Piece | undefined {
    this.#bytes += Buffer.byteLength(text)
    const block = this.#block(at, 'reasoning')
    block.text += text
    block.seal += seal
    block.hidden = joined(block.hidden, hidden)
    return text === '' ? undefined : { type: 'reasoning', part: { type: 'reasoning', text } }
  }

  #close(at: number): Piece | undefined {
    const block = this.#blocks.get(at)
    if (block === undefined || block.closed) return undefined
    block.closed = true
    if (block.kind === 'tool') return { type: 'tool-call', part: toolCall(block) }
    if (block.kind === 'text' && this.#whole) return { type: 'text', part: textPart(block) }
    return undefined
  }

  #block(at: number, kind: Block['kind']): Block {
    const known = this.#blocks.get(at)
    if (known !== undefined) return known
    const block = { ...empty, kind, citations: [] }
    this.#blocks.set(at, block)
    return block
  }
}

type ReasoningEvent = Extract<ServiceEvent, { type: 'reasoning' }>

/** Two pieces of base64 as one. */
const joined = (...pieces: readonly string[]): string =>
  Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64'))).toString('base64')

const empty = { text: '', seal: '', hidden: '', id: '', name: '', closed: false }

function partOf(block: Block): ReplyPart | undefined {
  switch (block.kind) {
    case 'text':
      return block.text === '' ? undefined : textPart(block)
    case 'reasoning':
      return reasoningPart(block)
    case 'tool':
      // Cut off by the limit of tokens in the middle of its input: nobody can call that.
      return block.closed ? toolCall(block) : undefined
    default:
      return block.kind satisfies never
  }
}

const textPart = ({ text, citations }: Block): TextPart => ({
  type: 'text',
  text,
  ...(citations.length > 0 && { citations }),
})

const reasoningPart = ({ text, seal, hidden }: Block): ReasoningPart => ({
  type: 'reasoning',
  text,
  ...(seal !== '' && { seal }),
  ...(hidden !== '' && { hidden }),
})

function toolCall({ id, name, text }: Block): ToolCallPart {
  const input = jsonObject(text)
  return input === undefined
    ? { type: 'tool-call', id, name, input: {}, malformed: text }
    : { type: 'tool-call', id, name, input }
}

/** A tool without parameters is called with no input at all, or with an empty text. */
function jsonObject(text: string): { readonly [key: string]: Json } | undefined {
  if (text.trim() === '') return {}
  try {
    const value = JSON.parse(text) as Json
    // A thousand brackets in each other are JSON, but nothing that could be recorded (T5).
    assertEncodable(value, 'tool input')
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as { readonly [key: string]: Json })
      : undefined
  } catch {
    return undefined
  }
}
