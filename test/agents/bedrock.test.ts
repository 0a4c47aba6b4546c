/** What Bedrock's model promises beyond the contract of all models, before a local Bedrock. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import type { ModelReply, ToolSpec } from '../../actors/agents/model.ts'
import { bedrockModel } from '../../actors/agents/models/bedrock.ts'
import type { Gate } from '../../actors/agents/models/gate.ts'
import { LocalGate } from '../../actors/agents/models/local-gate.ts'
import { inputEstimate } from '../../actors/agents/models/usage.ts'
import type { Json, Part } from '../../actors/agents/parts.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'
import {
  type Answer,
  answer,
  bedrockServer,
  blockEnd,
  cited,
  type Frame,
  input,
  seal,
  start,
  stop,
  text,
  thought,
  tool,
  toolAnswer,
  usage,
} from './bedrock-server.ts'
import { bedrockWorld, local, modelId, type Run } from './bedrock-support.ts'
import { all, modelContract, plainRequest, weather } from './model-contract.ts'

modelContract('bedrock', async (t) => {
  const { server, model } = await bedrockWorld(t)
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

const live = process.env['TROUPE_BEDROCK_MODEL']
modelContract(
  'bedrock, the real service',
  (t) => {
    const model = bedrockModel(live ?? '')
    t.after(() => model.close())
    const tooFew = { text: 200, long: 3, tool: 500 }
    const question = { type: 'text', text: 'What is the weather in Bonn?' } as const
    return {
      live: true,
      model,
      ask: (way) =>
        plainRequest({
          maxOutputTokens: tooFew[way],
          ...(way === 'tool' && {
            tools: [weather],
            messages: [{ role: 'user', parts: [question] }],
          }),
        }),
    }
  },
  live === undefined
    ? 'TROUPE_BEDROCK_MODEL names no model: set it to a model id, with region and credentials in the environment'
    : undefined,
)

const ended = ({ chunks, error }: Run): ModelReply => {
  assert.equal(error, undefined)
  const end = chunks.at(-1)
  assert.ok(end?.type === 'end')
  return end.reply
}

const typesOf = ({ chunks }: Run): string => chunks.map(({ type }) => type).join(' ')

test('a request goes to Converse and ConverseStream with its limit, its id in the path', async (t) => {
  const { server, model } = await bedrockWorld(t, { promptCache: false })
  server.answers.push(answer('a'), answer('a'))
  const request = plainRequest({ temperature: 0.5, stopSequences: ['END'], maxOutputTokens: 77 })
  await model.generate(request)
  await all(model.stream(request))
  assert.deepEqual(
    server.asked.map(({ path }) => path),
    ['/model/vendor.model-1%3A0/converse', '/model/vendor.model-1%3A0/converse-stream'],
  )
  for (const { body } of server.asked) {
    assert.deepEqual(body, {
      system: [{ text: 'You are a test.' }],
      messages: [{ role: 'user', content: [{ text: 'Count to five, in words.' }] }],
      inferenceConfig: { maxTokens: 77, temperature: 0.5, stopSequences: ['END'] },
    })
  }
})

test('a conversation with thoughts, calls and results is said again as it was', async (t) => {
  const { server, model } = await bedrockWorld(t)
  const said = [start, thought(0, 'hm'), seal(0, 'S'), blockEnd(0), ...toolAnswer(1).slice(1)]
  server.answers.push(said, answer('rain'))
  const first = plainRequest({ tools: [weather] })
  const { parts } = await model.generate(first)
  const result = { type: 'tool-result', call: 'w1', name: 'weather' } as const
  const results: Part[] = [
    { ...result, output: { rain: true } },
    { ...result, output: 'no such city', failed: true },
  ]
  await model.generate({
    ...first,
    messages: [
      ...first.messages,
      { role: 'assistant', parts },
      { role: 'user', parts: results },
      { role: 'user', parts: [{ type: 'text', text: 'So?' }] },
    ],
  })
  assert.deepEqual(server.asked[1]?.body.messages.slice(1), [
    {
      role: 'assistant',
      content: [
        { reasoningContent: { reasoningText: { text: 'hm', signature: 'S' } } },
        { toolUse: { toolUseId: 'w1', name: 'weather', input: { city: 'Bonn' } } },
      ],
    },
    {
      role: 'user',
      content: [
        { toolResult: { toolUseId: 'w1', content: [{ json: { rain: true } }] } },
        { toolResult: { toolUseId: 'w1', content: [{ text: 'no such city' }], status: 'error' } },
        { text: 'So?' },
      ],
    },
  ])
})

test('thoughts come as pieces, their seal with the whole reply', async (t) => {
  const world = await bedrockWorld(t)
  const frames = [start, thought(0, 'h'), thought(0, 'm'), seal(0, 'S'), blockEnd(0), text(1, 'x')]
  const run = await world.run(plainRequest(), [...frames, blockEnd(1), stop(), usage()])
  assert.equal(typesOf(run), 'reasoning reasoning text end')
  assert.deepEqual(ended(run).parts, [
    { type: 'reasoning', text: 'hm', seal: 'S' },
    { type: 'text', text: 'x' },
  ])
})

test('fragments of a tool call are joined; what is no JSON object is handed over as written', async (t) => {
  const world = await bedrockWorld(t)
  const calls = (...inputs: readonly string[]): Frame[] => [
    start,
    ...inputs.flatMap((written, at) => [
      tool(at, `t${at}`, 'weather'),
      input(at, written),
      blockEnd(at),
    ]),
    stop('tool_use'),
    usage(),
  ]
  const deep = '['.repeat(2_000) + ']'.repeat(2_000)
  const written = ['{"city":', '["Bonn"]', '', `{"a":${deep}}`, '{"__proto__":{"x":1}}', '{"a":1}']
  const reply = ended(await world.run(plainRequest({ tools: [weather] }), calls(...written)))
  const inputs = reply.parts.map(
    (part) => part.type === 'tool-call' && [part.input, part.malformed],
  )
  assert.deepEqual(inputs.slice(0, 4), [
    [{}, '{"city":'],
    [{}, '["Bonn"]'],
    [{}, undefined],
    [{}, `{"a":${deep}}`],
  ])
  assert.deepEqual(inputs[5], [{ a: 1 }, undefined])
})

test('every stop reason of the service is data, those nobody knows yet too', async (t) => {
  const world = await bedrockWorld(t)
  const reasons: readonly (readonly [string, string])[] = [
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['tool_use', 'tool-calls'],
    ['max_tokens', 'length'],
    ['guardrail_intervened', 'refused'],
    ['content_filtered', 'refused'],
    ['malformed_model_output', 'malformed'],
    ['malformed_tool_use', 'malformed'],
    ['model_context_window_exceeded', 'context-full'],
    ['of_tomorrow', 'of_tomorrow'],
    ['constructor', 'constructor'],
  ]
  for (const [serviceReason, finishReason] of reasons) {
    const frames = [start, text(0, 'x'), blockEnd(0), stop(serviceReason), usage()]
    const reply = ended(await world.run(plainRequest(), frames))
    assert.deepEqual([reply.finishReason, reply.serviceReason], [finishReason, serviceReason])
  }
})

test('usage has what the cache gave and took, and the cost by the price', async (t) => {
  const price = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 }
  const world = await bedrockWorld(t, { price })
  const counted = usage(100, 10, { cacheReadInputTokens: 1_000, cacheWriteInputTokens: 200 })
  const run = await world.run(plainRequest(), [start, text(0, 'x'), blockEnd(0), stop(), counted])
  assert.deepEqual(ended(run).usage, {
    inputTokens: 100,
    outputTokens: 10,
    cacheReadTokens: 1_000,
    cacheWriteTokens: 200,
    cost: (100 * 3 + 10 * 15 + 1_000 * 0.3 + 200 * 3.75) / 1e6,
  })
})

test('the cached prefix is the same to the byte, whatever the order of tools and keys', async (t) => {
  const { server, model } = await bedrockWorld(t, { promptCache: true })
  server.answers.push(answer('a'), answer('a'))
  const search = { ...weather, name: 'search' }
  const turned = (value: Json): Json =>
    typeof value !== 'object' || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([k, v]) => [k, turned(v)]),
        )
  const inputSchema = turned(weather.inputSchema) as ToolSpec['inputSchema']
  await model.generate(plainRequest({ tools: [weather, search] }))
  await model.generate(plainRequest({ tools: [search, { ...weather, inputSchema }] }))
  const [one, two] = server.asked
  assert.equal(one?.text, two?.text)
  assert.deepEqual(
    one?.body.toolConfig.tools.map(
      (each: { toolSpec?: { name: string } }) => each.toolSpec?.name ?? each,
    ),
    ['search', 'weather', { cachePoint: { type: 'default' } }],
  )
  assert.deepEqual(one?.body.system.at(-1), { cachePoint: { type: 'default' } })
  assert.deepEqual(one?.body.messages.at(-1).content.at(-1), { cachePoint: { type: 'default' } })
})

test('documents are cited by their lines, and a cited text is one piece', async (t) => {
  const world = await bedrockWorld(t, { documents: 'cited' })
  const parts: Part[] = [
    { type: 'document', id: 'a', title: 'A', text: 'one' },
    { type: 'document', id: 'b', text: 'two\n\nthree\nfour' },
    { type: 'text', text: 'Which?' },
  ]
  const run = await world.run(plainRequest({ messages: [{ role: 'user', parts }] }), [
    start,
    text(0, 'Three '),
    text(0, 'and four.'),
    cited(0, 1, 1, 3),
    cited(0, 7, 0, 1),
    blockEnd(0),
    stop(),
    usage(),
  ])
  const said = {
    type: 'text',
    text: 'Three and four.',
    citations: [{ document: 'b', firstLine: 2, lastLine: 3 }],
  }
  assert.deepEqual(run.chunks[0], { type: 'text', part: said })
  assert.deepEqual(ended(run).parts, [said])
  assert.deepEqual(world.server.asked[0]?.body.messages[0].content[1], {
    searchResult: {
      source: 'b',
      title: 'b',
      content: [{ text: 'two' }, { text: 'three' }, { text: 'four' }],
      citations: { enabled: true },
    },
  })
})

test('a guardrail and fields of the model go along', async (t) => {
  const guardrail = { id: 'g', version: '1' }
  const { server, model } = await bedrockWorld(t, { guardrail, modelFields: { thinking: true } })
  server.answers.push(answer('a'))
  await model.generate(plainRequest())
  const { guardrailConfig, additionalModelRequestFields } = server.asked[0]?.body ?? {}
  assert.deepEqual(guardrailConfig, { guardrailIdentifier: 'g', guardrailVersion: '1' })
  assert.deepEqual(additionalModelRequestFields, { thinking: true })
})

// Faults.

/** What breaks a stream, as an answer whose first piece has been said; and the code it is known by. */
const breaks: readonly (readonly [string, readonly Frame[], string])[] = [
  ['a truncated frame', ['truncated'], 'STREAM_BROKEN'],
  ['a bad checksum', ['corrupt'], 'STREAM_BROKEN'],
  ['a clean early end', ['end'], 'STREAM_BROKEN'],
  ['a reset', ['reset'], 'STREAM_BROKEN'],
  ['a throttle', [{ exception: 'throttlingException' }], 'MODEL_THROTTLED'],
  ['an internal error', [{ exception: 'internalServerException' }], 'MODEL_UNAVAILABLE'],
  ['a broken model', [{ exception: 'modelStreamErrorException' }], 'MODEL_UNAVAILABLE'],
  ['a service gone', [{ exception: 'serviceUnavailableException' }], 'MODEL_UNAVAILABLE'],
  ['an exception of tomorrow', [{ exception: 'tomorrowException' }], 'STREAM_BROKEN'],
]

