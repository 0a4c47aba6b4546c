/**
 * One attempt of a call to a service: its turn at the gate, the stream watched and assembled, what it
 * used. An attempt that ends without a stop has failed, however politely its stream ended.
 *
 * Owns nothing that outlives it; whether another one follows is `service-model.ts`.
 */
import type { Clock } from '../../../mailbox/clock.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import type {
  CallOptions,
  FailedAttempt,
  ModelChunk,
  ModelReply,
  ModelRequest,
  Usage,
} from '../model.ts'
import { Assembly } from './assembly.ts'
import type { Gate, Permit } from './gate.ts'
import { Metered } from './metered.ts'
import type { ModelService, ServiceEvent } from './service.ts'
import { inputEstimate, noUsage, type Price, priced, tokensOf } from './usage.ts'
import { Watch } from './watch.ts'

/** Options that concern each attempt on its own. */
export interface AttemptOptions {
  /** Most ms for one attempt, from request to end. Default 300,000. */
  readonly requestTimeout?: number
  /** Most ms without a sign of life in a stream, the wait for its first included. Default 60,000. */
  readonly idleTimeout?: number
  /** Reckons `usage.cost`. */
  readonly price?: Price
  /** Each attempt waits here for its turn. */
  readonly gate?: Gate
}

/** What all attempts of a model have in common. */
export interface AttemptParts {
  readonly service: ModelService
  readonly options: AttemptOptions
  readonly clock: Clock
}

type Pieces = AsyncGenerator<ModelChunk, ModelReply, void>

export class Attempt {
  readonly #parts: AttemptParts
  readonly #request: ModelRequest
  readonly #call: CallOptions
  readonly #streamed: boolean
  readonly #number: number
  readonly #assembly: Assembly
  #opened = false
  #turnedAway = false
  #pieces = 0

  constructor(
    parts: AttemptParts,
    request: ModelRequest,
    call: CallOptions,
    streamed: boolean,
    number: number,
  ) {
    this.#parts = parts
    this.#request = request
    this.#call = call
    this.#streamed = streamed
    this.#number = number
    const cited = request.messages.some(({ parts }) =>
      parts.some(({ type }) => type === 'document'),
    )
    this.#assembly = new Assembly(cited)
  }

  /** Waits for this attempt's turn. What the gate refuses is not for the retry layer: it would wait twice. */
  async enter(): Promise<Permit | undefined> {
    const { gate } = this.#parts.options
    if (gate === undefined) return undefined
    const { signal, lane, tenant } = this.#call
    return await gate.enter(
      {
        tokens: inputEstimate(this.#request) + this.#request.maxOutputTokens,
        ...(lane !== undefined && { lane }),
        ...(tenant !== undefined && { tenant }),
      },
      signal,
    )
  }

  async *run(permit: Permit | undefined): Pieces {
    const { clock } = this.#parts
    const { id } = this.#parts.service
    const account = new Metered(id, this.#request, this.#call, { clock, attempt: this.#number })
    let retryAfter: number | undefined
    try {
      const reply = yield* this.#received()
      account.done(reply.usage)
      return reply
    } catch (error) {
      account.failed(error)
      if (error instanceof TroupeError)
        retryAfter = error.fields['retryAfter'] as number | undefined
      throw error
    } finally {
      // Before the meter, which is the caller's and may throw.
      permit?.settle({
        tokens: tokensOf(this.usage),
        ...(retryAfter !== undefined && { retryAfter }),
      })
      account.end(this.usage)
    }
  }

  /** What this attempt used, as far as is known. */
  get usage(): Usage {
    return priced(this.#counted, this.#parts.options.price)
  }

  asFailed(error: TroupeError): FailedAttempt {
    const { code, message } = error
    return { code, message, usage: this.usage, pieces: this.#pieces }
  }

  get #counted(): Usage {
    if (this.#assembly.usage !== undefined) return this.#assembly.usage
    if (!this.#opened || this.#turnedAway) return noUsage
    const inputTokens = inputEstimate(this.#request)
    return { inputTokens, outputTokens: this.#assembly.received, estimated: true }
  }

  async *#received(): Pieces {
    const { service, options, clock } = this.#parts
    const patience = {
      requestTimeout: options.requestTimeout ?? 300_000,
      idleTimeout: this.#streamed ? (options.idleTimeout ?? 60_000) : undefined,
    }
    const watch = new Watch(clock, patience, this.#call.signal)
    let iterator: AsyncIterator<ServiceEvent> | undefined
    try {
      watch.check()
      this.#opened = true
      iterator = service.open(this.#request, this.#streamed, watch.signal)[Symbol.asyncIterator]()
      for (;;) {
        const next = await watch.guard(iterator.next())
        if (next.done === true) break
        watch.heard()
        const piece = this.#assembly.take(next.value)
        if (piece === undefined) continue
        this.#pieces += 1
        yield piece
        watch.check()
      }
      // An aborted stream may have ended as if it were whole.
      watch.check()
      return this.#reply()
    } catch (error) {
      // What breaks after the stop breaks only the count: the reply was whole, and is to be paid.
      if (this.#assembly.stop !== undefined && !isCancelled(error)) return this.#reply()
      throw this.#named(error)
    } finally {
      watch.end()
      // Not awaited: a stream that hangs does not come back from this either.
      iterator?.return?.().catch(() => {})
    }
  }

  #reply(): ModelReply {
    const { stop, parts } = this.#assembly
    if (stop === undefined) {
      throw new TroupeError(
        'STREAM_BROKEN',
        `The stream of model "${this.#parts.service.id}" ended before the model was done.`,
      )
    }
    const { reason: finishReason, serviceReason } = stop
    return { parts, finishReason, serviceReason, usage: this.usage }
  }

  #named(error: unknown): TroupeError {
    if (error instanceof TroupeError) return error
    const { service } = this.#parts
    const { code, message, turnedAway, retryAfter, facts } = service.trouble(
      error,
      this.#assembly.begun,
    )
    this.#turnedAway = turnedAway
    return new TroupeError(code, `Model "${service.id}": ${message}`, {
      cause: error,
      fields: { model: service.id, ...facts, ...(retryAfter !== undefined && { retryAfter }) },
    })
  }
}

const isCancelled = (error: unknown): boolean =>
  error instanceof TroupeError && error.code === 'CANCELLED'
