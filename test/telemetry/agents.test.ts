/** What a collector gets to see of agents, their models and tools. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { agent } from '../../actors/agents/agent.ts'
import { agentTool } from '../../actors/agents/agent-tool.ts'
import { conversation } from '../../actors/agents/conversation.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { createSystem } from '../../runtime/main/create-system.ts'
import { lookup } from '../agents/agent-support.ts'
import { assertOneTree, parentOf, type Receiver, receiver } from './receiver.ts'

const Support = contract('support', conversation())
const Billing = contract('billing', conversation())

/** Asks a support agent that looks something up and asks another agent. */
async function asked(t: TestContext, content: boolean): Promise<Receiver> {
  const orders = lookup('orders', () => 'sent to Hooper')
  const fails = lookup('stock', () => assert.fail('of Hooper'))
  const billing = agentTool({
    name: 'billing',
    description: 'Asks billing.',
    input: z.object({ about: z.string() }),
    agent: (_, turn) => turn.ref(Billing, 'b1'),
  })
  const model = scriptedModel([
    {
      toolCalls: [
        { name: 'orders', input: { key: 'A1' } },
        { name: 'stock', input: { key: 'A1' } },
        { name: 'billing', input: { about: 'Hooper' } },
      ],
    },
    'Hooper has it.',
  ])
  const actors = [
    agent(Support, {
      model,
      instructions: 'Be brief.',
      tools: [orders.tool, fails.tool, billing],
      temperature: 0.5,
      maxOutputTokens: 100,
    }),
    agent(Billing, { model: scriptedModel(['Hooper paid.']), instructions: 'Be exact.' }),
  ]
  const collector = await receiver(t)
  const telemetry = { traces: { endpoint: collector.url, content } }
  const given = app(import.meta.url, { actors })
  const system = await createSystem(given, { store: 'memory', workers: 0, telemetry })
  t.after(() => system.close())
  const reply = await system.ref(Support, 'anna').ask.say('What of the order of Hooper?')
  assert.equal(reply.status, 'done')
  await system.close()
  return collector
}

test('traces: an agent, its model calls, its tools and the agent it asks are one tree', async (t) => {
  const collector = await asked(t, false)
  const { spans } = collector
  assertOneTree(spans)
  assert.equal(collector.named('chat scripted').length, 3)
  const run = collector.only('invoke_agent support')
  assert.equal(run.kind, 'internal')
  assert.equal(run.attributes['gen_ai.agent.name'], 'support')
  assert.equal(run.attributes['gen_ai.conversation.id'], 'anna')
  assert.equal(run.attributes['troupe.agent.status'], 'done')
  assert.equal(parentOf(spans, run)?.name, 'process support')
  const [chat] = collector.named('chat scripted').filter((one) => parentOf(spans, one) === run)
  assert.equal(chat?.kind, 'client')
  assert.equal(chat?.attributes['gen_ai.request.max_tokens'], 100)
  assert.equal(chat?.attributes['gen_ai.request.temperature'], 0.5)
  assert.deepEqual(chat?.attributes['gen_ai.response.finish_reasons'], ['tool-calls'])
  assert.ok((chat?.attributes['gen_ai.usage.input_tokens'] as number) > 0)
  const [answer] = collector
    .named('chat scripted')
    .filter(({ attributes }) =>
      String(attributes['gen_ai.response.finish_reasons']).includes('stop'),
    )
  assert.ok((answer?.attributes['gen_ai.usage.output_tokens'] as number) > 0)
  for (const tool of ['orders', 'stock', 'billing']) {
    const call = collector.only(`execute_tool ${tool}`)
    assert.equal(parentOf(spans, call), run)
    assert.equal(call.attributes['gen_ai.tool.name'], tool)
    assert.equal(call.isFailed, tool === 'stock')
  }
  assert.equal(
    parentOf(spans, collector.only('send billing')),
    collector.only('execute_tool billing'),
  )
  assert.doesNotMatch(JSON.stringify(spans.map(({ attributes }) => attributes)), /Hooper|brief/)
})

test('traces: with content an agent tells prompts, answers, arguments and results', async (t) => {
  const collector = await asked(t, true)
  const [chat] = collector.named('chat scripted')
  assert.match(String(chat?.attributes['gen_ai.input.messages']), /Hooper/)
  assert.match(String(chat?.attributes['gen_ai.system_instructions']), /brief|exact/)
  const { attributes } = collector.only('execute_tool orders')
  assert.equal(attributes['gen_ai.tool.call.arguments'], '{"key":"A1"}')
  assert.equal(attributes['gen_ai.tool.call.result'], '"sent to Hooper"')
})
