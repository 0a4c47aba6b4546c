/** The AI SDK's own loop of a model and its tools, in memory: nothing of it is kept. */
import { library, type PeerModule, perSecond } from './peer.ts'
import { loopSteps } from './tool-loop.ts'

interface AiSdk {
  generateText(
    options: unknown,
  ): Promise<{ readonly text: string; readonly steps: readonly unknown[] }>
  isStepCount(count: number): unknown
  tool(options: unknown): unknown
  jsonSchema(schema: unknown): unknown
}
interface AiSdkTest {
  readonly MockLanguageModelV4: new (options: unknown) => unknown
}

const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
}

/** What the model is given: each result of a tool is a message. */
interface Call {
  readonly prompt: readonly { readonly role: string }[]
}

/** So many conversations, one after the other: steps per second. */
async function toolLoop(size: number): Promise<number> {
  const { generateText, isStepCount, tool, jsonSchema } = await library<AiSdk>('ai')
  const { MockLanguageModelV4 } = await library<AiSdkTest>('ai/test')
  const model = new MockLanguageModelV4({ doGenerate: async (call: Call) => reply(call) })
  let added = 0
  const add = tool({
    description: 'Adds',
    inputSchema: jsonSchema({
      type: 'object',
      properties: { amount: { type: 'number' } },
      required: ['amount'],
      additionalProperties: false,
    }),
    execute: async ({ amount }: { readonly amount: number }) => {
      added += amount
      return { ok: true }
    },
  })
  const start = performance.now()
  for (let i = 0; i < size; i += 1) {
    const stopWhen = isStepCount(loopSteps + 1)
    const { text } = await generateText({ model, tools: { add }, prompt: 'go', stopWhen })
    if (text !== 'done') throw new Error(`the model said ${JSON.stringify(text)}`)
  }
  const figure = perSecond(size * loopSteps, start)
  if (added !== size * loopSteps) throw new Error(`${added} tool calls were made`)
  return figure
}

function reply({ prompt }: Call): object {
  const results = prompt.filter(({ role }) => role === 'tool').length
  if (results >= loopSteps) {
    return {
      content: [{ type: 'text', text: 'done' }],
      finishReason: { unified: 'stop', raw: 'stop' },
      usage,
      warnings: [],
    }
  }
  const toolCallId = `call-${results}`
  return {
    content: [{ type: 'tool-call', toolCallId, toolName: 'add', input: '{"amount":1}' }],
    finishReason: { unified: 'tool-calls', raw: 'tool_use' },
    usage,
    warnings: [],
  }
}

export const works: PeerModule['works'] = { toolLoop }
