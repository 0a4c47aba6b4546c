/** The span of what an agent does with one message: `invoke_agent TYPE`. */

import type { OpenSpan } from '../../span.ts'
import { GenAi, Operation, Own } from '../../span-names.ts'
import type { AgentEnd, Spent } from '../conversation.ts'
import type { AgentContext } from './context.ts'

/** Undefined where its trace is not recorded. A turn that fails ends it, with its own. */
export function beginRun(ctx: Pick<AgentContext, 'self' | 'span'>): OpenSpan | undefined {
  const { type, key } = ctx.self
  return ctx.span?.start(`${Operation.invokeAgent} ${type}`, {
    [GenAi.operation]: Operation.invokeAgent,
    [GenAi.provider]: 'troupe',
    [GenAi.agentName]: type,
    [GenAi.agentId]: `${type}/${key}`,
    [GenAi.conversation]: key,
  })
}

/** @param own what this run alone took */
export function endRun(span: OpenSpan, end: AgentEnd<unknown>, own: Spent): void {
  span.set({
    [Own.status]: end.status,
    [Own.steps]: own.steps,
    [Own.tokens]: own.tokens,
    [Own.cost]: own.money,
  })
  if (end.status === 'done') span.set({ [GenAi.finishReasons]: [end.finishReason] })
  span.end(end.status === 'stopped' ? { name: end.code } : undefined)
}