for (const [name, frames, code] of breaks) {
  test(`${name} after the first piece: a new attempt, and the old one is recorded`, async (t) => {
    const world = await bedrockWorld(t)
    const run = await world.run(plainRequest(), [start, text(0, 'on'), ...frames], answer('one'))
    assert.equal(typesOf(run), 'text restarted text end')
    const { parts, failedAttempts } = ended(run)
    assert.deepEqual(parts, [{ type: 'text', text: 'one' }])
    assert.equal(failedAttempts?.length, 1)
    const [failed] = failedAttempts ?? []
    assert.deepEqual([failed?.code, failed?.pieces, failed?.usage.estimated], [code, 1, true])
    assert.deepEqual(run.chunks[1], { type: 'restarted', failed })
    assert.deepEqual(
      world.reports.map(({ outcome, attempt, usage }) => [outcome, attempt, usage.estimated]),
      [
        ['failed', 1, true],
        ['done', 2, undefined],
      ],
    )
  })
}

test('a stream that is cut before its end is an error, not a short answer', async (t) => {
  const world = await bedrockWorld(t, { retry: { attempts: 1 } })
  for (const cut of ['end', 'truncated', 'corrupt', 'reset'] as const) {
    const { chunks, error } = await world.run(plainRequest(), [start, text(0, 'on'), cut])
    assert.equal(chunks.length, 1)
    assert.equal(error.code, 'STREAM_BROKEN')
  }
})

