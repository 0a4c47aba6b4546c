/** A message to an actor as a tool: its schema, and that the ask keeps the laws of asks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { type ActorDefinition, actor } from '../../actors/actor.ts'
import { actorTool } from '../../actors/agents/actor-tool.ts'
import { agent } from '../../actors/agents/agent.ts'
import { outputOf } from '../../actors/agents/conversation.ts'
import { type ScriptLine, scriptedModel } from '../../actors/agents/models/scripted.ts'
import type { Tool } from '../../actors/agents/tools/tool.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { terminal } from '../../mailbox/errors.ts'
import { code, Gate, settled, watched } from '../durable/support.ts'
import { World } from '../durable/world.ts'
import { Support, told } from './agent-support.ts'

const Debit = z.object({ order: z.string(), amount: z.number().positive() })

const Till = contract('till', {
  debit: message({ input: Debit, output: z.object({ total: z.number() }) }),
  /** Its schema makes of a text what its handler gets: it must see that text once. */
  since: message({ input: z.object({ day: z.iso.date().transform((day) => Date.parse(day)) }) }),
  bare: message<{ n: number }, number>(),
})

const Relay = contract('relay', { back: message({ input: z.object({ to: z.string() }) }) })

const described = { description: 'Takes money.', contract: Till }
const debit = actorTool({
  ...described,
  name: 'debit',
  message: 'debit',
  key: (_input, turn) => turn.self.key,
})

/** Takes money, once its gate lets it. */
const till = (gate?: Gate, seen: unknown[] = []): ActorDefinition =>
  actor(Till, {
    durable: true,
    state: () => ({ total: 0 }),
    on: {
      async debit(ctx, { order, amount }) {
        if (order === 'stolen') throw terminal('not yours')
        const { signal } = ctx
        signal.addEventListener('abort', () => seen.push('aborted'))
        if (order === 'slow') await gate?.pass()
        seen.push(`${order} ${amount}`)
        ctx.state.total += amount
        return { total: ctx.state.total }
      },
      since: (_ctx, { day }) => void seen.push(day),
      bare: (_ctx, { n }) => n,
    },
  }) as unknown as ActorDefinition

const relay = actor(Relay, {
  on: {
    async back(ctx, { to }) {
      await ctx.ref(Support, to).ask.say('And you?')
    },
  },
})

function support(script: readonly ScriptLine[], tools: readonly Tool[], other: ActorDefinition) {
  const model = scriptedModel(script)
  const clock = new VirtualClock()
  const definition = agent(Support, { model, instructions: 'Be brief.', clock, tools })
  const w = new World({ actors: [definition, other, relay as unknown as ActorDefinition] })
  return { w, model, anna: (world: World) => world.ref(Support, 'anna') }
}

const calls = (name: string, ...inputs: object[]) => ({
  toolCalls: inputs.map((input) => ({ name, input: input as never })),
})

test('the model sees the schema of the message, and the reply is the result', async () => {
  assert.deepEqual(debit.spec.inputSchema, {
    type: 'object',
    properties: { order: { type: 'string' }, amount: { type: 'number', exclusiveMinimum: 0 } },
    required: ['order', 'amount'],
  })
  const seen: unknown[] = []
  const { w, model, anna } = support(
    [
      calls('debit', { order: 'A1', amount: 5 }, { order: 'A2', amount: -1 }),
      calls('debit', { order: 'stolen', amount: 1 }),
      'Done.',
    ],
    [debit],
    till(undefined, seen),
  )
  assert.equal(outputOf(await settled(w, anna(w).ask.say('Take 5.'))), 'Done.')
  assert.deepEqual(seen, ['A1 5'])
  const lines = told(model.requests[2] as never)
  assert.equal(lines[3], 'user has debit: {"total":5}')
  assert.match(lines[4] as string, /PAYLOAD_INVALID.*amount/)
  assert.match(lines[6] as string, /TERMINAL.*not yours/)
})

