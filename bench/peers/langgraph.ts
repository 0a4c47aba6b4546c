/**
 * LangGraph.js with its SQLite saver: one node that adds to the state, and its agent of a model and tools; both
 * checkpointed after each step.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { library, type PeerModule, perSecond } from './peer.ts'
import { loopSteps } from './tool-loop.ts'

interface Graph {
  addNode(name: string, run: (state: { balance: number }) => { balance: number }): Graph
  addEdge(from: string, to: string): Graph
  compile(options: unknown): {
    invoke(input: { balance: number }, config: unknown): Promise<{ balance: number }>
  }
}
interface Channel {
  (options: unknown): unknown
  Root(fields: Readonly<Record<string, unknown>>): unknown
}
interface LangGraph {
  readonly StateGraph: new (state: unknown) => Graph
  readonly Annotation: Channel
  readonly START: string
  readonly END: string
}
interface Saver {
  readonly SqliteSaver: { fromConnString(path: string): { readonly db: { close(): void } } }
}

/** Turns spread over ten threads, each its own account: checkpointed turns per second. */
async function durableTurn(size: number): Promise<number> {
  const { StateGraph, Annotation, START, END } = await library<LangGraph>('@langchain/langgraph')
  return await saved(async (checkpointer) => {
    const sum = Annotation({ reducer: (a: number, b: number) => a + b, default: () => 0 })
    const graph = new StateGraph(Annotation.Root({ balance: sum }))
      .addNode('deposit', () => ({ balance: 0 }))
      .addEdge(START, 'deposit')
      .addEdge('deposit', END)
      .compile({ checkpointer })
    const accounts = 10
    const start = performance.now()
    for (let i = 0; i < size; i += 1) {
      const config = { configurable: { thread_id: `k${i % accounts}` } }
      const { balance } = await graph.invoke({ balance: 1 }, config)
      const expected = Math.floor(i / accounts) + 1
      if (balance !== expected) throw new Error(`expected a balance of ${expected}, got ${balance}`)
    }
    return perSecond(size, start)
  })
}

interface Prebuilt {
  createReactAgent(options: unknown): {
    invoke(input: unknown, config: unknown): Promise<{ messages: readonly Said[] }>
  }
}
interface Said {
  readonly content: unknown
  getType(): string
}
type Class<T> = abstract new (...args: never[]) => T
interface ChatModels {
  readonly BaseChatModel: Class<object>
}
interface Messages {
  readonly AIMessage: new (fields: unknown) => Said
}
interface Tools {
  tool(run: (input: { readonly amount: number }) => unknown, options: unknown): unknown
}

/** So many conversations, one after the other, each on a thread of its own: steps per second. */
async function toolLoop(size: number): Promise<number> {
  const { createReactAgent } = await library<Prebuilt>('@langchain/langgraph/prebuilt')
  const { tool } = await library<Tools>('@langchain/core/tools')
  const llm = await scripted()
  return await saved(async (checkpointer) => {
    let added = 0
    const add = tool(
      ({ amount }) => {
        added += amount
        return 'ok'
      },
      {
        name: 'add',
        description: 'Adds',
        schema: {
          type: 'object',
          properties: { amount: { type: 'number' } },
          required: ['amount'],
          additionalProperties: false,
        },
      },
    )
    const agent = createReactAgent({ llm, tools: [add], checkpointer })
    const start = performance.now()
    for (let i = 0; i < size; i += 1) {
      const config = { configurable: { thread_id: `t${i}` }, recursionLimit: 4 * loopSteps }
      const { messages } = await agent.invoke({ messages: [['user', 'go']] }, config)
      const last = messages.at(-1)?.content
      if (last !== 'done') throw new Error(`the model said ${JSON.stringify(last)}`)
    }
    const figure = perSecond(size * loopSteps, start)
    if (added !== size * loopSteps) throw new Error(`${added} tool calls were made`)
    return figure
  })
}

/** A chat model that calls the tool until it has seen enough results. */
async function scripted(): Promise<unknown> {
  const { BaseChatModel } = await library<ChatModels>('@langchain/core/language_models/chat_models')
  const { AIMessage } = await library<Messages>('@langchain/core/messages')
  class Scripted extends (BaseChatModel as unknown as new (fields: object) => object) {
    _llmType(): string {
      return 'scripted'
    }
    bindTools(): this {
      return this
    }
    async _generate(messages: readonly Said[]): Promise<unknown> {
      const results = messages.filter((message) => message.getType() === 'tool').length
      const call = { name: 'add', args: { amount: 1 }, id: `call-${results}`, type: 'tool_call' }
      const fields = results < loopSteps ? { content: '', tool_calls: [call] } : { content: 'done' }
      return { generations: [{ text: '', message: new AIMessage(fields) }] }
    }
  }
  return new Scripted({})
}

/** With a saver on a file of its own. */
async function saved(work: (checkpointer: unknown) => Promise<number>): Promise<number> {
  const { SqliteSaver } = await library<Saver>('@langchain/langgraph-checkpoint-sqlite')
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-langgraph-'))
  const file = join(folder, 'graph.db')
  const saver = SqliteSaver.fromConnString(file)
  try {
    const figure = await work(saver)
    if (statSync(file).size === 0) throw new Error('nothing was written')
    return figure
  } finally {
    saver.db.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

export const works: PeerModule['works'] = { durableTurn, toolLoop }