test('a terminal exception in a stream is not tried again', async (t) => {
  const world = await bedrockWorld(t)
  const frames = [start, text(0, 'x'), { exception: 'validationException', message: 'too long' }]
  const { error } = await world.run(plainRequest(), frames)
  assert.equal(error.code, 'MODEL_REQUEST_INVALID')
  assert.match(error.message, /too long/)
  assert.equal(world.server.asked.length, 1)
})

const refusals: readonly (readonly [number, string, string, boolean])[] = [
  [429, 'ThrottlingException', 'MODEL_THROTTLED', true],
  [429, 'ModelNotReadyException', 'MODEL_UNAVAILABLE', true],
  [503, 'ServiceUnavailableException', 'MODEL_UNAVAILABLE', true],
  [500, 'InternalServerException', 'MODEL_UNAVAILABLE', true],
  [408, 'ModelTimeoutException', 'MODEL_TIMEOUT', true],
  [424, 'ModelErrorException', 'MODEL_UNAVAILABLE', true],
  [502, 'SomeProxy', 'MODEL_UNAVAILABLE', true],
  [400, 'ValidationException', 'MODEL_REQUEST_INVALID', false],
  [403, 'AccessDeniedException', 'MODEL_DENIED', false],
  [404, 'ResourceNotFoundException', 'MODEL_MISSING', false],
  [418, 'SomeProxy', 'MODEL_REQUEST_INVALID', false],
]

