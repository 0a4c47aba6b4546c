/** What is counted of a query to an agent: that it runs, how long it took, and how it ended. */
import { TroupeError } from '../../../mailbox/errors.ts'
import { meterOf } from '../../cell/meter-of.ts'
import type { AgentReply } from '../conversation.ts'
import type { AgentContext } from './context.ts'
import type { Plan } from './plan.ts'

type Reply = AgentReply<unknown>

/** @param text of the query, where it has one */
export async function measured<Deps>(
  ctx: AgentContext<Deps>,
  plan: Plan<Deps>,
  text: string | undefined,
  work: () => Promise<Reply>,
): Promise<Reply> {
  const meter = meterOf(ctx)
  if (meter === undefined) return await work()
  const { clock } = plan
  const { self } = ctx
  const start = clock.mono()
  const over = (status: string, error: string): void => {
    meter.add('agent_active_queries', -1)
    const seconds = (clock.mono() - start) / 1_000
    const type = typeOfQuery(self.type, plan, text)
    meter.add('agent_queries_total', 1, type, status)
    meter.observe('agent_query_duration_seconds', seconds, type)
    meter.observe('gen_ai_invoke_agent_duration_seconds', seconds, self.type, error)
  }
  meter.add('agent_active_queries', 1)
  try {
    const reply = await work()
    over(reply.status, reply.status === 'stopped' ? reply.code : '')
    return reply
  } catch (error) {
    over('failed', error instanceof TroupeError ? error.code : 'ACTOR_FAILED')
    throw error
  }
}

/** A function of the user's that throws must not fail the query. */
function typeOfQuery<Deps>(
  type: string,
  { queryType }: Plan<Deps>,
  text: string | undefined,
): string {
  if (queryType === undefined) return type
  try {
    return queryType(text)
  } catch {
    return 'unknown'
  }
}
