/**
 * Tool calls that wait for a human. The wait is in the store and nowhere else: the turn that asks ends,
 * a decision or a timer begins the next one, and what was done before is not done again.
 */
import { TroupeError } from '../../../mailbox/errors.ts'
import { copied } from '../../cell/recoded.ts'
import type { Approval } from '../conversation.ts'
import type { ToolResultPart } from '../parts.ts'
import type { CheckedCall } from '../tools/run-tool.ts'
import type { AgentContext } from './context.ts'

/** Each new approval is published here: `{ agent, approval }`. */
export const approvalsTopic = 'agents.approvals'

const timerOf = (id: string): string => `approval ${id}`

/** Asks for a decision on the calls that need one; the others have their results. */
export function askFor(
  ctx: AgentContext,
  calls: readonly { readonly checked: CheckedCall; readonly index: number }[],
  results: readonly (ToolResultPart | null)[],
): readonly Approval[] {
  const asked = ctx.now()
  const approvals = calls.map(({ checked: { call, tool }, index }) => {
    const within = tool.approval?.within ?? 0
    const approval: Approval = { id: ctx.uuid(), call, asked, until: asked + within }
    ctx.timer(timerOf(approval.id), { after: within }, 'lapse', { approval: approval.id } as never)
    const { type, key } = ctx.self
    ctx.publish(approvalsTopic, { agent: { type, key }, approval })
    return { approval, index }
  })
  ctx.state.waiting = { results: [...results], approvals }
  return approvals.map(({ approval }) => approval)
}

/** What is asked now. */
export const openApprovals = (waiting: AgentContext['state']['waiting']): readonly Approval[] =>
  (waiting?.approvals ?? []).map(({ approval }) => copied(approval) as Approval)

/**
 * Takes one approval, which is then decided.
 * @throws APPROVAL_GONE
 */
export function takeApproval(
  ctx: AgentContext,
  id: string,
): { readonly approval: Approval; readonly index: number } {
  const { waiting } = ctx.state
  const place = waiting?.approvals.findIndex(({ approval }) => approval.id === id) ?? -1
  const found = waiting?.approvals[place]
  if (found === undefined) {
    throw new TroupeError('APPROVAL_GONE', `no approval ${id} is open`, {
      fields: { approval: id },
    })
  }
  const { approval, index } = copied(found) as typeof found
  waiting?.approvals.splice(place, 1)
  ctx.cancelTimer(timerOf(id))
  return { approval, index }
}