for (const [status, name, code, retried] of refusals) {
  test(`${status} ${name} is ${code}, ${retried ? 'tried again' : 'final'}`, async (t) => {
    const world = await bedrockWorld(t, { retry: { attempts: 2 } })
    const refusal: Answer = { status, error: name, message: 'because' }
    const { error } = await world.run(plainRequest(), refusal, refusal)
    assert.equal(error.code, code)
    assert.equal(error.disposition, retried ? 'retryable' : 'terminal')
    assert.match(error.message, /because/)
    assert.equal(world.server.asked.length, retried ? 2 : 1)
    assert.equal(error.fields.failedAttempts.length, retried ? 1 : 0)
    assert.equal(error.fields.requestId, 'request-1')
    // Turned away, nothing was used.
    assert.deepEqual(error.fields.usage, { inputTokens: 0, outputTokens: 0 })
  })
}

test('a service that cannot be reached is MODEL_UNAVAILABLE', async (t) => {
  const { server, run } = await bedrockWorld(t, { retry: { attempts: 1 } })
  await server.close()
  const { error } = await run(plainRequest())
  assert.equal(error.code, 'MODEL_UNAVAILABLE')
})

test('one layer retries: jitter over a doubling bound, and never before Retry-After', async (t) => {
  const world = await bedrockWorld(t, { retry: { attempts: 4, backoff: 1_000 } })
  const throttled = (headers = {}): Answer => ({
    status: 429,
    error: 'ThrottlingException',
    headers,
  })
  const started = world.clock.mono()
  await world.run(plainRequest(), throttled(), throttled({ 'retry-after': '7' }), answer('a'))
  // Half of 1,000, then 7,000 and half of 2,000.
  assert.equal(world.clock.mono() - started, 500 + 7_000 + 1_000)
  assert.equal(world.server.asked.length, 3)
})

