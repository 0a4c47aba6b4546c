/**
 * One turn of an agent: the loop of model and tools over its conversation, until it has an answer, has
 * to wait for a human, gives way, or must end.
 *
 *   message ─► fit the window ─► model ─┬─► text or answer: done
 *                  ▲                    └─► calls ─┬─► some need a human: waiting
 *                  └──── results ◄── run at once ◄─┘
 *
 * Invariants
 * 1. Each call is a step (D2); how the turn goes on depends on recorded results alone (R2).
 * 2. At the end of a turn every tool call has its result in the conversation, or is in `waiting`.
 * 3. Whatever ends it, what was said and spent by then is kept: an agent's turn fails only when the
 *    program is wrong or the actor is stopped.
 */
import { copied } from '../../cell/recoded.ts'
import type { OpenSpan } from '../../span.ts'
import type { AgentEnd, AgentReply, Decision, Lease, StopReason } from '../conversation.ts'
import type { ModelReply } from '../model.ts'
import { type Json, type ToolCallPart, type ToolResultPart, textOf, toolCallsOf } from '../parts.ts'
import { failedResult, type ToolError } from '../tools/run-tool.ts'
import type { Toolbox } from '../tools/toolbox.ts'
import { askFor, openApprovals, takeApproval } from './approvals.ts'
import { BudgetWatch } from './budget.ts'
import type { AgentContext } from './context.ts'
import type { EventSink } from './events.ts'
import { offeredTools } from './offered-tools.ts'
import { Answer } from './output.ts'
import type { Plan } from './plan.ts'
import { beginRun, endRun } from './run-span.ts'
import { added } from './state.ts'
import { Thinking } from './thinking.ts'
import { makeCall, makeCalls } from './tool-calls.ts'
import { Transcript } from './transcript.ts'

type End = AgentEnd<unknown>
type Reply = AgentReply<unknown>

export class Run<Deps> {
  readonly ctx: AgentContext<Deps>
  readonly plan: Plan<Deps>
  readonly emit: EventSink
  readonly budget: BudgetWatch
  readonly transcript: Transcript
  readonly answer: Answer
  readonly span: OpenSpan | undefined
  /** What the model may call in this turn. */
  tools: Toolbox<Deps>
  readonly #thinking: Thinking<Deps>

  constructor(ctx: AgentContext<Deps>, plan: Plan<Deps>, emit: EventSink, lease?: Lease) {
    this.ctx = ctx
    this.plan = plan
    this.tools = plan.tools
    this.emit = emit
    this.budget = new BudgetWatch(
      plan.budget,
      copied(ctx.state.spent) as Reply['spent'],
      lease,
      ctx.now(),
    )
    this.transcript = new Transcript(ctx.state)
    this.answer = new Answer(plan.output)
    this.span = beginRun(ctx as AgentContext)
    this.#thinking = new Thinking(this)
  }

  /** Something the user said, and all that follows from it. */
  async say(text: string | undefined): Promise<Reply> {
    if (text !== undefined) {
      this.transcript.push({ role: 'user', parts: [{ type: 'text', text }] })
    }
    return this.#over((await this.#offer()) ?? (await this.#loop()))
  }

  /** A human, or the deadline, decided on a call; the last decision goes on. */
  async decide(decision: Decision): Promise<Reply> {
    const end = await this.#offer()
    if (end !== undefined) return this.#over(end)
    const { approval, index } = takeApproval(this.ctx as AgentContext, decision.approval)
    const result = decision.approve
      ? await makeCall(this, approval.call)
      : failedResult(approval.call, refused(decision))
    const { waiting } = this.ctx.state
    if (waiting === null) return this.#over(await this.#loop())
    waiting.results[index] = result
    if (waiting.approvals.length > 0) {
      return this.#over({ status: 'waiting', approvals: openApprovals(waiting) })
    }
    const calls = toolCallsOf(this.transcript.last?.parts ?? [])
    const results = copied(waiting.results) as ToolResultPart[]
    this.ctx.state.waiting = null
    return this.#over((await this.#settle(calls, results)) ?? (await this.#loop()))
  }

