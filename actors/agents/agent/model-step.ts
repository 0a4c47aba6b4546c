/**
 * One call of the model as one recorded step (D2). Everything that decides how the turn goes on is in
 * its result, and nowhere else: so a turn that is run again goes the same way (R2), and what was used is
 * counted however the call ended.
 */
import type { Address } from '../../../mailbox/address.ts'
import type { Clock } from '../../../mailbox/clock.ts'
import { type ErrorCode, TroupeError } from '../../../mailbox/errors.ts'
import type { Context } from '../../context.ts'
import type { Meter } from '../../meter.ts'
import type { Spent } from '../conversation.ts'
import type { AttemptReport, FinishReason, Model, ModelReply, ModelRequest } from '../model.ts'
import { countCall } from '../models/count-call.ts'
import { type Price, priced, tokensOf } from '../models/usage.ts'
import type { ReplyPart } from '../parts.ts'
import { isStop } from '../tools/run-tool.ts'
import type { EventSink } from './events.ts'

/** How a call ended. */
export type ModelStep = { readonly used: Pick<Spent, 'tokens' | 'money'> } & (
  | {
      readonly kind: 'reply'
      readonly parts: readonly ReplyPart[]
      readonly finishReason: FinishReason
    }
  /** It was aborted: what had been said by then. */
  | { readonly kind: 'cut'; readonly text: string }
  /** The budget's time was up. */
  | { readonly kind: 'late'; readonly text: string }
  /** It was not made, because somebody steers. */
  | { readonly kind: 'steered' }
  /** After all the attempts that its model makes. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
)

export interface ModelCall {
  /** Of the step. */
  readonly name: string
  /** What the call depends on: places in the conversation, since that is in the store already. */
  readonly input: unknown
  /** Found when the call is made, and only then: a turn that is run again has no dependencies (R1). */
  readonly model: () => Model
  readonly request: ModelRequest
  /** Of a model, by its id. @throws OPTION_INVALID */
  readonly price: (model: string) => Price | undefined
  /** Ms until the budget's time is up. */
  readonly msLeft: number
  /** Give way to a message of this name. */
  readonly giveWayTo?: string
  readonly clock: Clock
  readonly meter: Meter | undefined
  readonly emit: EventSink
}

/** The turn that makes it. */
interface Desk extends Pick<Context, 'effect' | 'message'> {
  readonly self: Address
}

export async function modelStep(ctx: Desk, call: ModelCall): Promise<ModelStep> {
  const { lane } = ctx.message
  const tenant = ctx.self.key
  let isLive = false
  const step = await ctx.effect(
    call.name,
    call.input,
    async ({ signal, waits }) => {
      isLive = true
      if (call.giveWayTo !== undefined && waits(call.giveWayTo))
        return { kind: 'steered', used: none }
      const attempt = new Attempt(call, signal)
      try {
        return await attempt.run({ lane, tenant })
      } finally {
        attempt.end()
      }
    },
    // Nothing is lost by asking a model twice but what it costs.
    { idempotent: true },
  )
  const result = step as ModelStep
  if (!isLive && result.kind === 'reply') await tell(result.parts, call.emit)
  return result
}

const none = Object.freeze({ tokens: 0, money: 0 })

/** A reply from the record, for a reader who has not heard it. */
async function tell(parts: readonly ReplyPart[], emit: EventSink): Promise<void> {
  for (const part of parts) {
    await emit(part.type === 'tool-call' ? { type: 'tool-call', call: part } : part)
  }
}

/** One call that is made. */
class Attempt {
  readonly #call: ModelCall
  readonly #turn: AbortSignal
  readonly #controller = new AbortController()
  readonly #cancelAlarm: () => void
  readonly #stop = (): void => this.#controller.abort(this.#turn.reason)
  #isLate = false
  #price: Price | undefined
  #text = ''
  #used: Pick<Spent, 'tokens' | 'money'> = none

  constructor(call: ModelCall, turn: AbortSignal) {
    this.#call = call
    this.#turn = turn
    turn.addEventListener('abort', this.#stop, { once: true })
    if (turn.aborted) this.#stop()
    const { clock, msLeft } = call
    this.#cancelAlarm =
      msLeft === Number.POSITIVE_INFINITY
        ? () => undefined
        : clock.alarm(clock.mono() + msLeft, () => {
            this.#isLate = true
            this.#controller.abort(new TroupeError('BUDGET_EXCEEDED', 'Time is up.'))
          })
  }

  async run(from: {
    readonly lane: Context['message']['lane']
    readonly tenant: string
  }): Promise<ModelStep> {
    const { request } = this.#call
    const model = this.#call.model()
    this.#price = this.#call.price(model.id)
    const { signal } = this.#controller
    let reply: ModelReply | undefined
    try {
      signal.throwIfAborted()
      for await (const chunk of model.stream(request, {
        ...from,
        signal,
        meter: (report) => this.#count(report),
      })) {
        switch (chunk.type) {
          case 'end':
            reply = chunk.reply
            break
          case 'restarted':
            this.#text = ''
            await this.#call.emit({ type: 'restarted' })
            break
          case 'tool-call':
            await this.#call.emit({ type: 'tool-call', call: chunk.part })
            break
          case 'text':
            this.#text += chunk.part.text
            await this.#call.emit({ type: 'text', text: chunk.part.text })
            break
          case 'reasoning':
            await this.#call.emit({ type: 'reasoning', text: chunk.part.text })
            break
          default:
            chunk satisfies never
        }
      }
      if (reply === undefined) throw noEnd()
      // The meter has heard of all attempts when the stream is over, and not before.
      const { parts, finishReason } = reply
      return { kind: 'reply', parts, finishReason, used: this.#used }
    } catch (error) {
      return this.#ended(error)
    }
  }

  /** The actor is being stopped, and the message is not over: nothing of it is recorded as an answer. */
  #ended(error: unknown): ModelStep {
    const { reason } = this.#turn
    if (isStop(reason)) throw reason
    const text = this.#text
    const used = this.#used
    if (isKill(reason)) return { kind: 'failed', code: reason.code, message: reason.message, used }
    if (this.#turn.aborted) return { kind: 'cut', text, used }
    if (this.#isLate) return { kind: 'late', text, used }
    if (!(error instanceof TroupeError)) throw error
    return { kind: 'failed', code: error.code, message: error.message, used }
  }

  #count(report: AttemptReport): void {
    const { usage } = report
    const { cost = 0 } = usage.cost === undefined ? priced(usage, this.#price) : usage
    countCall(this.#call.meter, report, cost)
    this.#used = { tokens: this.#used.tokens + tokensOf(usage), money: this.#used.money + cost }
  }

  end(): void {
    this.#cancelAlarm()
    this.#turn.removeEventListener('abort', this.#stop)
  }
}

/** Somebody pulled the switch: that is the reason, and not that it was interrupted. */
const isKill = (reason: unknown): reason is TroupeError =>
  reason instanceof TroupeError && reason.code === 'ACTOR_KILLED'

const noEnd = (): TroupeError =>
  new TroupeError('STREAM_BROKEN', 'The model stream ended before its end; ask again.')
