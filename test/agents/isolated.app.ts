/** An agent whose tools burn the processor on threads of their own, and one that only talks. */
import { appendFileSync, existsSync } from 'node:fs'
import { z } from 'zod'
import { agent } from '../../actors/agents/agent.ts'
import { conversation } from '../../actors/agents/conversation.ts'
import { isolatedTool } from '../../actors/agents/isolated-tool.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { terminal } from '../../mailbox/errors.ts'

export const Cruncher = contract('cruncher', conversation())
export const Talker = contract('talker', conversation())

const note = (line: string): void =>
  appendFileSync(String(process.env['ISOLATED_NOTES']), `${line}\n`)

const burn = isolatedTool({
  name: 'burn',
  description: 'Burns until a file is there.',
  input: z.object({ until: z.string() }),
  output: z.object({ burnt: z.string() }),
  execute({ until }, { agent: { type, key } }) {
    if (until === 'nothing') throw terminal('nothing to burn')
    note(`burn for ${type}/${key}`)
    while (!existsSync(until));
    return { burnt: 'all' }
  },
})

const loop = isolatedTool({
  name: 'loop',
  description: 'Never ends.',
  input: z.object({}),
  // The worst case: it would be run again for ever.
  idempotent: true,
  timeout: 1_500,
  execute() {
    note('loop')
    for (;;);
  },
})

const cruncher = agent(Cruncher, {
  model: scriptedModel(({ messages }) => {
    const part = messages.at(-1)?.parts[0]
    if (part?.type === 'tool-result') return JSON.stringify(part.output)
    const said = part?.type === 'text' ? part.text : ''
    return {
      toolCalls: [said === 'loop' ? { name: 'loop' } : { name: 'burn', input: { until: said } }],
    }
  }),
  instructions: 'You compute.',
  tools: [burn, loop],
})
const talker = agent(Talker, {
  model: scriptedModel(() => 'Here.'),
  instructions: 'You talk.',
  tools: [burn],
})

// biome-ignore lint/style/noDefaultExport: an app module's export is its default
export default app(import.meta.url, { actors: [cruncher, talker] })