test('D2: a message is asked once, whatever crashes, and an answered one is not asked again', async () => {
  const gate = new Gate()
  const seen: unknown[] = []
  const { w, model, anna } = support(
    [calls('debit', { order: 'fast', amount: 1 }, { order: 'slow', amount: 2 }), 'Done.'],
    [debit],
    till(gate, seen),
  )
  await settled(w, anna(w).deliver.say('Take both.', { id: 'job' }))
  assert.deepEqual([seen, gate.arrived], [['fast 1'], 1])
  const next = w.crash()
  await next.settle()
  gate.open()
  const reply = await settled(next, anna(next).ask.say('Take both.', { id: 'job' }))
  assert.equal(outputOf(reply), 'Done.')
  // The turn of the till that was cut off by the crash is undone, and its gate lets it go on after it.
  assert.equal(seen.filter((one) => one === 'fast 1').length, 1)
  const total = await settled(next, next.ref(Till, 'anna').ask.debit({ order: 'x', amount: 1 }))
  assert.deepEqual(total, { total: 4 })
  assert.equal(model.requests.length, 2)
  next.assertBalanced()
})

test('an actor that is asked is given up with the turn that asks it', async () => {
  const seen: unknown[] = []
  const { w, anna } = support(
    [calls('debit', { order: 'slow', amount: 2 }), 'Done.'],
    [debit],
    till(new Gate(), seen),
  )
  const caller = new AbortController()
  const reply = watched(anna(w).ask.say('Take 2.', { signal: caller.signal }))
  await w.settle()
  assert.deepEqual(seen, [])
  caller.abort()
  await assert.rejects(settled(w, reply.promise), code('CANCELLED'))
  assert.deepEqual(seen, ['aborted'])
})

test('T4: a ring through an actor is told to the model, and so is an answer that does not come in time', async () => {
  const back = actorTool({
    name: 'relay',
    description: 'Asks back.',
    contract: Relay,
    message: 'back',
    key: 'r',
  })
  const late = actorTool({ ...described, name: 'late', message: 'debit', key: 'b', within: 1_000 })
  const { w, model, anna } = support(
    [
      calls('relay', { to: 'anna' }),
      calls('late', { order: 'slow', amount: 1 }),
      'No one is there.',
    ],
    [back, late],
    till(new Gate()),
  )
  const reply = watched(anna(w).ask.say('Ask around.'))
  await w.settle()
  await w.advance(1_001)
  assert.equal(outputOf(await settled(w, reply.promise)), 'No one is there.')
  const lines = told(model.requests[2] as never)
  assert.match(lines[2] as string, /ASK_CYCLE/)
  assert.match(lines[4] as string, /ASK_TIMEOUT/)
})

test('a payload is transformed by its schema once, or made of an input of the tool', async () => {
  const seen: unknown[] = []
  const since = actorTool({ ...described, name: 'since', message: 'since', key: 'a' })
  const bare = actorTool({
    ...described,
    name: 'bare',
    message: 'bare',
    input: z.object({ text: z.string() }),
    key: ({ text }) => text,
    payload: ({ text }) => ({ n: text.length }),
  })
  const { w, model, anna } = support(
    [calls('since', { day: '2026-11-25' }), calls('bare', { text: 'four' }), 'Done.'],
    [since, bare],
    till(undefined, seen),
  )
  assert.equal(outputOf(await settled(w, anna(w).ask.say('Since when?'))), 'Done.')
  assert.deepEqual(seen, [Date.parse('2026-11-25')])
  assert.equal(told(model.requests[2] as never).at(-1), 'user has bare: 4')
})

test('a message that cannot be a tool is refused where it is made', () => {
  const make = (parts: object) => () =>
    actorTool({ ...described, name: 'x', key: 'a', ...parts } as never)
  assert.throws(make({ message: 'bare' }), code('CONTRACT_INVALID'))
  assert.throws(make({ message: 'toString' }), code('CONTRACT_INVALID'))
  assert.throws(make({ message: 'bare', input: z.object({}) }), code('OPTION_INVALID'))
  assert.throws(make({ message: 'debit', payload: () => 1 }), code('OPTION_INVALID'))
  assert.throws(make({ message: 'debit', key: undefined }), code('OPTION_INVALID'))
  assert.throws(make({ message: 'debit', contract: {} }), code('CONTRACT_INVALID'))
  assert.throws(make({ message: 'debit', whithin: 5 }), code('OPTION_INVALID'))
})
