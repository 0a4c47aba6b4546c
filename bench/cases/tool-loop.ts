/**
 * What an agent's loop of model and tool costs beside the model itself: a scripted model that calls a tool
 * twenty times before it answers. Ours records every call (D2) in a synced store; beside it the loop alone,
 * the AI SDK's in memory, and LangGraph.js's agent with its SQLite saver.
 */
import { z } from 'zod'
import { agent } from '../../actors/agents/agent.ts'
import { conversation, outputOf } from '../../actors/agents/conversation.ts'
import type { ModelMessage, ModelReply, ModelRequest } from '../../actors/agents/model.ts'
import { type ScriptedReply, scriptedModel } from '../../actors/agents/models/scripted.ts'
import type { Part, ToolCallPart, ToolResultPart } from '../../actors/agents/parts.ts'
import { tool } from '../../actors/agents/tools/tool.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'
import { nodePeer } from '../peers/index.ts'
import { loopSteps } from '../peers/tool-loop.ts'
import { TempFolder } from '../temp-folder.ts'
import { must, rate } from '../timing.ts'

const Adder = contract('adder', conversation())

const add = tool({
  name: 'add',
  description: 'Adds',
  input: z.object({ amount: z.number() }),
  idempotent: true,
  execute: async ({ amount }) => ({ added: amount }),
})

/** Calls the tool until it has seen enough results. */
function reply({ messages }: ModelRequest): ScriptedReply {
  const results = messages.flatMap(({ parts }) => parts.filter(isResult)).length
  if (results >= loopSteps) return { text: 'done' }
  return { toolCalls: [{ name: 'add', input: { amount: 1 }, id: `call-${results}` }] }
}

const adder = agent(Adder, {
  model: scriptedModel(reply),
  instructions: 'Add.',
  tools: [add],
  memory: { tokens: 1_000_000 },
  budget: { turn: { steps: 10 * loopSteps } },
})
const adders = app(import.meta.url, { actors: [adder] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default adders

/** Conversations that are held at a time by the one that shows what a commit for many is worth. */
const together = 100

export const toolLoop: BenchCase = {
  name: 'tool-loop',
  what: `an agent's loop over a scripted model and a tool, ${loopSteps} calls of it in a turn`,
  unit: 'steps/s',
  better: 'higher',
  gate: [{ ratioTo: 'LangGraph.js', wanted: 1, aim: true }],
  async prepare(quick) {
    const folder = new TempFolder()
    const turns = quick ? 2 : 20
    const store = folder.file('ours.db')
    const system = await createSystem(adders, { workers: 1, store, development: false })
    const loops = new Loops(system)
    return {
      ours: loops.contestant('troupe, one after the other', turns, 1),
      others: [
        loops.contestant(
          `troupe, ${together} at a time`,
          quick ? together : 5 * together,
          together,
        ),
      ],
      bounds: [{ name: 'the loop alone', round: () => rate(turns * loopSteps, () => bare(turns)) }],
      peers: [
        nodePeer('ai', 'toolLoop', turns),
        nodePeer('@langchain/langgraph', 'toolLoop', turns),
      ],
      async close() {
        await system.close()
        folder.remove()
      },
    }
  },
}

class Loops {
  readonly #system: System
  #conversations = 0

  constructor(system: System) {
    this.#system = system
  }

  contestant(name: string, turns: number, atATime: number): Contestant {
    return {
      name,
      round: () =>
        rate(turns * loopSteps, async () => {
          for (let left = turns; left > 0; left -= atATime) {
            await Promise.all(Array.from({ length: Math.min(left, atATime) }, () => this.#hold()))
          }
        }),
    }
  }

  async #hold(): Promise<void> {
    this.#conversations += 1
    const key = `c${this.#conversations}`
    const said = await this.#system.ref(Adder, key).ask.say('go', { within: 600_000 })
    must(outputOf(said) === 'done', () => `the model said ${JSON.stringify(said)}`)
    must(said.spent.steps === 2 * loopSteps + 1, () => `${said.spent.steps} steps`)
  }
}

/** The model and the tool, as a function that keeps nothing calls them. */
async function bare(turns: number): Promise<void> {
  const model = scriptedModel(reply)
  for (let turn = 0; turn < turns; turn += 1) {
    const messages: ModelMessage[] = [{ role: 'user', parts: [{ type: 'text', text: 'go' }] }]
    const ask = (): Promise<ModelReply> =>
      model.generate({ purpose: 'chat', system: 'Add.', messages, maxOutputTokens: 4_096 })
    let said = await ask()
    for (; said.finishReason === 'tool-calls'; said = await ask()) {
      messages.push({ role: 'assistant', parts: said.parts })
      const results = said.parts.filter((part) => part.type === 'tool-call')
      messages.push({ role: 'user', parts: results.map(resultOf) })
    }
    must(messages.length === 1 + 2 * loopSteps, () => `${messages.length} messages`)
  }
}

function resultOf({ id, name, input }: ToolCallPart): ToolResultPart {
  return { type: 'tool-result', call: id, name, output: input }
}

const isResult = ({ type }: Part): boolean => type === 'tool-result'
