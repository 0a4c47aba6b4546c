/** The tool calls of one reply: all that need nobody run at once, each a step of its own (D2). */
import { meterOf } from '../../cell/meter-of.ts'
import type { Span } from '../../span.ts'
import type { ToolCallPart, ToolResultPart } from '../parts.ts'
import {
  type CheckedCall,
  checkCall,
  failedResult,
  runTool,
  type ToolDesk,
} from '../tools/run-tool.ts'
import type { Toolbox } from '../tools/toolbox.ts'
import type { BudgetWatch } from './budget.ts'
import type { AgentContext } from './context.ts'
import type { EventSink } from './events.ts'
import type { Answer } from './output.ts'
import type { Plan } from './plan.ts'

export interface Called {
  /** In the order of the calls; null for one that a human must allow. */
  readonly results: readonly (ToolResultPart | null)[]
  readonly held: readonly { readonly checked: CheckedCall; readonly index: number }[]
}

interface Bench<Deps> {
  readonly ctx: AgentContext<Deps>
  readonly plan: Plan<Deps>
  readonly tools: Toolbox<Deps>
  readonly budget: BudgetWatch
  readonly answer: Answer
  readonly emit: EventSink
  readonly span: Span | undefined
}

export async function makeCalls<Deps>(
  bench: Bench<Deps>,
  calls: readonly ToolCallPart[],
): Promise<Called> {
  const { plan, answer, emit } = bench
  // All are looked at before the first runs: steps must begin in one order.
  const checked = await Promise.all(
    calls.map((call) =>
      answer.isCalledBy(call)
        ? answer.check(call, calls.length === 1)
        : checkCall(bench.tools, call),
    ),
  )
  const held = checked.flatMap((one, index) =>
    'tool' in one && one.needsApproval ? [{ checked: one as CheckedCall, index }] : [],
  )
  const running = checked.filter((one) => 'tool' in one && !one.needsApproval).length
  const desk = deskOf(bench, running)
  const results = await Promise.all(
    checked.map(async (one) => {
      if ('tool' in one && one.needsApproval) return null
      const result = 'tool' in one ? await runTool(desk, one, plan.clock) : one
      await emit({ type: 'tool-result', result })
      return result
    }),
  )
  bench.budget.add({ steps: calls.length })
  return { results, held }
}

/** One call that was allowed. */
export async function makeCall<Deps>(
  bench: Bench<Deps>,
  call: ToolCallPart,
): Promise<ToolResultPart> {
  const { plan, budget, emit, ctx } = bench
  const exceeded = budget.check({ steps: 1 }, ctx.now())
  if (exceeded !== undefined) return failedResult(call, exceeded.reason)
  budget.add({ steps: 1 })
  const checked = await checkCall(bench.tools, call)
  const result = 'tool' in checked ? await runTool(deskOf(bench, 1), checked, plan.clock) : checked
  await emit({ type: 'tool-result', result })
  return result
}

/** @param parts how many calls may ask for a part of the tree's budget */
function deskOf<Deps>({ ctx, budget, span }: Bench<Deps>, parts: number): ToolDesk<Deps> {
  let left = parts
  return {
    self: ctx.self,
    message: ctx.message,
    signal: ctx.signal,
    meter: meterOf(ctx),
    // Looked for when it is used: a turn that is run again has none (R1).
    get deps(): Deps {
      return ctx.deps
    },
    ref: (contract, key, within) => ctx.ref(contract, key, within),
    span,
    now: () => ctx.now(),
    effect: (...args) => ctx.effect(...args),
    lease: () => {
      const share = budget.lease(Math.max(1, left), ctx.now())
      left -= 1
      return share
    },
  }
}
