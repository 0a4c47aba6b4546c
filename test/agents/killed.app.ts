/** An agent that is killed while its model speaks: it notes in a file what it really did. */
import { appendFileSync, writeSync } from 'node:fs'
import { z } from 'zod'
import { agent } from '../../actors/agents/agent.ts'
import { conversation } from '../../actors/agents/conversation.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { tool } from '../../actors/agents/tools/tool.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'

export const Support = contract('support', conversation())

/** Where it notes, and whether this life is the one that ends. */
const notes = process.env['NOTES'] ?? ''
const dies = process.env['DIES'] === 'yes'
const note = (line: string): void => {
  appendFileSync(notes, `${line}\n`)
  if (dies) writeSync(1, `${line}\n`)
}

const pay = tool({
  name: 'pay',
  description: 'Pays.',
  input: z.object({ order: z.string() }),
  execute: ({ order }) => {
    note(`paid ${order}`)
    return 'paid'
  },
})

const model = scriptedModel(({ messages }) => {
  const said = messages.at(-1)?.parts[0]
  note(`asked after ${said?.type}`)
  if (said?.type === 'text') return { toolCalls: [{ name: 'pay', input: { order: 'A1' } }] }
  return { text: ['It is ', 'paid.'], ...(dies && { after: new Promise(() => undefined) }) }
})

const support = agent(Support, { model, instructions: 'Pay.', tools: [pay] })

// biome-ignore lint/style/noDefaultExport: an app module's export is its default
export default app(import.meta.url, { actors: [support] })
