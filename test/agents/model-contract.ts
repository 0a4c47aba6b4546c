/**
 * What every model promises (`actors/agents/model.ts`), as one suite over all of them. An adapter
 * calls it with a world that makes its model answer in a given way.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { AttemptReport, Model, ModelChunk, ModelRequest } from '../../actors/agents/model.ts'
import { textOf, toolCallsOf } from '../../actors/agents/parts.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'

/** How the next call is to be answered. */
export type Way =
  /** Several pieces of text, then done. */
  | 'text'
  /** Cut by `maxOutputTokens`. */
  | 'long'
  /** One call of the tool `weather`. */
  | 'tool'

export interface ModelWorld {
  readonly model: Model
  /** Arranges the answer of the next call; the request for it, or why this model cannot. */
  ask(way: Way): ModelRequest | string
  /** The model runs elsewhere: what it says differs from call to call. */
  readonly live?: boolean
}

export type MakeWorld = (t: TestContext) => ModelWorld | Promise<ModelWorld>

/** @param skip why the whole suite cannot run here */
export function modelContract(name: string, make: MakeWorld, skip?: string): void {
  const promise = (
    title: string,
    way: Way,
    run: (world: ModelWorld, request: ModelRequest) => Promise<void>,
  ): void => {
    test(`${name}: ${title}`, { skip: skip ?? false }, async (t) => {
      const world = await make(t)
      const request = world.ask(way)
      if (typeof request === 'string') return t.skip(request)
      await run(world, request)
    })
  }

  promise('a reply is whole, with its finish and its usage', 'text', async ({ model }, request) => {
    const reply = await model.generate(request)
    assert.notEqual(textOf(reply.parts), '')
    assert.equal(reply.finishReason, 'stop')
    assert.ok(reply.usage.inputTokens > 0 && reply.usage.outputTokens > 0)
    assert.equal(reply.failedAttempts, undefined)
  })

  promise(
    'a stream is pieces, then one end that holds them all',
    'text',
    async (world, request) => {
      const chunks = await all(world.model.stream(request))
      const ends = chunks.filter(({ type }) => type === 'end')
      const end = chunks.at(-1)
      assert.equal(ends.length, 1)
      assert.ok(end?.type === 'end')
      const pieces = chunks.flatMap((chunk) => (chunk.type === 'text' ? [chunk.part] : []))
      assert.ok(pieces.length > 0)
      assert.equal(textOf(pieces), textOf(end.reply.parts))
    },
  )

  promise('the end of a stream is what generate gives', 'text', async (world, request) => {
    if (world.live === true) return
    const end = (await all(world.model.stream(request))).at(-1)
    world.ask('text')
    assert.deepEqual(end, { type: 'end', reply: await world.model.generate(request) })
  })

  promise('T5: a reply is plain data', 'text', async ({ model }, request) => {
    const reply = await model.generate(request)
    assert.deepEqual(decodeValue(encodeValue(reply)), reply)
  })

  promise('a request is read, never written', 'text', async ({ model }, request) => {
    const before = structuredClone(request)
    await model.generate(frozen(request))
    assert.deepEqual(request, before)
  })

  promise(
    'the meter hears of a call once, before it has settled',
    'text',
    async (world, request) => {
      const reports: AttemptReport[] = []
      const meter = (report: AttemptReport): unknown => reports.push(report)
      const { usage } = await world.model.generate(request, { meter })
      assert.deepEqual(
        reports.map(({ outcome, usage, attempt }) => ({ outcome, usage, attempt })),
        [{ outcome: 'done', usage, attempt: 1 }],
      )
      world.ask('text')
      await all(world.model.stream(request, { meter }))
      assert.deepEqual(
        reports.map(({ outcome }) => outcome),
        ['done', 'done'],
      )
    },
  )

  promise(
    'an aborted signal: nothing is asked, nothing is paid',
    'text',
    async (world, request) => {
      const reports: AttemptReport[] = []
      const options = {
        signal: AbortSignal.abort('enough'),
        meter: (report: AttemptReport): unknown => reports.push(report),
      }
      const error = { code: 'CANCELLED', cause: 'enough' }
      await assert.rejects(world.model.generate(request, options), error)
      await assert.rejects(all(world.model.stream(request, options)), error)
      assert.deepEqual(
        reports.filter(({ outcome, usage }) => outcome !== 'stopped' || usage.outputTokens > 0),
        [],
      )
    },
  )

  promise(
    'aborted between two pieces, a stream ends with CANCELLED',
    'text',
    async (world, request) => {
      const controller = new AbortController()
      const reports: AttemptReport[] = []
      const stream = world.model.stream(request, {
        signal: controller.signal,
        meter: (report) => reports.push(report),
      })
      const seen: ModelChunk[] = []
      const reading = (async () => {
        for await (const chunk of stream) {
          seen.push(chunk)
          controller.abort('enough')
        }
      })()
      await assert.rejects(reading, { code: 'CANCELLED', cause: 'enough' })
      assert.equal(seen.length, 1)
      assert.deepEqual(
        reports.map(({ outcome }) => outcome),
        ['stopped'],
      )
      assert.ok((reports[0] as AttemptReport).usage.inputTokens > 0)
    },
  )

  promise(
    'a reader who leaves ends the call, and it is metered',
    'text',
    async (world, request) => {
      const reports: AttemptReport[] = []
      for await (const _ of world.model.stream(request, {
        meter: (report) => reports.push(report),
      })) {
        break
      }
      assert.deepEqual(
        reports.map(({ outcome }) => outcome),
        ['stopped'],
      )
      assert.ok((reports[0] as AttemptReport).usage.inputTokens > 0)
    },
  )

  promise('a reply cut by its limit says so', 'long', async ({ model }, request) => {
    const reply = await model.generate(request)
    assert.equal(reply.finishReason, 'length')
  })

  promise('a tool call is whole, in a stream too', 'tool', async (world, request) => {
    const streamed = await all(world.model.stream(request))
    world.ask('tool')
    const generated = await world.model.generate(request)
    const pieces = streamed.flatMap((chunk) => (chunk.type === 'tool-call' ? [chunk.part] : []))
    const end = streamed.at(-1)
    assert.ok(end?.type === 'end')
    assert.deepEqual(toolCallsOf(end.reply.parts), pieces)
    for (const reply of [end.reply, generated]) {
      assert.equal(reply.finishReason, 'tool-calls')
      const [call] = toolCallsOf(reply.parts)
      assert.ok(call !== undefined)
      assert.equal(call.name, 'weather')
      assert.equal(typeof (call.input as { city?: unknown }).city, 'string')
      assert.equal(call.malformed, undefined)
    }
  })

  promise(
    'a wrong request is refused before anything is sent',
    'text',
    async ({ model }, request) => {
      for (const wrong of [
        { ...request, maxOutputTokens: 0 },
        { ...request, maxOutputTokens: undefined },
        { ...request, messages: [] },
        { ...request, messages: [{ role: 'user', parts: [{ type: 'image' }] }] },
        { ...request, messages: [{ role: 'user', parts: [{ type: 'text', text: 1 }] }] },
        { ...request, messages: [{ role: 'user', parts: [null] }] },
        { ...request, temprature: 1 },
        { ...request, tools: [weather, weather] },
        { ...request, tools: [{ ...weather, name: 'no spaces' }] },
        { ...request, toolChoice: { tool: 'unknown' } },
      ] as unknown as readonly ModelRequest[]) {
        await assert.rejects(model.generate(wrong), { code: 'OPTION_INVALID' })
        await assert.rejects(all(model.stream(wrong)), { code: 'OPTION_INVALID' })
      }
    },
  )
}

/** The tool of the suite. */
export const weather = {
  name: 'weather',
  description: 'The weather in a city.',
  inputSchema: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
  },
}

/** A request in plain words. */
export const plainRequest = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  purpose: 'test',
  system: 'You are a test.',
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Count to five, in words.' }] }],
  maxOutputTokens: 200,
  ...more,
})

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

function frozen<T extends object>(value: T): T {
  for (const each of Object.values(value)) if (typeof each === 'object') frozen(each as object)
  return Object.freeze(value)
}
