/**
 * How long a model's stream goes on after its agent was stopped: until the service sees that nobody listens any
 * more. Given up by who asked, one after the other; and a tree of agents that is killed, with a stream in each
 * of its leaves. Beside it an abort of the AWS client alone.
 */
import { BedrockRuntimeClient, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime'
import { z } from 'zod'
import { agent } from '../../actors/agents/agent.ts'
import { agentTool } from '../../actors/agents/agent-tool.ts'
import { type AgentReply, conversation } from '../../actors/agents/conversation.ts'
import { bedrockModel } from '../../actors/agents/models/bedrock.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { Latency } from '../../runtime/bench/latency.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import type { BenchCase, Round } from '../bench-case.ts'
import { StreamingServer } from '../streaming-server.ts'
import { TempFolder } from '../temp-folder.ts'
import { must } from '../timing.ts'

const modelId = 'vendor.model-1:0'
const place = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'k', secretAccessKey: 's' },
}
/** Streams of a killed tree. */
const leaves = 20

const Teller = contract('teller', conversation())
const teller = agent(Teller, {
  // Where the service is comes from the environment, as everywhere.
  model: bedrockModel(modelId, place),
  instructions: 'Tell.',
})
const Head = contract('head', conversation())
const head = agent(Head, {
  model: scriptedModel(() => ({
    toolCalls: Array.from({ length: leaves }, (_, leaf) => ({
      name: 'ask',
      input: { who: String(leaf) },
    })),
  })),
  instructions: 'Ask them all.',
  tools: [
    agentTool({
      name: 'ask',
      description: 'Asks one of them',
      input: z.object({ who: z.string() }),
      agent: ({ who }, turn) => turn.ref(Teller, `${turn.self.key}-${who}`),
    }),
  ],
})
const tellers = app(import.meta.url, { actors: [teller, head] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default tellers

export const agentStop: BenchCase = {
  name: 'agent-stop',
  what: 'from stopping an agent until its model\u2019s service sees that nobody listens',
  unit: 'ms, median',
  better: 'lower',
  gate: [
    { fact: 'p99', limit: 100 },
    { of: 'a killed tree', limit: 1_000 },
  ],
  rounds: 3,
  async prepare(quick) {
    const folder = new TempFolder()
    const server = await StreamingServer.start()
    process.env['AWS_ENDPOINT_URL_BEDROCK_RUNTIME'] = server.url
    const store = folder.file('a.db')
    const system = await createSystem(tellers, { workers: 2, store, development: false })
    const client = new BedrockRuntimeClient({ ...place, endpoint: server.url })
    const times = quick ? 5 : 100
    const stops = new Stops(system, server)
    return {
      ours: { name: 'an ask is given up', round: () => each(times, () => stops.ask()) },
      others: [{ name: 'a killed tree', round: () => each(quick ? 1 : 10, () => stops.tree()) }],
      bounds: [
        {
          name: 'the AWS client alone',
          round: () => each(times, () => stopClient(client, server)),
        },
      ],
      async close() {
        client.destroy()
        await system.close()
        server.close()
        folder.remove()
      },
    }
  },
}

/** @param stop returns the ms that one took */
async function each(times: number, stop: () => Promise<number>): Promise<Round> {
  const latency = new Latency()
  for (let i = 0; i < times; i += 1) latency.record(await stop())
  return { figure: latency.percentile(50), latency }
}

class Stops {
  readonly #system: System
  readonly #server: StreamingServer
  #agents = 0

  constructor(system: System, server: StreamingServer) {
    this.#system = system
    this.#server = server
  }

  async ask(): Promise<number> {
    this.#agents += 1
    const giveUp = new AbortController()
    const open = this.#server.expect(1)
    const { signal } = giveUp
    const asked = this.#system.ref(Teller, `t${this.#agents}`).ask.say('go', { signal })
    const refused = refusal(asked)
    await open
    const ms = await until(this.#server, () => giveUp.abort())
    must((await refused) === 'CANCELLED', () => 'an ask that was given up did not say so')
    return ms
  }

  async tree(): Promise<number> {
    this.#agents += 1
    const who = { type: 'head', key: `h${this.#agents}` }
    const open = this.#server.expect(leaves)
    const refused = refusal(this.#system.ref(Head, who.key).ask.say('go', { within: 600_000 }))
    await open
    const ms = await until(this.#server, () => void this.#system.kill(who))
    const code = await refused
    must(code === 'ACTOR_KILLED', () => `who asked a killed agent was told ${code}`)
    return ms
  }
}

/** Of an ask that fails, or of an agent's answer that it was stopped. */
async function refusal(asked: Promise<AgentReply>): Promise<string | undefined> {
  return await asked.then(
    (reply) => (reply.status === 'stopped' ? reply.code : reply.status),
    (error: { readonly code?: string }) => error.code,
  )
}

async function until(server: StreamingServer, stop: () => void): Promise<number> {
  const left = server.left()
  const start = performance.now()
  stop()
  await left
  return performance.now() - start
}

async function stopClient(client: BedrockRuntimeClient, server: StreamingServer): Promise<number> {
  const abort = new AbortController()
  const open = server.expect(1)
  const command = new ConverseStreamCommand({
    modelId,
    messages: [{ role: 'user', content: [{ text: 'go' }] }],
    inferenceConfig: { maxTokens: 4_096 },
  })
  const reading = (async () => {
    const { stream = [] } = await client.send(command, { abortSignal: abort.signal })
    for await (const _ of stream) await open
  })().catch(() => undefined)
  await open
  const ms = await until(server, () => abort.abort())
  await reading
  return ms
}
