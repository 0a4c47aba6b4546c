/** One call of the model within the budget and the window, and what it means for the turn. */
import { meterOf } from '../../cell/meter-of.ts'
import type { Span } from '../../span.ts'
import type { AgentEnd, StopReason } from '../conversation.ts'
import type { ModelReply, ModelRequest } from '../model.ts'
import { inputEstimate } from '../models/usage.ts'
import type { Toolbox } from '../tools/toolbox.ts'
import { tracedModel } from '../traced-model.ts'
import { type BudgetWatch, dearest, priceOf } from './budget.ts'
import type { AgentContext } from './context.ts'
import type { EventSink } from './events.ts'
import { fitWindow } from './memory.ts'
import { type ModelStep, modelStep } from './model-step.ts'
import type { Plan } from './plan.ts'
import type { Transcript } from './transcript.ts'

export type Thought =
  | { readonly kind: 'reply'; readonly reply: Pick<ModelReply, 'parts' | 'finishReason'> }
  | { readonly kind: 'end'; readonly end: AgentEnd<unknown> }

/** The turn that thinks. */
interface Thinker<Deps> {
  readonly ctx: AgentContext<Deps>
  readonly plan: Plan<Deps>
  readonly tools: Toolbox<Deps>
  readonly emit: EventSink
  readonly budget: BudgetWatch
  readonly transcript: Transcript
  readonly span: Span | undefined
}

/** Fewer tokens to answer in are not worth a call. */
const leastOutput = 64

export class Thinking<Deps> {
  readonly #turn: Thinker<Deps>

  constructor(turn: Thinker<Deps>) {
    this.#turn = turn
  }

  async next(): Promise<Thought> {
    const { transcript, plan, budget, ctx, emit } = this.#turn
    let end: AgentEnd<unknown> | undefined
    const fits = await fitWindow(transcript, plan.memory, async (request) => {
      const thought = await this.#ask('summary', request, () => undefined)
      if (thought.kind === 'end') end = thought.end
      return thought.kind === 'reply' ? { ...thought.reply, kind: 'reply', used: none } : undefined
    })
    if (!fits && end !== undefined) return { kind: 'end', end }
    const thought = await this.#ask('model', this.#request(), emit)
    if (thought.kind === 'reply') await emit({ type: 'step', spent: budget.total(ctx.now()) })
    return thought
  }

  #request(): ModelRequest {
    const { plan, ctx, transcript, tools: box } = this.#turn
    const { output, temperature, maxOutputTokens } = plan
    const tools = output === undefined ? box.specs : [...box.specs, output.spec]
    return {
      purpose: 'agent',
      system: plan.instructions(ctx.self.key),
      messages: transcript.told(),
      maxOutputTokens,
      ...(temperature !== undefined && { temperature }),
      ...(tools.length > 0 && { tools }),
      ...(output !== undefined && { toolChoice: 'required' as const }),
    }
  }

  async #ask(name: 'model' | 'summary', wanted: ModelRequest, emit: EventSink): Promise<Thought> {
    const { ctx, plan, budget, transcript, span } = this.#turn
    const now = ctx.now()
    const { request, most } = this.#affordable(wanted)
    const exceeded = budget.check(most, now)
    if (exceeded !== undefined) return stop(exceeded.reason)
    const step = await modelStep(ctx, {
      name,
      input: { messages: transcript.length, from: transcript.from },
      model: () => tracedModel(plan.model(ctx.deps), span),
      request,
      price: (id) => priceOf(plan.budget, id),
      msLeft: budget.left('ms', now),
      giveWayTo: 'steer',
      clock: plan.clock,
      meter: meterOf(ctx),
      emit,
    })
    budget.add({ steps: step.kind === 'steered' ? 0 : 1, ...step.used })
    return this.#meaning(step, name)
  }

  /** A call is made with as many tokens to answer in as the budget has left for them. */
  #affordable(wanted: ModelRequest) {
    const { budget, ctx, plan } = this.#turn
    const price = dearest(plan.budget)
    const now = ctx.now()
    const input = inputEstimate(wanted)
    const byTokens = budget.left('tokens', now) - input
    const costs = (tokens: number, each: number): number => (tokens * each) / 1e6
    const money = budget.left('money', now) - costs(input, price.input)
    const byMoney = price.output === 0 ? Number.POSITIVE_INFINITY : (money * 1e6) / price.output
    const room = Math.floor(Math.min(wanted.maxOutputTokens, byTokens, byMoney))
    const output = Math.max(room, Math.min(leastOutput, wanted.maxOutputTokens))
    const most = {
      steps: 1,
      tokens: input + output,
      money: costs(input, price.input) + costs(output, price.output),
    }
    return { request: { ...wanted, maxOutputTokens: output }, most }
  }

  #meaning(step: ModelStep, name: 'model' | 'summary'): Thought {
    switch (step.kind) {
      case 'reply':
        return { kind: 'reply', reply: step }
      case 'cut':
      case 'late':
        return this.#cutOff(step.kind, name === 'model' ? step.text : '')
      case 'steered':
        return { kind: 'end', end: { status: 'steered' } }
      case 'failed':
        return stop({ code: step.code, message: step.message, fields: {} })
      default:
        return step satisfies never
    }
  }

  /** What was said by then is part of the conversation. */
  #cutOff(kind: 'cut' | 'late', text: string): Thought {
    const { transcript, budget, ctx } = this.#turn
    if (text !== '') transcript.push({ role: 'assistant', parts: [{ type: 'text', text }] })
    return kind === 'late'
      ? stop(budget.timeIsUp(ctx.now()).reason)
      : { kind: 'end', end: { status: 'interrupted', text } }
  }
}

const none = Object.freeze({ tokens: 0, money: 0 })

const stop = (reason: StopReason): Thought => ({
  kind: 'end',
  end: { status: 'stopped', ...reason },
})
