/** Budgets: nothing is called that could exceed them, and what was spent is counted however a turn ended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { Budget, Limits } from '../../actors/agents/agent/budget.ts'
import { agent } from '../../actors/agents/agent.ts'
import { agentTool } from '../../actors/agents/agent-tool.ts'
import { type AgentReply, conversation, outputOf } from '../../actors/agents/conversation.ts'
import type { Usage } from '../../actors/agents/model.ts'
import { type ScriptLine, scriptedModel } from '../../actors/agents/models/scripted.ts'
import { contract } from '../../actors/contract.ts'
import { done, lookup, Support, supportAgent, told } from './agent-support.ts'

const usage = (inputTokens: number, outputTokens: number): Usage => ({ inputTokens, outputTokens })

/** A model that never comes to an end. */
const endless = () =>
  scriptedModel((_request, n) => ({
    toolCalls: [{ name: 'look', input: { key: `${n}` } }],
    usage: usage(90, 10),
  }))

const stopOf = (reply: AgentReply): string => {
  assert.equal(reply.status, 'stopped')
  if (reply.status !== 'stopped') return ''
  const { scope, what } = reply.fields
  return `${reply.code} ${scope} ${what}`
}

const price = { input: 1_000_000, output: 2_000_000 }

for (const [title, budget, calls, stop] of [
  ['steps', {}, 25, 'BUDGET_EXCEEDED turn steps'],
  ['steps of a turn', { turn: { steps: 5 } }, 3, 'BUDGET_EXCEEDED turn steps'],
  ['tokens', { turn: { tokens: 1_000 } }, 9, 'BUDGET_EXCEEDED turn tokens'],
  [
    'tokens of a conversation',
    { conversation: { tokens: 500 } },
    4,
    'BUDGET_EXCEEDED conversation tokens',
  ],
  ['money', { turn: { money: 500 }, prices: { scripted: price } }, 3, 'BUDGET_EXCEEDED turn money'],
] as const satisfies readonly (readonly [string, Budget, number, string])[]) {
  test(`a runaway agent ends at its ${title}, before the call that would exceed them`, async (t) => {
    const model = endless()
    const look = lookup('look', () => 'nothing')
    const { anna } = await supportAgent(t, model, { tools: [look.tool], budget })
    const reply = await anna.ask.say('Find it.')
    assert.equal(stopOf(reply), stop)
    assert.equal(model.requests.length, calls)
    const { last, spent } = await anna.ask.status()
    assert.equal(last?.stop?.code, 'BUDGET_EXCEEDED')
    assert.equal(spent.tokens, calls * 100)
    const limits: Limits = { ...(budget as Budget).turn, ...(budget as Budget).conversation }
    assert.ok(spent.tokens <= (limits.tokens ?? Number.POSITIVE_INFINITY))
    assert.ok(spent.money <= (limits.money ?? Number.POSITIVE_INFINITY))
  })
}

test('every call has its result when a budget ends a turn, so that the conversation can go on', async (t) => {
  const model = scriptedModel([
    { toolCalls: [1, 2, 3].map((n) => ({ name: 'look', input: { key: `${n}` } })) },
    'I may not look.',
  ])
  const look = lookup('look', () => 'nothing')
  const { anna } = await supportAgent(t, model, {
    tools: [look.tool],
    budget: { turn: { steps: 3 } },
  })
  assert.equal(stopOf(await anna.ask.say('Find it.')), 'BUDGET_EXCEEDED turn steps')
  assert.deepEqual(look.calls, [])
  assert.equal(done(await anna.ask.say('And?')), 'I may not look.')
  const lines = told(model.requests[1] as never)
  assert.equal(lines.filter((line) => line.includes('BUDGET_EXCEEDED')).length, 3)
})

test('a conversation that has used up its budget calls no model any more, also in its next message', async (t) => {
  const model = scriptedModel([{ text: 'Yes.', usage: usage(400, 50) }, 'never'])
  const { anna } = await supportAgent(t, model, { budget: { conversation: { tokens: 500 } } })
  assert.equal(done(await anna.ask.say('Is it?')), 'Yes.')
  assert.equal(stopOf(await anna.ask.say('Sure?')), 'BUDGET_EXCEEDED conversation tokens')
  assert.equal(model.requests.length, 1)
})

test('a call is given no more tokens to answer in than the budget has left', async (t) => {
  const model = scriptedModel([{ text: 'Yes.', usage: usage(100, 100) }, 'No.'])
  const { anna } = await supportAgent(t, model, { budget: { conversation: { tokens: 1_000 } } })
  await anna.ask.say('Is it?')
  await anna.ask.say('Sure?')
  const [first, second] = model.requests
  assert.ok((first?.maxOutputTokens ?? 0) > 900 && (first?.maxOutputTokens ?? 0) < 1_000)
  assert.ok((second?.maxOutputTokens ?? 0) > 700 && (second?.maxOutputTokens ?? 0) < 800)
})

test('wall time ends a call in the middle, and what was said by then is kept', async (t) => {
  const never = new Promise(() => undefined)
  const model = scriptedModel([{ after: never, text: 'never' }])
  const { system, anna } = await supportAgent(t, model)
  const { system: timed, anna: hasty } = await supportAgent(t, model, {
    budget: { turn: { ms: 5_000 } },
    clock: system.clock,
  })
  const reply = hasty.ask.say('Think.')
  await timed.settle()
  await timed.advance(5_000)
  await system.advance(5_000)
  assert.equal(stopOf(await reply), 'BUDGET_EXCEEDED turn ms')
  assert.equal((await anna.ask.status()).messages, 0)
})

