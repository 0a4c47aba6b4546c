/**
 * A model whose calls are spans, `chat MODEL`. Owns what such a span says: what was asked for, what was
 * used by all attempts, how it ended, and only where content is asked for what was said.
 */

import type { OpenSpan, Span } from '../span.ts'
import { GenAi, Operation, Own } from '../span-names.ts'
import type {
  AttemptReport,
  CallOptions,
  Model,
  ModelChunk,
  ModelReply,
  ModelRequest,
} from './model.ts'

/**
 * The model, with a span within `span` for each of its calls.
 * @param span of the turn: `ctx.span`. Without one it is the model itself.
 */
export function tracedModel(model: Model, span: Span | undefined): Model {
  return span === undefined ? model : new TracedModel(model, span)
}

class TracedModel implements Model {
  readonly #model: Model
  readonly #span: Span

  constructor(model: Model, span: Span) {
    this.#model = model
    this.#span = span
  }

  get id(): string {
    return this.#model.id
  }

  async generate(request: ModelRequest, options: CallOptions = {}): Promise<ModelReply> {
    const chat = new Chat(this.#span, this.#model, request)
    try {
      const reply = await this.#model.generate(request, chat.metered(options))
      chat.replied(reply)
      return reply
    } catch (error) {
      chat.failed(error)
      throw error
    } finally {
      chat.end()
    }
  }

  /** A reader that leaves ends it too. */
  async *stream(request: ModelRequest, options: CallOptions = {}): AsyncGenerator<ModelChunk> {
    const chat = new Chat(this.#span, this.#model, request)
    try {
      for await (const chunk of this.#model.stream(request, chat.metered(options))) {
        if (chunk.type === 'end') chat.replied(chunk.reply)
        yield chunk
      }
    } catch (error) {
      chat.failed(error)
      throw error
    } finally {
      chat.end()
    }
  }
}

/** One call. */
class Chat {
  readonly #span: OpenSpan
  #attempts = 0
  #input = 0
  #output = 0
  #cacheRead = 0
  #cacheWrite = 0
  #isEstimated = false

  constructor(within: Span, { id, provider = 'troupe' }: Model, request: ModelRequest) {
    const { purpose, maxOutputTokens, temperature, system, messages } = request
    this.#span = within.start(
      `${Operation.chat} ${id}`,
      {
        [GenAi.operation]: Operation.chat,
        [GenAi.provider]: provider,
        [GenAi.requestModel]: id,
        [GenAi.maxTokens]: maxOutputTokens,
        [Own.purpose]: purpose,
        ...(temperature !== undefined && { [GenAi.temperature]: temperature }),
      },
      'client',
    )
    this.#span.content(() => ({
      [GenAi.instructions]: system,
      [GenAi.inputMessages]: JSON.stringify(messages),
    }))
  }

  metered(options: CallOptions): CallOptions {
    return {
      ...options,
      meter: (report) => {
        this.#count(report)
        options.meter?.(report)
      },
    }
  }

  #count({ usage }: AttemptReport): void {
    this.#attempts += 1
    this.#cacheRead += usage.cacheReadTokens ?? 0
    this.#cacheWrite += usage.cacheWriteTokens ?? 0
    this.#input += usage.inputTokens
    this.#output += usage.outputTokens
    this.#isEstimated ||= usage.estimated === true
  }

  replied({ finishReason, parts }: ModelReply): void {
    this.#span.set({ [GenAi.finishReasons]: [finishReason] })
    this.#span.content(() => ({ [GenAi.outputMessages]: JSON.stringify(parts) }))
  }

  failed(error: unknown): void {
    this.#used()
    this.#span.end(error)
  }

  end(): void {
    this.#used()
    this.#span.end()
  }

  /** The conventions count what came from a cache, or went into one, as input too. */
  #used(): void {
    this.#span.set({
      [GenAi.inputTokens]: this.#input + this.#cacheRead + this.#cacheWrite,
      [GenAi.outputTokens]: this.#output,
      ...(this.#cacheRead > 0 && { [GenAi.cacheReadTokens]: this.#cacheRead }),
      ...(this.#cacheWrite > 0 && { [GenAi.cacheWriteTokens]: this.#cacheWrite }),
      ...(this.#isEstimated && { [Own.estimated]: true }),
      [Own.attempts]: this.#attempts,
    })
  }
}
