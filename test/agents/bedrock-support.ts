/** A Bedrock model before a local server, on a clock that stands still. */
import type { TestContext } from 'node:test'
import type { AttemptReport, ModelChunk, ModelRequest } from '../../actors/agents/model.ts'
import { type BedrockModel, bedrockModel } from '../../actors/agents/models/bedrock.ts'
import type { BedrockOptions } from '../../actors/agents/models/bedrock-options.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { type Answer, type BedrockServer, bedrockServer } from './bedrock-server.ts'

export const modelId = 'vendor.model-1:0'

export interface BedrockWorld {
  readonly server: BedrockServer
  readonly model: BedrockModel
  readonly clock: VirtualClock
  /** What the meter heard. */
  readonly reports: AttemptReport[]
  /** Answers one stream; what was seen of it, and its error. */
  run(request: ModelRequest, ...answers: readonly Answer[]): Promise<Run>
}

export interface Run {
  readonly chunks: readonly ModelChunk[]
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into it
  readonly error: any
}

export async function bedrockWorld(
  t: TestContext,
  options: BedrockOptions = {},
): Promise<BedrockWorld> {
  const server = await bedrockServer()
  const clock = new VirtualClock()
  const model = bedrockModel(modelId, { ...local(server), clock, random: () => 0.5, ...options })
  t.after(async () => {
    model.close()
    await server.close()
  })
  const reports: AttemptReport[] = []
  return {
    server,
    model,
    clock,
    reports,
    async run(request, ...answers) {
      server.answers.push(...answers)
      const chunks: ModelChunk[] = []
      const reading = (async () => {
        for await (const chunk of model.stream(request, { meter: (one) => reports.push(one) })) {
          chunks.push(chunk)
        }
      })()
      let settled = false
      const settle = (reason: unknown): unknown => {
        settled = true
        return reason
      }
      const error = reading.then(() => settle(undefined), settle)
      // Time passes only where the model waits before another attempt: that is its one alarm then.
      while (!settled) {
        await new Promise((resolve) => setImmediate(resolve))
        if (clock.pending === 1) clock.step()
      }
      return { chunks, error: await error }
    },
  }
}

/** Options of a client that talks to the local server. */
export const local = ({ url }: BedrockServer): BedrockOptions => ({
  endpoint: url,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'k', secretAccessKey: 's' },
})
