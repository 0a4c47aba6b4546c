/**
 * A model over a service: attempts, timeouts, retries, the gate, usage and the assembly of the reply,
 * for every vendor alike. The vendor's part is `ModelService`.
 *
 * 1. An attempt that ends without a stop has failed, however politely its stream ended.
 * 2. An attempt that failed after its first piece is followed by `restarted`; nothing is patched up.
 * 3. Every attempt, the failed ones too, stands in the reply or in the error.
 * 4. Each attempt passes the gate on its own: services reserve for each.
 */
import { type Clock, SystemClock } from '../../../mailbox/clock.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import { aDuration, aFunction, anObject, type OptionCheck } from '../../../mailbox/options.ts'
import type {
  CallOptions,
  FailedAttempt,
  Model,
  ModelChunk,
  ModelReply,
  ModelRequest,
  Usage,
} from '../model.ts'
import { Assembly } from './assembly.ts'
import type { Gate, Permit } from './gate.ts'
import { Metered } from './metered.ts'
import { checkRequest } from './request.ts'
import { Retry, type RetryOptions } from './retry.ts'
import type { ModelService, ServiceEvent } from './service.ts'
import { inputEstimate, noUsage, type Price, priced, tokensOf } from './usage.ts'
import { pause, Watch } from './watch.ts'

/** Options that every service's model has. */
export interface ServiceModelOptions {
  /** Most ms for one attempt, from request to end. Default 300,000. */
  readonly requestTimeout?: number
  /** Most ms without a sign of life in a stream, the wait for its first included. Default 60,000. */
  readonly idleTimeout?: number
  readonly retry?: RetryOptions
  /** Reckons `usage.cost`. */
  readonly price?: Price
  /** Each attempt waits here for its turn. */
  readonly gate?: Gate
  /** For tests. Default: the system's clock. */
  readonly clock?: Clock
  /** Jitter, 0 to 1. Default: `Math.random`. */
  readonly random?: () => number
}

export const serviceModelChecks: Readonly<Record<keyof ServiceModelOptions, OptionCheck>> = {
  requestTimeout: aDuration,
  idleTimeout: aDuration,
  retry: anObject,
  price: anObject,
  gate: anObject,
  clock: anObject,
  random: aFunction,
}

export class ServiceModel implements Model {
  readonly #service: ModelService
  readonly #options: ServiceModelOptions
  readonly #clock: Clock
  readonly #retry: Retry

  constructor(service: ModelService, options: ServiceModelOptions) {
    this.#service = service
    this.#options = options
    this.#clock = options.clock ?? new SystemClock()
    this.#retry = new Retry(options.retry ?? {}, options.random ?? Math.random)
  }

  get id(): string {
    return this.#service.id
  }

  /** Closes the service's connections; calls in flight fail. */
  close(): void {
    this.#service.close?.()
  }

  async generate(request: ModelRequest, options: CallOptions = {}): Promise<ModelReply> {
    for await (const chunk of this.#call(request, options, false)) {
      if (chunk.type === 'end') return chunk.reply
    }
    throw new TroupeError('STREAM_BROKEN', `Model "${this.id}" ended without an end.`)
  }

  stream(request: ModelRequest, options: CallOptions = {}): AsyncGenerator<ModelChunk> {
    return this.#call(request, options, true)
  }

  async *#call(
    request: ModelRequest,
    options: CallOptions,
    pieces: boolean,
  ): AsyncGenerator<ModelChunk> {
    checkRequest(request)
    const failed: FailedAttempt[] = []
    for (;;) {
      const attempt = new Attempt(this.#parts, request, options, pieces, failed.length + 1)
      const permit = await attempt.enter()
      try {
        const reply = yield* attempt.run(permit)
        this.#retry.succeeded()
        yield {
          type: 'end',
          reply: { ...reply, ...(failed.length > 0 && { failedAttempts: failed }) },
        }
        return
      } catch (error) {
        const wait = this.#retry.next(failed.length + 1, error)
        if (wait === undefined) throw withAttempts(error, failed, attempt)
        failed.push(attempt.asFailed(error as TroupeError))
        await pause(this.#clock, wait, options.signal)
      }
      const last = failed.at(-1) as FailedAttempt
      if (last.pieces > 0) yield { type: 'restarted', failed: last }
    }
  }

  get #parts(): Parts {
    return { service: this.#service, options: this.#options, clock: this.#clock }
  }
}

interface Parts {
  readonly service: ModelService
  readonly options: ServiceModelOptions
  readonly clock: Clock
}

type Pieces = AsyncGenerator<ModelChunk, ModelReply, void>

class Attempt {
  readonly #parts: Parts
  readonly #request: ModelRequest
  readonly #call: CallOptions
  readonly #streamed: boolean
  readonly #number: number
  readonly #assembly: Assembly
  #opened = false
  #turnedAway = false
  #pieces = 0

  constructor(
    parts: Parts,
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

/** The error with what led to it: every attempt, and what all of them used. */
function withAttempts(error: unknown, failed: readonly FailedAttempt[], last: Attempt): unknown {
  if (!(error instanceof TroupeError)) return error
  return new TroupeError(error.code, error.message, {
    cause: error.cause,
    disposition: error.disposition,
    fields: { ...error.fields, usage: last.usage, failedAttempts: failed },
  })
}