test('a service that asks for more patience than there is gets no retry, and the caller is told', async (t) => {
  const world = await bedrockWorld(t)
  const { error } = await world.run(plainRequest(), {
    status: 429,
    error: 'ThrottlingException',
    headers: {
      'retry-after': 'Wed, 25 Nov 2026 10:05:00 GMT',
      date: 'Wed, 25 Nov 2026 10:00:00 GMT',
    },
  })
  assert.equal(error.fields.retryAfter, 300_000)
  assert.equal(world.server.asked.length, 1)
})

test('an outage is not answered with a multiple of its load: retries have a budget', async (t) => {
  const world = await bedrockWorld(t, { retry: { attempts: 4, budget: 4 } })
  const down: Answer = { status: 503, error: 'ServiceUnavailableException' }
  for (let call = 0; call < 5; call += 1) await world.run(plainRequest(), down, down, down, down)
  assert.equal(world.server.asked.length, 5 + 4)
  world.server.answers.length = 0
  // Five that succeed earn one retry.
  for (let call = 0; call < 5; call += 1) ended(await world.run(plainRequest(), answer('a')))
  const before = world.server.asked.length
  await world.run(plainRequest(), down, down)
  assert.equal(world.server.asked.length - before, 2)
})

const patient = { retry: { attempts: 1 } }

for (const [name, frames] of [
  ['a slow first byte', 'silence'],
  ['a stall in the middle', [start, text(0, 'x'), 'stall']],
] as const) {
  test(`${name} ends with the idle timeout, and the connection with it`, async (t) => {
    const { server, model, clock } = await bedrockWorld(t, { ...patient, idleTimeout: 5_000 })
    server.answers.push(frames)
    const iterator = model.stream(plainRequest())[Symbol.asyncIterator]()
    let next = iterator.next()
    const { over } = await server.arrived(1)
    if (frames !== 'silence') {
      await next
      next = iterator.next()
    }
    clock.advance(5_000)
    await assert.rejects(next, { code: 'MODEL_TIMEOUT', message: /silent for 5000 ms/ })
    assert.equal(await over, 'cut')
    assert.equal(clock.pending, 0)
  })
}

test('every event is a sign of life, but the whole has its limit', async (t) => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const options = { ...patient, idleTimeout: 5_000, requestTimeout: 9_000 }
  const { server, model, clock } = await bedrockWorld(t, options)
  const [one, two] = gates.map(({ promise }) => promise) as [Promise<void>, Promise<void>]
  server.answers.push([start, text(0, 'a'), one, text(0, 'b'), two])
  const iterator = model.stream(plainRequest())[Symbol.asyncIterator]()
  await iterator.next()
  clock.advance(4_000)
  gates[0]?.resolve()
  await iterator.next()
  const late = iterator.next()
  clock.advance(4_000)
  clock.advance(1_000)
  await assert.rejects(late, { code: 'MODEL_TIMEOUT', message: /within 9000 ms/ })
  gates[1]?.resolve()
})