const Clerk = contract('clerk', conversation())

/** An agent that asks clerks, which ask themselves on until somebody stops them. */
const askClerk = (agentOf: (input: { of: string }) => string) =>
  agentTool({
    name: 'clerk',
    description: 'Asks a clerk.',
    input: z.object({ of: z.string() }),
    agent: (input, turn) => turn.ref(Clerk, agentOf(input)),
  })

const clerkWith = (
  script: readonly ScriptLine[] | (() => { toolCalls: { name: string; input: { of: string } }[] }),
  budget: Budget = {},
) => {
  const model = scriptedModel(script as readonly ScriptLine[])
  const tools = [askClerk(({ of }) => `${of}+`)]
  return { model, clerk: agent(Clerk, { model, instructions: 'Help.', tools, budget }) }
}

test('an agent as a tool: it is asked with its input, and what it says is the result', async (t) => {
  const { clerk, model: inner } = clerkWith([{ text: 'It is 7.', usage: usage(20, 3) }])
  const model = scriptedModel([
    { toolCalls: [{ name: 'clerk', input: { of: 'the number' } }], usage: usage(10, 1) },
    { text: 'Seven.', usage: usage(10, 1) },
  ])
  const { anna } = await supportAgent(t, model, { tools: [askClerk(() => 'c')] }, [clerk])
  const reply = await anna.ask.say('What is it?')
  assert.equal(done(reply), 'Seven.')
  assert.deepEqual(told(inner.requests[0] as never), ['user: the number'])
  assert.equal(told(model.requests[1] as never).at(-1), 'user has clerk: "It is 7."')
  assert.equal(reply.spent.tokens, 45, 'its own and that of the agent that it asked')
  assert.equal((await anna.ask.status()).spent.tokens, 22)
})

test('a hand-off: the answer of the other is the answer, and the own model is not asked again', async (t) => {
  const { clerk } = clerkWith(['The clerk has it now.'])
  const model = scriptedModel([{ toolCalls: [{ name: 'clerk', input: { of: 'a refund' } }] }])
  const handOff = agentTool({
    name: 'clerk',
    description: 'Hands over to a clerk.',
    input: z.object({ of: z.string() }),
    agent: (_input, turn) => turn.ref(Clerk, 'c'),
    final: true,
  })
  const { anna } = await supportAgent(t, model, { tools: [handOff] }, [clerk])
  assert.equal(done(await anna.ask.say('I want a refund.')), 'The clerk has it now.')
  assert.equal(model.requests.length, 1)
})

test('a tree of agents that ask each other on and on ends at its depth', async (t) => {
  const endlessly = () => ({ toolCalls: [{ name: 'clerk', input: { of: 'it' } }] })
  const seen = new Set<string>()
  const { clerk, model: inner } = clerkWith(endlessly, { depth: 2, turn: { steps: 3 } })
  const model = scriptedModel([{ toolCalls: [{ name: 'clerk', input: { of: 'it' } }] }, 'No.'])
  const { system, anna } = await supportAgent(t, model, { tools: [askClerk(() => 'c')] }, [clerk])
  assert.equal(done(await anna.ask.say('Find it.')), 'No.')
  for (const { to } of system.messages) seen.add(to)
  assert.ok(inner.requests.length <= 4, `${inner.requests.length} calls`)
  assert.match(told(model.requests[1] as never).at(-1) as string, /BUDGET_EXCEEDED/)
})

test('agents that are asked at once share what is left of the tree, and cannot spend more together', async (t) => {
  const endlessly = () => ({
    toolCalls: [{ name: 'clerk', input: { of: 'it' } }],
    usage: usage(90, 10),
  })
  const { clerk, model: inner } = clerkWith(endlessly, { depth: 100, turn: { steps: 1_000 } })
  const model = scriptedModel([
    {
      toolCalls: ['a', 'b', 'c'].map((of) => ({ name: 'clerk', input: { of } })),
      usage: usage(90, 10),
    },
    { text: 'Enough.', usage: usage(90, 10) },
  ])
  const { anna } = await supportAgent(
    t,
    model,
    { tools: [askClerk(({ of }) => of)], budget: { tree: { tokens: 2_000 } } },
    [clerk],
  )
  const reply = await anna.ask.say('Ask all three.')
  assert.ok(reply.spent.tokens <= 2_000, `${reply.spent.tokens} tokens`)
  const called = (inner.requests.length + model.requests.length) * 100
  assert.ok(called <= 2_000, `${called} tokens`)
  assert.ok(inner.requests.length >= 6, `${inner.requests.length} calls`)
})

test('T4: a ring of agents is found and told to the model, not waited for', async (t) => {
  const ring = scriptedModel([
    { toolCalls: [{ name: 'anna', input: { of: '?' } }] },
    'It is a ring.',
  ])
  const back = agentTool({
    name: 'anna',
    description: 'Asks back.',
    input: z.object({ of: z.string() }),
    agent: (_input, turn) => turn.ref(Support, 'anna'),
  })
  const clerk = agent(Clerk, { model: ring, instructions: '', tools: [back] })
  const model = scriptedModel([{ toolCalls: [{ name: 'clerk', input: { of: 'x' } }] }, 'A ring.'])
  const { anna } = await supportAgent(t, model, { tools: [askClerk(() => 'c')] }, [clerk])
  assert.equal(outputOf(await anna.ask.say('Ask.')), 'A ring.')
  assert.match(told(ring.requests[1] as never).at(-1) as string, /ASK_CYCLE/)
})
