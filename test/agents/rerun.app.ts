/** Agents in every way in which a turn can end, for the history that is run again. */
import { z } from 'zod'
import { needs } from '../../actors/actor.ts'
import { agent } from '../../actors/agents/agent.ts'
import { agentTool } from '../../actors/agents/agent-tool.ts'
import { conversation } from '../../actors/agents/conversation.ts'
import type { Model } from '../../actors/agents/model.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { tool } from '../../actors/agents/tools/tool.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'

export const Support = contract('support', conversation())
export const Clerk = contract('clerk', conversation())

interface Deps {
  readonly model: Model
  readonly clerk: Model
}

const input = z.object({ key: z.string() })

const support = agent(Support, {
  needs: needs<Deps>(),
  model: (deps: Deps) => deps.model,
  instructions: 'Be brief.',
  tools: [
    tool({ name: 'look', description: 'Looks.', input, execute: ({ key }) => `found ${key}` }),
    tool({
      name: 'pay',
      description: 'Pays.',
      input,
      approval: { within: 60_000 },
      execute: ({ key }) => `paid ${key}`,
    }),
    agentTool({
      name: 'clerk',
      description: 'Asks.',
      input,
      agent: (_input, turn) => turn.ref(Clerk, 'c'),
    }),
  ],
  memory: { tokens: 60 },
  budget: {
    turn: { steps: 12 },
    conversation: { money: 1 },
    prices: { scripted: { input: 1, output: 1 } },
  },
})
const clerk = agent(Clerk, {
  needs: needs<Deps>(),
  model: (deps: Deps) => deps.clerk,
  instructions: 'Answer.',
})

const call = (name: string) => ({ toolCalls: [{ name, input: { key: 'A1' } }] })

const deps = (): Deps => {
  const lines = [
    { toolCalls: [...call('look').toolCalls, ...call('clerk').toolCalls] },
    'Both know.',
    call('pay'),
    'It is paid.',
    { text: Array.from({ length: 500 }, (_, n) => `${n} `) },
  ]
  let line = 0
  return {
    model: scriptedModel(({ purpose }) => {
      if (purpose === 'summarize') return 'In short.'
      line += 1
      return lines[line - 1] ?? call('look')
    }),
    clerk: scriptedModel(() => 'I know.'),
  }
}

// biome-ignore lint/style/noDefaultExport: an app module's export is its default
export default app(import.meta.url, { actors: [support, clerk], deps })