  async #offer(): Promise<End | undefined> {
    const offered = await offeredTools(this.ctx, this.plan)
    if ('end' in offered) return offered.end
    this.tools = offered.tools
    return undefined
  }

  async #loop(): Promise<End> {
    for (;;) {
      const thought = await this.#thinking.next()
      if (thought.kind === 'end') return thought.end
      const end = await this.#act(thought.reply)
      if (end !== undefined) return end
    }
  }

  async #act({
    parts,
    finishReason,
  }: Pick<ModelReply, 'parts' | 'finishReason'>): Promise<End | undefined> {
    if (parts.length > 0) this.transcript.push({ role: 'assistant', parts })
    const calls = toolCallsOf(parts)
    if (calls.length === 0) return this.#said(textOf(parts), finishReason)
    const exceeded = this.budget.check({ steps: calls.length }, this.ctx.now())
    if (exceeded !== undefined) {
      this.#push(calls.map((call) => failedResult(call, exceeded.reason)))
      return stopped(exceeded.reason)
    }
    const { results, held } = await makeCalls(this, calls)
    if (held.length > 0) {
      const approvals = askFor(this.ctx as AgentContext, held, results)
      for (const approval of approvals) await this.emit({ type: 'approval', approval })
      return { status: 'waiting', approvals }
    }
    return await this.#settle(calls, results as readonly ToolResultPart[])
  }

  /** All calls of a reply have their results. */
  async #settle(
    calls: readonly ToolCallPart[],
    results: readonly ToolResultPart[],
  ): Promise<End | undefined> {
    this.#push(results)
    const { accepted, givenUp } = this.answer
    if (accepted !== undefined) {
      return { status: 'done', output: accepted.value, finishReason: 'stop' }
    }
    if (givenUp !== undefined) return stopped(givenUp)
    const last = results.find(
      ({ failed }, n) => failed !== true && this.tools.get(calls[n]?.name ?? '')?.final === true,
    )
    return last === undefined ? undefined : await this.#handedOff(last.output)
  }

  /** Another's answer is this agent's. */
  async #handedOff(output: Json): Promise<End | undefined> {
    const isText = !this.answer.isWanted
    const value = isText && typeof output !== 'string' ? JSON.stringify(output) : output
    return {
      status: 'done',
      output: isText ? value : await this.answer.fit(value),
      finishReason: 'stop',
    }
  }

  #said(text: string, finishReason: string): End | undefined {
    if (!this.answer.isWanted) return { status: 'done', output: text, finishReason }
    const repair = this.answer.refuseText()
    const { givenUp } = this.answer
    if (givenUp !== undefined) return stopped(givenUp)
    this.transcript.push({ role: 'user', parts: [{ type: 'text', text: repair }] })
    return undefined
  }

  #push(results: readonly ToolResultPart[]): void {
    this.transcript.push({ role: 'user', parts: results })
  }

  /** The turn is over: what it came to and what it took is kept. */
  #over(end: End): Reply {
    const { state } = this.ctx
    const now = this.ctx.now()
    const own = this.budget.own(now)
    state.spent = added(state.spent, own)
    if (this.span !== undefined) endRun(this.span, end, own)
    const { status } = end
    if (end.status === 'stopped') {
      const { code, message, fields } = end
      state.last = { status, stop: { code, message, fields } }
    } else state.last = { status }
    // Whoever steers may give up before it is read: then this one goes on by itself.
    if (status === 'steered') this.ctx.self.tell.resume(undefined, { lane: 'low' })
    return { ...end, spent: this.budget.total(now) }
  }
}

export const stopped = (reason: StopReason): End => ({ status: 'stopped', ...reason })

const refused = ({ by, note }: Decision): ToolError => {
  const who = by === undefined ? 'A human' : by
  const why = note === undefined || note === '' ? '' : ` ${note}`
  return { code: 'APPROVAL_REFUSED', message: `${who} did not allow it.${why}` }
}
