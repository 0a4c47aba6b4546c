/** Tools: what is refused before anything runs, and what a model is told when something goes wrong. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import * as v from 'valibot'
import { z } from 'zod'
import { actor } from '../../actors/actor.ts'
import type { Json, ToolResultPart } from '../../actors/agents/parts.ts'
import { checkCall, runTool, type ToolDesk } from '../../actors/agents/tools/run-tool.ts'
import { type Tool, tool } from '../../actors/agents/tools/tool.ts'
import { toolbox } from '../../actors/agents/tools/toolbox.ts'
import { app } from '../../actors/app.ts'
import type { Context } from '../../actors/context.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { Clock } from '../../mailbox/clock.ts'
import { terminal } from '../../mailbox/errors.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'
import { code } from '../durable/support.ts'

const Caller = contract('caller', {
  call: message<{ name: string; input: Json }, { result: ToolResultPart }>(),
})
const Shop = contract('shop', { price: message<string, number>() })

const add = (parts: { execute: (n: number) => unknown; maxOutput?: number; timeout?: number }) =>
  tool({
    name: 'add',
    description: 'Adds one.',
    input: z.object({ n: z.number() }),
    ...parts,
    execute: ({ n }) => parts.execute(n),
  })

/** A turn without a budget. */
const deskOf = (ctx: Context<typeof Caller.messages, { calls: number }>): ToolDesk => ({
  self: ctx.self,
  message: ctx.message,
  signal: ctx.signal,
  deps: ctx.deps,
  ref: (contract, key) => ctx.ref(contract, key),
  now: () => ctx.now(),
  effect: (...args) => ctx.effect(...args),
  lease: () => ({ lease: { depth: 1 }, settle: () => undefined }),
})

/** A durable actor that makes one tool call in each turn. */
async function calling(t: TestContext, ...tools: readonly Tool[]) {
  const box = toolbox(tools)
  const time: { clock?: Clock } = {}
  const caller = actor(Caller, {
    durable: true,
    state: () => ({ calls: 0 }),
    on: {
      async call(ctx, { name, input }) {
        ctx.state.calls += 1
        const part = { type: 'tool-call' as const, id: `id-${ctx.state.calls}`, name, input }
        const checked = await checkCall(box, part)
        return {
          result: 'tool' in checked ? await runTool(deskOf(ctx), checked, time.clock) : checked,
        }
      },
    },
  })
  const shop = actor(Shop, {
    on: {
      price(_ctx, item) {
        if (item === 'gold') throw terminal('not for sale')
        return item.length
      },
    },
  })
  const system = await createTestSystem(app(import.meta.url, { actors: [caller, shop] }))
  time.clock = system.clock
  t.after(() => system.close())
  const call = async (name: string, input: Json): Promise<ToolResultPart> =>
    (await system.ref(Caller, 'a').ask.call({ name, input })).result
  return { system, call }
}

const errorOf = ({ failed, output }: ToolResultPart): string => {
  assert.equal(failed, true)
  return (output as { error: string }).error
}

test('a tool has the JSON Schema of its input, in one order of names, whatever order they came in', () => {
  const execute = (): string => ''
  const input = z.object({ n: z.number().describe('how many') })
  const b = tool({ name: 'b', description: 'B.', input, execute })
  const inputSchema = { type: 'object', properties: { m: { type: 'number' } } } as const
  const a = tool({
    name: 'a',
    description: 'A.',
    input: v.object({ m: v.number() }),
    inputSchema,
    execute,
  })
  assert.deepEqual(toolbox([b, a]).specs, toolbox([a, b]).specs)
  assert.deepEqual(toolbox([b, a]).names, ['a', 'b'])
  assert.deepEqual(b.spec.inputSchema, {
    type: 'object',
    properties: { n: { type: 'number', description: 'how many' } },
    required: ['n'],
  })
  assert.deepEqual(a.spec.inputSchema, inputSchema)
})

test('a definition that cannot work is refused where it is made', () => {
  const input = z.object({})
  const execute = (): string => ''
  const described = { name: 'x', description: 'X.', input }
  assert.throws(() => tool({ ...described, name: 'no spaces', execute }), code('OPTION_INVALID'))
  assert.throws(() => tool({ ...described, description: '', execute }), code('OPTION_INVALID'))
  assert.throws(() => tool(described as never), code('OPTION_INVALID'))
  assert.throws(
    () => tool({ ...described, execute, ask: execute } as never),
    code('OPTION_INVALID'),
  )
  assert.throws(
    () => tool({ ...described, execute, approval: {} as never }),
    code('OPTION_INVALID'),
  )
  assert.throws(() => tool({ ...described, input: z.string(), execute }), code('CONTRACT_INVALID'))
  assert.throws(
    () => tool({ ...described, input: v.object({}), execute }),
    code('CONTRACT_INVALID'),
  )
  const one = tool({ ...described, execute })
  assert.throws(() => toolbox([one, one]), code('OPTION_INVALID'))
})

test('what is unknown, does not fit, fails, is late or too long is an answer to the model', async (t) => {
  const { call } = await calling(
    t,
    add({
      execute(n) {
        if (n === 13) throw new Error('unlucky')
        return n === 14 ? 1n : n + 1
      },
    }),
    tool({
      name: 'long',
      description: 'Says much.',
      input: z.object({}),
      maxOutput: 10,
      execute: () => 'x'.repeat(11),
    }),
    tool({
      name: 'wrong',
      description: 'Does not keep its word.',
      input: z.object({}),
      output: z.number(),
      execute: () => 'x' as never,
    }),
  )
  assert.deepEqual((await call('add', { n: 1 })).output, 2)
  assert.equal(errorOf(await call('ad', { n: 1 })), 'TOOL_MISSING')
  assert.equal(errorOf(await call('add', { n: 'one' })), 'PAYLOAD_INVALID')
  assert.equal(errorOf(await call('add', { n: 13 })), 'TOOL_FAILED')
  assert.equal(errorOf(await call('add', { n: 14 })), 'TOOL_FAILED')
  assert.equal(errorOf(await call('long', {})), 'TOOL_OUTPUT_TOO_LARGE')
  assert.equal(errorOf(await call('wrong', {})), 'PAYLOAD_INVALID')
})

test('a tool that does not answer is given up at its timeout, and its signal says so', async (t) => {
  let signal: AbortSignal | undefined
  const slow = tool({
    name: 'slow',
    description: 'Never answers.',
    input: z.object({}),
    timeout: 5_000,
    execute(_input, call) {
      signal = call.signal
      return new Promise(() => undefined)
    },
  })
  const { system, call } = await calling(t, slow)
  const result = call('slow', {})
  await system.advance(5_000)
  assert.equal(errorOf(await result), 'TOOL_TIMEOUT')
  assert.equal(signal?.aborted, true)
})

test('a tool that asks actors sends from the turn, and a refusal is told to the model', async (t) => {
  const price = tool({
    name: 'price',
    description: 'Tells a price.',
    input: z.object({ item: z.string() }),
    ask: async ({ item }, turn) => ({ price: await turn.ref(Shop, 's').ask.price(item) }),
  })
  const { call } = await calling(t, price)
  assert.deepEqual((await call('price', { item: 'tea' })).output, { price: 3 })
  assert.deepEqual((await call('price', { item: 'gold' })).output, {
    error: 'TERMINAL',
    message: 'not for sale',
  })
})
