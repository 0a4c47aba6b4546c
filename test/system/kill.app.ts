/** An agent that asks another, whose model says nothing until it is stopped; and how often each was asked. */
import { z } from 'zod'
import { needs } from '../../actors/actor.ts'
import { agent } from '../../actors/agents/agent.ts'
import { agentTool } from '../../actors/agents/agent-tool.ts'
import { conversation } from '../../actors/agents/conversation.ts'
import type { Model } from '../../actors/agents/model.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'

export const Boss = contract('boss', conversation())
export const Clerk = contract('clerk', conversation())

interface Deps {
  readonly boss: Model
  readonly clerk: Model
}

const ask = agentTool({
  name: 'clerk',
  description: 'Asks a clerk.',
  input: z.object({ what: z.string() }),
  agent: (_input, turn) => turn.ref(Clerk, turn.self.key),
})

const boss = agent(Boss, {
  needs: needs<Deps>(),
  model: (deps: Deps) => deps.boss,
  instructions: '',
  tools: [ask],
})
const clerk = agent(Clerk, {
  needs: needs<Deps>(),
  model: (deps: Deps) => deps.clerk,
  instructions: '',
})

export const models = (): Deps & { readonly asked: () => number } => {
  const never = new Promise(() => undefined)
  const outer = scriptedModel((_request, n) =>
    n === 0 ? { toolCalls: [{ name: 'clerk', input: { what: 'work' } }] } : 'Done.',
  )
  const inner = scriptedModel((_request, n) => (n === 0 ? { after: never, text: 'x' } : 'Yes.'))
  return { boss: outer, clerk: inner, asked: () => outer.requests.length + inner.requests.length }
}

export const actors = [boss, clerk] as const

// biome-ignore lint/style/noDefaultExport: an app module's export is its default
export default app(import.meta.url, { actors, deps: (): Deps => models() })