test('a whole reply has a limit too', async (t) => {
  const { server, model, clock } = await bedrockWorld(t, { ...patient, requestTimeout: 9_000 })
  server.answers.push('silence')
  const reply = model.generate(plainRequest())
  const { over } = await server.arrived(1)
  clock.advance(9_000)
  await assert.rejects(reply, { code: 'MODEL_TIMEOUT' })
  assert.equal(await over, 'cut')
})

test('an abort ends the stream in flight at once, and what it used is estimated and metered', async (t) => {
  const { server, model, reports } = await bedrockWorld(t, { price: { input: 1, output: 1 } })
  server.answers.push([start, text(0, 'x'.repeat(400)), 'stall'])
  const controller = new AbortController()
  const iterator = model
    .stream(plainRequest(), { signal: controller.signal, meter: (one) => reports.push(one) })
    [Symbol.asyncIterator]()
  await iterator.next()
  const next = iterator.next()
  controller.abort('enough')
  await assert.rejects(next, { code: 'CANCELLED', cause: 'enough' })
  assert.equal(await server.asked[0]?.over, 'cut')
  assert.equal(reports.length, 1)
  const [{ outcome, usage: used } = assert.fail()] = reports
  assert.equal(outcome, 'stopped')
  assert.equal(used.outputTokens, 100)
  assert.equal(used.estimated, true)
  assert.ok((used.cost ?? 0) > 0)
})

test('an abort ends a whole reply that is waited for, and the wait before a retry', async (t) => {
  const { server, model, clock } = await bedrockWorld(t)
  server.answers.push('silence', { status: 503, error: 'ServiceUnavailableException' })
  for (const call of [1, 2]) {
    const controller = new AbortController()
    const reply = model.generate(plainRequest(), { signal: controller.signal })
    const { over } = await server.arrived(call)
    if (call === 2) await pendingIs(1)
    controller.abort()
    await assert.rejects(reply, { code: 'CANCELLED' })
    await over
  }
  assert.equal(server.asked.length, 2)
  assert.equal(clock.pending, 0)

  async function pendingIs(alarms: number): Promise<void> {
    while (clock.pending !== alarms) await new Promise((resolve) => setImmediate(resolve))
  }
})

test('cancelling an agent ends its model stream in flight, at the service too', async (t) => {
  const { server, model } = await bedrockWorld(t)
  const Agent = contract('agent', { answer: message() })
  const agent = actor(Agent, {
    durable: true,
    on: {
      answer: (ctx) =>
        ctx.effect('model', {}, async ({ signal }) => {
          for await (const _ of model.stream(plainRequest(), { signal }));
        }),
    },
  })
  const system = await createTestSystem(app(import.meta.url, { actors: [agent] }))
  t.after(() => system.close())
  server.answers.push([start, text(0, 'x'), 'stall'])
  const controller = new AbortController()
  const asked = system.ref(Agent, 'a').ask.answer(undefined, { signal: controller.signal })
  const { over } = await server.arrived(1)
  controller.abort()
  await assert.rejects(asked, { code: 'CANCELLED' })
  assert.equal(await over, 'cut')
})

test('a reader who leaves closes the stream at the service', async (t) => {
  const { server, model } = await bedrockWorld(t)
  server.answers.push([start, text(0, 'x'), 'stall'])
  for await (const _ of model.stream(plainRequest())) break
  assert.equal(await server.asked[0]?.over, 'cut')
})

