/** Models of the AI SDK: a real provider of it before the local Bedrock, over HTTP/1.1. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createAmazonBedrock } from '@ai-sdk/amazon-bedrock'
import type { Model, ModelChunk } from '../../actors/agents/model.ts'
import { aiSdkModel } from '../../actors/agents/models/ai-sdk.ts'
import type { AiSdkLanguageModel } from '../../actors/agents/models/ai-sdk-types.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import {
  answer,
  type BedrockServer,
  bedrockServer,
  blockEnd,
  type Frame,
  seal,
  start,
  stop,
  text,
  thought,
  toolAnswer,
  usage,
} from './bedrock-server.ts'
import { all, modelContract, plainRequest, weather } from './model-contract.ts'

async function world(t: TestContext): Promise<{
  readonly server: BedrockServer
  readonly model: Model
  readonly clock: VirtualClock
}> {
  const server = await bedrockServer('h1')
  t.after(() => server.close())
  const provider = createAmazonBedrock({
    region: 'eu-central-1',
    accessKeyId: 'k',
    secretAccessKey: 's',
    baseURL: server.url,
  })
  const clock = new VirtualClock()
  const model = aiSdkModel(provider('vendor.model-1:0'), { clock, retry: { attempts: 1 } })
  return { server, model, clock }
}

modelContract('ai-sdk', async (t) => {
  const { server, model } = await world(t)
  return {
    model,
    ask(way) {
      const ways = {
        text: answer('one ', 'two'),
        long: [start, text(0, 'one'), blockEnd(0), stop('max_tokens'), usage()],
        tool: toolAnswer(),
      }
      server.answers.splice(0, server.answers.length, ways[way])
      return plainRequest({ tools: [weather] })
    },
  }
})

const breaks: readonly (readonly [string, readonly Frame[], string])[] = [
  ['a truncated frame', ['truncated'], 'STREAM_BROKEN'],
  ['a bad checksum', ['corrupt'], 'STREAM_BROKEN'],
  ['a clean early end, reported as a finish', ['end'], 'STREAM_BROKEN'],
  ['a reset', ['reset'], 'STREAM_BROKEN'],
  ['a throttle', [{ exception: 'throttlingException' }], 'MODEL_THROTTLED'],
  ['an internal error', [{ exception: 'internalServerException' }], 'MODEL_UNAVAILABLE'],
]
for (const [name, frames, code] of breaks) {
  test(`ai-sdk: ${name} in a stream is an error, not a short answer`, async (t) => {
    const { server, model } = await world(t)
    server.answers.push([start, text(0, 'on'), ...frames])
    await assert.rejects(all(model.stream(plainRequest())), { code })
  })
}

for (const [status, name, code] of [
  [429, 'ThrottlingException', 'MODEL_THROTTLED'],
  [400, 'ValidationException', 'MODEL_REQUEST_INVALID'],
  [403, 'AccessDeniedException', 'MODEL_DENIED'],
  [503, 'ServiceUnavailableException', 'MODEL_UNAVAILABLE'],
] as const) {
  test(`ai-sdk: ${status} is ${code}`, async (t) => {
    const { server, model } = await world(t)
    const headers = { 'retry-after': '2' }
    server.answers.push({ status, error: name, headers, message: 'because' })
    const error = await model.generate(plainRequest()).then(
      () => assert.fail('no error'),
      (reason) => reason,
    )
    assert.equal(error.code, code)
    assert.equal(error.fields.retryAfter, 2_000)
    assert.deepEqual(error.fields.usage, { inputTokens: 0, outputTokens: 0 })
  })
}

test('ai-sdk: a stall ends with the idle timeout, and the request with it', async (t) => {
  const { server, model, clock } = await world(t)
  server.answers.push([start, text(0, 'x'), 'stall'])
  const iterator = model.stream(plainRequest())[Symbol.asyncIterator]()
  await iterator.next()
  const next = iterator.next()
  clock.advance(60_000)
  await assert.rejects(next, { code: 'MODEL_TIMEOUT' })
  assert.equal(await server.asked[0]?.over, 'cut')
})

test('ai-sdk: a conversation with thoughts, calls and results is said again as it was', async (t) => {
  const { server, model } = await world(t)
  const said = [start, thought(0, 'hm'), seal(0, 'S'), blockEnd(0), ...toolAnswer(1).slice(1)]
  server.answers.push(said, answer('rain'))
  const first = plainRequest({ tools: [weather] })
  const end = (await all<ModelChunk>(model.stream(first))).at(-1)
  assert.ok(end?.type === 'end')
  await model.generate({
    ...first,
    messages: [
      ...first.messages,
      { role: 'assistant', parts: end.reply.parts },
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'So?' },
          { type: 'tool-result', call: 'w1', name: 'weather', output: { rain: true } },
        ],
      },
    ],
  })
  const [, assistant, user] = server.asked[1]?.body.messages ?? []
  assert.deepEqual(assistant.content, [
    { reasoningContent: { reasoningText: { text: 'hm', signature: 'S' } } },
    { toolUse: { toolUseId: 'w1', name: 'weather', input: { city: 'Bonn' } } },
  ])
  assert.equal(user.content[0].toolResult.toolUseId, 'w1')
  assert.deepEqual(user.content[1], { text: 'So?' })
})

test('ai-sdk: another version of the interface is refused', () => {
  const old = { specificationVersion: 'v2', provider: 'p', modelId: 'm' }
  assert.throws(() => aiSdkModel(old as unknown as AiSdkLanguageModel), {
    code: 'OPTION_INVALID',
    message: /v4 .* got v2/,
  })
})
