/**
 * 10,000 answers streamed at the same time from a Bedrock that runs beside it: each to an agent with a durable
 * conversation, and on to who asked it. What an open stream takes of memory in all threads, weighed while all of
 * them stand half way, and how long all of them take. Beside it the AWS client alone, in one thread.
 */
import { BedrockRuntimeClient, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime'
import { agent } from '../../actors/agents/agent.ts'
import { conversation, outputOf } from '../../actors/agents/conversation.ts'
import { bedrockModel } from '../../actors/agents/models/bedrock.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import type { BenchCase, Round } from '../bench-case.ts'
import { heap, patiently, scale, weight } from '../scale.ts'
import { piece, pieces, StreamingServer } from '../streaming-server.ts'
import { TempFolder } from '../temp-folder.ts'
import { must } from '../timing.ts'

const modelId = 'vendor.model-1:0'
const place = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'k', secretAccessKey: 's' },
}

const Teller = contract('teller', conversation())
const teller = agent(Teller, {
  // Where the service is comes from the environment, as everywhere.
  model: bedrockModel(modelId, place),
  instructions: 'Tell.',
})
const tellers = app(import.meta.url, { actors: [teller, scale] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default tellers

const whole = piece.repeat(pieces)

export const streamedAnswers: BenchCase = {
  name: 'streamed-answers',
  what: '10,000 answers streamed at the same time, to agents on two hosts and on to who asked',
  unit: 'bytes/open stream',
  better: 'lower',
  rounds: 3,
  async prepare(quick) {
    const folder = new TempFolder()
    const server = await StreamingServer.start()
    process.env['AWS_ENDPOINT_URL_BEDROCK_RUNTIME'] = server.url
    const count = quick ? 100 : 10_000
    let rounds = 0
    return {
      ours: {
        name: 'troupe',
        async round() {
          rounds += 1
          // New agents in a new system: those of the last round would be resident already.
          const store = folder.file(`${rounds}.db`)
          const system = await createSystem(tellers, { workers: 2, store, development: false })
          try {
            const ask = (n: number): Promise<string> => told(system, `t${n}`)
            return await weighed(server, count, ask, () => weight(system))
          } finally {
            await system.close()
          }
        },
      },
      bounds: [
        {
          name: 'the AWS client alone',
          async round() {
            const client = new BedrockRuntimeClient({ ...place, endpoint: server.url })
            try {
              return await weighed(
                server,
                count,
                () => converse(client),
                async () => heap(),
              )
            } finally {
              client.destroy()
            }
          },
        },
      ],
      close() {
        server.close()
        folder.remove()
      },
    }
  },
}

/** All of it, with the memory while all streams are open. */
async function weighed(
  server: StreamingServer,
  count: number,
  ask: (n: number) => Promise<string>,
  weigh: () => Promise<number>,
): Promise<Round> {
  const before = await weigh()
  const start = performance.now()
  const open = server.expect(count)
  const answers = Promise.all(Array.from({ length: count }, (_, n) => ask(n)))
  await Promise.race([open, answers])
  const opened = performance.now() - start
  const bytes = (await weigh()) - before
  const go = performance.now()
  server.goOn()
  const told = await answers
  must(
    told.every((text) => text === whole),
    () => 'an answer is not whole',
  )
  const ms = opened + performance.now() - go
  return { figure: bytes / count, facts: { 's until all are whole': ms / 1_000 } }
}

/** What was streamed must be what the agent then says it said. */
async function told(system: System, key: string): Promise<string> {
  return await patiently(async () => {
    const stream = system.ref(Teller, key).stream.say('go', { within: 600_000 })
    let text = ''
    for await (const event of stream) if (event.type === 'text') text += event.text
    must(outputOf(await stream.reply) === text, () => 'the answer is not what was streamed')
    return text
  })
}

async function converse(client: BedrockRuntimeClient): Promise<string> {
  const command = new ConverseStreamCommand({
    modelId,
    messages: [{ role: 'user', content: [{ text: 'go' }] }],
    inferenceConfig: { maxTokens: 4_096 },
  })
  const { stream = [] } = await client.send(command)
  let text = ''
  for await (const event of stream) text += event.contentBlockDelta?.delta?.text ?? ''
  return text
}
