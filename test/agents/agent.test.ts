/** Agents: the loop of model and tools, its stream, and what it keeps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { agent } from '../../actors/agents/agent.ts'
import { conversation, outputOf } from '../../actors/agents/conversation.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'
import { code } from '../durable/support.ts'
import { done, eventsOf, lookup, supportAgent, told } from './agent-support.ts'

test('an agent answers, and its next answer knows what was said before', async (t) => {
  const model = scriptedModel(['Hello Anna.', 'You are Anna.'])
  const { anna } = await supportAgent(t, model)
  assert.equal(done(await anna.ask.say('I am Anna.')), 'Hello Anna.')
  assert.equal(done(await anna.ask.say('Who am I?')), 'You are Anna.')
  assert.deepEqual(told(model.requests[1] as never), [
    'user: I am Anna.',
    'assistant: Hello Anna.',
    'user: Who am I?',
  ])
})

test('tool calls of one reply run at once, and their results go back in order', async (t) => {
  const orders = lookup('orders', (key) => ({ order: key, state: 'sent' }))
  const model = scriptedModel([
    {
      text: 'Let me look.',
      toolCalls: [
        { name: 'orders', input: { key: 'A1' } },
        { name: 'orders', input: { key: 'B2' } },
        { name: 'nothing' },
      ],
    },
    'Both are sent.',
  ])
  const { anna } = await supportAgent(t, model, { tools: [orders.tool] })
  const reply = await anna.ask.say('Where are A1 and B2?')
  assert.equal(done(reply), 'Both are sent.')
  assert.deepEqual(orders.calls, ['A1', 'B2'])
  assert.equal(reply.spent.steps, 5)
  const lines = told(model.requests[1] as never)
  assert.deepEqual(lines.slice(0, 5), [
    'user: Where are A1 and B2?',
    'assistant: Let me look.',
    'assistant calls orders',
    'assistant calls orders',
    'assistant calls nothing',
  ])
  assert.equal(lines[5], 'user has orders: {"order":"A1","state":"sent"}')
  assert.equal(lines[6], 'user has orders: {"order":"B2","state":"sent"}')
  assert.match(lines[7] as string, /TOOL_MISSING.*orders/)
})

test('a stream tells each piece and each step, and ends with the reply', async (t) => {
  const orders = lookup('orders', () => 'sent')
  const model = scriptedModel([
    { text: ['Let me ', 'look.'], toolCalls: [{ name: 'orders', input: { key: 'A1' } }] },
    { reasoning: 'It is sent.', text: 'Sent.' },
  ])
  const { anna } = await supportAgent(t, model, { tools: [orders.tool] })
  const { events, reply } = await eventsOf(anna.stream.say('Where is A1?'))
  assert.deepEqual(
    events.map((event) =>
      event.type === 'text' || event.type === 'reasoning'
        ? `${event.type}: ${event.text}`
        : event.type,
    ),
    [
      'began',
      'text: Let me ',
      'text: look.',
      'tool-call',
      'step',
      'tool-result',
      'reasoning: It is sent.',
      'text: Sent.',
      'step',
    ],
  )
  assert.equal(done(reply), 'Sent.')
})

test('a model that fails ends the turn with its error; what was done stands, and the agent goes on from there', async (t) => {
  const refunds = lookup('refunds', () => 'paid')
  const model = scriptedModel([
    { toolCalls: [{ name: 'refunds', input: { key: 'A1' } }] },
    { error: new TroupeError('MODEL_UNAVAILABLE', 'the service is down') },
    'It is paid back.',
  ])
  const { anna } = await supportAgent(t, model, { tools: [refunds.tool] })
  const reply = await anna.ask.say('Pay A1 back.')
  assert.throws(() => outputOf(reply), code('MODEL_UNAVAILABLE'))
  assert.equal((await anna.ask.status()).last?.stop?.code, 'MODEL_UNAVAILABLE')
  assert.equal(done(await anna.ask.say({})), 'It is paid back.')
  assert.deepEqual(refunds.calls, ['A1'])
})

test('a conversation is read in pages, beside its turns', async (t) => {
  const model = scriptedModel((_request, n) => `Answer ${n}.`)
  const { anna } = await supportAgent(t, model)
  for (let n = 0; n < 3; n += 1) await anna.ask.say(`Question ${n}?`)
  const page = await anna.ask.history({ from: 4 })
  assert.equal(page.of, 6)
  assert.deepEqual(page.messages[0]?.parts, [{ type: 'text', text: 'Question 2?' }])
  assert.equal((await anna.ask.history({ limit: 0 })).messages.length, 0)
})

test('what cannot be said is refused before it reaches the agent', async (t) => {
  const { anna } = await supportAgent(t, scriptedModel([]))
  for (const wrong of ['', { text: '' }, { text: 1 }, null, { text: 'x', lease: {} }]) {
    await assert.rejects(anna.ask.say(wrong as never), code('PAYLOAD_INVALID'))
  }
  await assert.rejects(anna.ask.say({}), code('PAYLOAD_INVALID'))
  await assert.rejects(
    anna.ask.decide({ approval: 'x', approve: 'yes' } as never),
    code('PAYLOAD_INVALID'),
  )
})

const Triage = contract('triage', conversation<{ team: string }>())

test('an answer that is data fits its schema; what does not is mended a bounded number of times', async (t) => {
  const model = scriptedModel([
    'The team is billing.',
    { toolCalls: [{ name: 'answer', input: { team: 7 } }] },
    { toolCalls: [{ name: 'answer', input: { team: 'billing' } }] },
    { toolCalls: [{ name: 'answer', input: {} }] },
    { toolCalls: [{ name: 'answer', input: {} }] },
    { toolCalls: [{ name: 'answer', input: {} }] },
  ])
  const triage = agent(Triage, {
    model,
    instructions: 'Choose a team.',
    output: z.object({ team: z.string() }),
  })
  const system = await createTestSystem(app(import.meta.url, { actors: [triage] }))
  t.after(() => system.close())
  const one = system.ref(Triage, 'one')
  assert.deepEqual(outputOf(await one.ask.say('I was charged twice.')), { team: 'billing' })
  assert.equal(model.requests[0]?.toolChoice, 'required')
  assert.match(told(model.requests[1] as never).at(-1) as string, /calling the tool "answer"/)
  assert.match(told(model.requests[2] as never).at(-1) as string, /OUTPUT_INVALID/)
  const reply = await system.ref(Triage, 'two').ask.say('Hm?')
  assert.throws(() => outputOf(reply), code('OUTPUT_INVALID'))
  assert.equal(model.requests.length, 6)
})

test('a definition that cannot work is refused where it is made', () => {
  const model = scriptedModel([])
  const options = { model, instructions: '' }
  const make = (more: object) => () => agent(Triage, { ...options, ...more } as never)
  assert.throws(make({ output: z.object({ a: z.string() }), tool: [] }), code('OPTION_INVALID'))
  assert.throws(make({ output: z.string() }), code('CONTRACT_INVALID'))
  assert.throws(make({ budget: { turn: { token: 1 } } }), code('OPTION_INVALID'))
  assert.throws(make({ model: {} }), code('OPTION_INVALID'))
  assert.throws(
    make({ output: z.object({}), tools: [lookup('answer', () => 1).tool] }),
    code('OPTION_INVALID'),
  )
})