test('each attempt passes the gate on its own: its reservation first, what became of it then', async (t) => {
  const log: unknown[] = []
  const gate: Gate = {
    enter: async (request) => {
      log.push(request)
      return { settle: (settlement) => log.push(settlement) }
    },
  }
  const { server, model, clock } = await bedrockWorld(t, { gate })
  const headers = { 'retry-after': '3' }
  server.answers.push({ status: 429, error: 'ThrottlingException', headers }, answer('a'))
  const request = plainRequest({ system: '', maxOutputTokens: 100 })
  const reply = model.generate(request, { lane: 'high', tenant: 'acme' })
  while (log.length < 2) await new Promise((resolve) => setImmediate(resolve))
  clock.advance(4_000)
  await reply
  const entered = { tokens: inputEstimate(request) + 100, lane: 'high', tenant: 'acme' }
  assert.deepEqual(log, [entered, { tokens: 0, retryAfter: 3_000 }, entered, { tokens: 18 }])
})

test('a call that is aborted at the gate asks the service nothing', async (t) => {
  const gate = new LocalGate({ concurrency: 1 })
  const { server, model } = await bedrockWorld(t, { gate })
  const permit = await gate.enter({})
  const controller = new AbortController()
  const reply = model.generate(plainRequest(), { signal: controller.signal })
  controller.abort()
  await assert.rejects(reply, { code: 'CANCELLED' })
  permit.settle()
  assert.deepEqual(server.asked, [])
})

test('connections do not pile up, however the streams end', async (t) => {
  const { server, model } = await bedrockWorld(t, { retry: { attempts: 1 } })
  const begun: readonly Frame[] = [start, text(0, 'x')]
  server.answers.push(answer('a'), [...begun, 'end'], [...begun, 'corrupt'])
  for (let n = 0; n < 3; n += 1) await all(model.stream(plainRequest())).catch(() => {})
  server.answers.push([...begun, 'stall'], [...begun, 'stall'])
  for await (const _ of model.stream(plainRequest())) break
  const controller = new AbortController()
  const { signal } = controller
  const aborted = (async () => {
    for await (const _ of model.stream(plainRequest(), { signal })) controller.abort()
  })()
  await assert.rejects(aborted, { code: 'CANCELLED' })
  assert.equal(server.asked.length, 5)
  // The client closes them in its own time; those it kept would be there until the test's limit.
  while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve))
})

test('what breaks after the stop breaks only the count', async (t) => {
  const world = await bedrockWorld(t)
  const run = await world.run(plainRequest(), [start, text(0, 'x'), blockEnd(0), stop(), 'corrupt'])
  const reply = ended(run)
  assert.equal(reply.usage.estimated, true)
  assert.equal(world.server.asked.length, 1)
})

test('the endpoint and the region are found as the AWS client finds them', async (t: TestContext) => {
  const server = await bedrockServer()
  const environment = {
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: server.url,
    AWS_REGION: 'eu-west-3',
    AWS_ACCESS_KEY_ID: 'from-environment',
    AWS_SECRET_ACCESS_KEY: 's',
  }
  const before = { ...process.env }
  Object.assign(process.env, environment)
  const model = bedrockModel(modelId)
  t.after(async () => {
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
    model.close()
    await server.close()
  })
  server.answers.push(answer('a'))
  await model.generate(plainRequest())
  const { authorization } = server.asked[0]?.headers ?? {}
  assert.match(String(authorization), /Credential=from-environment\/\d+\/eu-west-3\/bedrock\//)
})

test('an option that does not fit is refused by name', async (t) => {
  const server = await bedrockServer()
  t.after(() => server.close())
  const refused = (options: object, message: RegExp): void =>
    assert.throws(() => bedrockModel(modelId, { ...local(server), ...options }), {
      code: 'OPTION_INVALID',
      message,
    })
  refused({ regoin: 'x' }, /did you mean "region"/)
  refused({ retry: { attempts: 0 } }, /attempts/)
  refused({ idleTimeout: -1 }, /idleTimeout/)
  refused({ documents: 'pdf' }, /documents/)
  assert.throws(() => bedrockModel(''), { code: 'OPTION_INVALID' })
})
