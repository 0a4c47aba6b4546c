/**
 * A model that says what a test wrote down, in order. For tests of agents: no network, no waiting, the
 * same every time. It keeps the requests it got.
 */
import { TroupeError } from '../../../mailbox/errors.ts'
import {
  type CallOptions,
  type FinishReason,
  type Model,
  type ModelChunk,
  type ModelReply,
  type ModelRequest,
  type Usage,
  wholeReply,
} from '../model.ts'
import { type Json, type ReplyPart, textOf } from '../parts.ts'
import { spoken } from './spoken.ts'
import { inputEstimate, tokensFor } from './usage.ts'

/** One line of a script. */
export interface ScriptedReply {
  /** Said in pieces, one for each text. */
  readonly text?: string | readonly string[]
  readonly reasoning?: string
  readonly toolCalls?: readonly {
    readonly name: string
    readonly input?: Json
    /** Default `call-N`, counted over the whole script. */
    readonly id?: string
  }[]
  /** Default `tool-calls` when it calls any, else `stop`. */
  readonly finishReason?: FinishReason
  /** Default: as estimated from the texts. */
  readonly usage?: Usage
  /** Thrown after what the line says. */
  readonly error?: TroupeError
  /** Awaited before what the line says; an aborted call does not wait. */
  readonly after?: Promise<unknown>
}

/** A line, or a function of the request and its number (0 for the first). */
export type ScriptLine = string | ScriptedReply | ScriptFunction

/** Makes a line when it is its turn. */
export type ScriptFunction = (request: ModelRequest, call: number) => string | ScriptedReply

/** A model with its script. */
export interface ScriptedModel extends Model {
  /** What it was asked so far. */
  readonly requests: readonly ModelRequest[]
}

/**
 * Replies with the lines of a script in the order of the calls; one function serves every call.
 *
 * @throws NOT_OBSERVED from a call when the script is at its end
 */
export function scriptedModel(
  script: readonly ScriptLine[] | ScriptFunction,
  { id = 'scripted' }: { readonly id?: string } = {},
): ScriptedModel {
  return new Scripted(id, script)
}

class Scripted implements ScriptedModel {
  readonly id: string
  readonly requests: ModelRequest[] = []
  readonly #script: readonly ScriptLine[] | ScriptFunction
  #toolCalls = 0

  constructor(id: string, script: readonly ScriptLine[] | ScriptFunction) {
    this.id = id
    this.#script = script
  }

  generate(request: ModelRequest, options: CallOptions = {}): Promise<ModelReply> {
    return wholeReply(this.stream(request, options))
  }

  stream(request: ModelRequest, options: CallOptions = {}): AsyncGenerator<ModelChunk> {
    return spoken(this.id, request, options, async () => {
      const line = this.#line(request)
      if (line.after !== undefined) await unlessAborted(line.after, options.signal)
      const pieces = this.#parts(line)
      return { pieces, reply: replyOf(request, pieces, line), error: line.error }
    })
  }

  #line(request: ModelRequest): ScriptedReply {
    const call = this.requests.push(request) - 1
    const line = typeof this.#script === 'function' ? this.#script : this.#script[call]
    if (line === undefined) throw scriptEnded(this.id, call)
    const said = typeof line === 'function' ? line(request, call) : line
    return typeof said === 'string' ? { text: said } : said
  }

  #parts({ reasoning, text = [], toolCalls = [] }: ScriptedReply): readonly ReplyPart[] {
    return [
      ...(reasoning === undefined ? [] : [{ type: 'reasoning' as const, text: reasoning }]),
      ...[text].flat().map((piece) => ({ type: 'text' as const, text: piece })),
      ...toolCalls.map(({ name, input = {}, id }) => {
        this.#toolCalls += 1
        return { type: 'tool-call' as const, id: id ?? `call-${this.#toolCalls}`, name, input }
      }),
    ]
  }
}

/** Pieces of text are one part of the reply. */
function replyOf(
  request: ModelRequest,
  said: readonly ReplyPart[],
  { toolCalls = [], finishReason, usage = usageOf(request, said) }: ScriptedReply,
): ModelReply {
  const text = textOf(said)
  const parts = said.filter(({ type }) => type !== 'text')
  const at = parts.filter(({ type }) => type === 'reasoning').length
  return {
    parts: text === '' ? parts : parts.toSpliced(at, 0, { type: 'text', text }),
    finishReason: finishReason ?? (toolCalls.length > 0 ? 'tool-calls' : 'stop'),
    usage,
  }
}

const usageOf = (request: ModelRequest, said: readonly ReplyPart[]): Usage => ({
  inputTokens: inputEstimate(request),
  outputTokens: tokensFor(Buffer.byteLength(textOf(said))),
})

function unlessAborted(wait: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
  if (signal === undefined) return wait
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = (): void => resolve()
  signal.addEventListener('abort', stop, { once: true })
  return Promise.race([wait, promise]).finally(() => signal.removeEventListener('abort', stop))
}

const scriptEnded = (id: string, call: number): TroupeError =>
  new TroupeError(
    'NOT_OBSERVED',
    `Model "${id}" was asked ${call + 1} times, its script has ${call} lines: add one, or see who asks once too often.`,
    { fields: { model: id, call } },
  )
