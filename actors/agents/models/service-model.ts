/**
 * A model over a service: one attempt after the other (`attempt.ts`), until one succeeds or none may
 * follow, for every vendor alike. The vendor's part is `ModelService`.
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
} from '../model.ts'
import { Attempt, type AttemptOptions, type AttemptParts } from './attempt.ts'
import { checkRequest } from './request.ts'
import { Retry, type RetryOptions } from './retry.ts'
import type { ModelService } from './service.ts'
import { pause } from './watch.ts'

/** Options that every service's model has. */
export interface ServiceModelOptions extends AttemptOptions {
  readonly retry?: RetryOptions
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

  get provider(): string | undefined {
    return this.#service.provider
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

  get #parts(): AttemptParts {
    return { service: this.#service, options: this.#options, clock: this.#clock }
  }
}

/** The error with what led to it: every attempt, and what all of them used. */
function withAttempts(error: unknown, failed: readonly FailedAttempt[], last: Attempt): unknown {
  if (!(error instanceof TroupeError)) return error
  return new TroupeError(error.code, error.message, {
    cause: error.cause,
    disposition: error.disposition,
    fields: { ...error.fields, usage: last.usage, failedAttempts: failed },
  })
}
