/** Tools of an MCP server as tools of an agent: what it is told, what needs a human, and what is recorded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { agent } from '../../actors/agents/agent.ts'
import { type AgentReply, outputOf } from '../../actors/agents/conversation.ts'
import type { McpClient } from '../../actors/agents/mcp/mcp-client.ts'
import { type McpToolsOptions, mcpTools } from '../../actors/agents/mcp/mcp-tools.ts'
import { type ScriptLine, scriptedModel } from '../../actors/agents/models/scripted.ts'
import type { Json } from '../../actors/agents/parts.ts'
import type { ListedTool } from '../../actors/agents/tools/listed-tool.ts'
import { tool } from '../../actors/agents/tools/tool.ts'
import type { ToolSource } from '../../actors/agents/tools/tool-source.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { code, Gate, settled, watched } from '../durable/support.ts'
import { World } from '../durable/world.ts'
import { Support, told } from './agent-support.ts'

/** A connection to a server that is as the test says. */
class Double {
  tools_: ListedTool[]
  readonly calls: string[] = []
  lists = 0
  isDown = false
  gate: Gate | undefined
  readonly name = 'double'

  constructor(...tools: ListedTool[]) {
    this.tools_ = tools
  }

  async tools(signal: AbortSignal): Promise<readonly ListedTool[]> {
    this.lists += 1
    if (this.gate !== undefined) {
      const left = new Promise<never>((_, leave) =>
        signal.addEventListener('abort', () => leave(signal.reason)),
      )
      await Promise.race([this.gate.pass(), left])
    }
    if (this.isDown) throw new TroupeError('MCP_UNAVAILABLE', 'it is down')
    return structuredClone(this.tools_)
  }

  async call(name: string, input: Json): Promise<Json> {
    if (this.isDown) throw new TroupeError('MCP_UNAVAILABLE', 'it is down')
    this.calls.push(`${name} ${JSON.stringify(input)}`)
    return `did ${name}`
  }
}

const listed = (name: string, hints: ListedTool['hints'] = {}): ListedTool => ({
  name,
  description: `Does ${name}.`,
  inputSchema: { type: 'object', properties: { path: { type: 'string' } } },
  hints,
})

const from = (
  double: Double,
  options: Partial<McpToolsOptions<unknown>> = {},
): ToolSource<unknown> =>
  mcpTools({
    name: 'files',
    approval: false,
    ...options,
    client: () => double as unknown as McpClient,
  })

function support(script: readonly ScriptLine[], ...tools: ToolSource<unknown>[]) {
  const model = scriptedModel(script)
  const clock = new VirtualClock()
  const here = tool({
    name: 'here',
    description: 'Is always there.',
    input: z.object({}),
    execute: () => 'here',
  })
  const all = [here, ...tools]
  const definition = agent(Support, { model, instructions: 'Be brief.', clock, tools: all })
  const w = new World({ actors: [definition] })
  const say = (text: string, world = w): Promise<AgentReply> =>
    settled(world, world.ref(Support, 'anna').ask.say(text))
  return { w, model, say }
}

const calls = (...names: string[]) => ({
  toolCalls: names.map((name) => ({ name, input: { path: 'a' } })),
})

const namesTold = (model: ReturnType<typeof scriptedModel>, request: number): string[] =>
  model.requests[request]?.tools?.map(({ name }) => name) ?? []

test('an agent calls the tools of a server by a name of its own, and the model is told them as the server lists them', async () => {
  const double = new Double(listed('read'), listed('stat.size'))
  const { model, say } = support(
    [calls('files_read', 'files_stat_size', 'here'), 'Done.'],
    from(double),
  )
  assert.equal(outputOf(await say('Read a.')), 'Done.')
  assert.deepEqual(namesTold(model, 0), ['files_read', 'files_stat_size', 'here'])
  assert.deepEqual(model.requests[0]?.tools?.[0], {
    name: 'files_read',
    description: 'Does read.',
    inputSchema: listed('read').inputSchema,
  })
  assert.deepEqual(double.calls, ['read {"path":"a"}', 'stat.size {"path":"a"}'])
  assert.equal(told(model.requests[1] as never)[4], 'user has files_read: "did read"')
})

test('D3: a list stands in the state once, however many turns begin with it, and a new one replaces it', async () => {
  const long = 'x'.repeat(8_000)
  const double = new Double({ ...listed('read'), description: long })
  const { w, model, say } = support(['1.', '2.', '3.'], from(double))
  const growth = async (text: string): Promise<number> => {
    const before = w.store.stats().bytes
    await say(text)
    return w.store.stats().bytes - before
  }
  assert.ok((await growth('One.')) > long.length)
  assert.ok((await growth('Two.')) < long.length)
  double.tools_ = [listed('write')]
  await say('Three.')
  assert.equal(double.lists, 3)
  assert.deepEqual(namesTold(model, 1), ['files_read', 'here'])
  assert.deepEqual(namesTold(model, 2), ['files_write', 'here'])
})

test('D2, R1: after a crash neither the list nor a completed call is asked for again', async () => {
  const double = new Double(listed('read'))
  const gate = new Gate()
  const { w, model, say } = support(
    [calls('files_read'), { after: gate.opened, text: 'Cut off.' }, 'Done.', 'Other tools.'],
    from(double),
  )
  await settled(w, w.ref(Support, 'anna').deliver.say('Read a.', { id: 'job' }))
  assert.deepEqual([double.lists, double.calls.length], [1, 1])
  double.tools_ = [listed('other')]
  const next = w.crash()
  await next.settle()
  gate.open()
  const reply = await settled(next, next.ref(Support, 'anna').ask.say('Read a.', { id: 'job' }))
  assert.equal(outputOf(reply), 'Done.')
  assert.deepEqual([double.lists, double.calls.length], [1, 1])
  assert.deepEqual(namesTold(model, 2), ['files_read', 'here'])
  assert.equal(outputOf(await say('And now?', next)), 'Other tools.')
  assert.deepEqual(namesTold(model, 3), ['files_other', 'here'])
})

test('nothing is believed: each call needs a human and none is made twice, unless the author says otherwise', () => {
  const tools = [
    listed('read', { readOnly: true }),
    listed('put', { idempotent: true, destructive: false }),
    listed('remove', { destructive: true }),
    listed('plain'),
  ]
  const facts = (options: Partial<McpToolsOptions<unknown>>) =>
    Object.fromEntries(
      mcpTools({ name: 'f', client: () => undefined as never, ...options })
        .tools(tools)
        .map(({ spec, idempotent, approval }) => [
          spec.name.slice(2),
          `${idempotent({}) ? 'again' : 'once'} ${approval === undefined ? 'free' : approval.within}`,
        ]),
    )
  const day = 24 * 60 * 60 * 1_000
  assert.deepEqual(facts({}), {
    read: `once ${day}`,
    put: `once ${day}`,
    remove: `once ${day}`,
    plain: `once ${day}`,
  })
  assert.deepEqual(facts({ trust: true }), {
    read: 'again free',
    put: 'again free',
    remove: `once ${day}`,
    plain: `once ${day}`,
  })
  assert.deepEqual(
    facts({
      approval: { within: 5 },
      tools: { read: { idempotent: true, approval: false }, put: { approval: false } },
    }),
    { read: 'again free', put: 'once free', remove: 'once 5', plain: 'once 5' },
  )
})

test('two tools that would have one name are refused with both, and nothing is asked of the model', async () => {
  const { model, say } = support(['never'], from(new Double(listed('a.b'), listed('a/b'))))
  const reply = await say('Go.')
  assert.throws(() => outputOf(reply), code('OPTION_INVALID'))
  assert.throws(() => outputOf(reply), /files_a_b/)
  assert.equal(model.requests.length, 0)
  const long = support(['never'], from(new Double(listed('x'.repeat(60)))))
  const other = await long.say('Go.')
  assert.throws(() => outputOf(other), code('MCP_INVALID'))
})

test('only the tools that are named are there, and one that the server does not list is missed', async () => {
  const double = new Double(listed('read'), listed('remove'))
  const { model, say } = support(['Done.'], from(double, { only: ['read'] }))
  await say('Go.')
  assert.deepEqual(namesTold(model, 0), ['files_read', 'here'])
  for (const options of [{ only: ['raed'] }, { tools: { raed: { idempotent: true } } }]) {
    const reply = await support(['never'], from(double, options)).say('Go.')
    assert.throws(() => outputOf(reply), code('MCP_INVALID'))
  }
})

test('a server that was never reached ends the turn, which goes on when it is back; one that is known is missed by its calls', async () => {
  const double = new Double(listed('read'))
  double.isDown = true
  const { w, model, say } = support(
    ['I am here.', calls('files_read'), 'It is down.'],
    from(double),
  )
  const reply = await say('Read a.')
  assert.throws(() => outputOf(reply), code('MCP_UNAVAILABLE'))
  assert.equal(model.requests.length, 0)
  double.isDown = false
  const again = await settled(w, w.ref(Support, 'anna').ask.say({}))
  assert.equal(outputOf(again), 'I am here.')
  double.isDown = true
  assert.equal(outputOf(await say('Read b.')), 'It is down.')
  assert.match(told(model.requests[2] as never).at(-1) as string, /MCP_UNAVAILABLE/)
  const without = support(['No files.'], from(double, { optional: true }))
  assert.equal(outputOf(await without.say('Go.')), 'No files.')
  assert.deepEqual(namesTold(without.model, 0), ['here'])
})

test('a caller that leaves while a list is asked for leaves nothing behind', async () => {
  const double = new Double(listed('read'))
  double.gate = new Gate()
  const { w } = support(['never'], from(double))
  const caller = new AbortController()
  const { signal } = caller
  const reply = watched(w.ref(Support, 'anna').ask.say('Go.', { signal }))
  await w.settle()
  caller.abort()
  await assert.rejects(settled(w, reply.promise), code('CANCELLED'))
  double.gate.open()
  const status = await settled(w, w.ref(Support, 'anna').ask.status())
  assert.equal(status.last?.status, 'interrupted')
  w.assertBalanced()
})

test('a call that a human allowed is made with the tools of the turn in which it is', async () => {
  const double = new Double(listed('remove'))
  const { w, say } = support(
    [calls('files_remove'), 'It is gone.'],
    from(double, { approval: { within: 1_000 } }),
  )
  const reply = await say('Remove a.')
  assert.equal(reply.status, 'waiting')
  const approval = reply.status === 'waiting' ? (reply.approvals[0]?.id ?? '') : ''
  const next = w.crash()
  const anna = next.ref(Support, 'anna')
  const decided = await settled(next, anna.ask.decide({ approval, approve: true }))
  assert.equal(outputOf(decided), 'It is gone.')
  assert.deepEqual(double.calls, ['remove {"path":"a"}'])
})

test('options that cannot be are refused where they are made', () => {
  const client = () => undefined as never
  for (const wrong of [
    { name: 'x' },
    { client },
    { name: 'no spaces', client },
    { name: 'x'.repeat(25), client },
    { name: 'x', client, aproval: false },
    { name: 'x', client, approval: true },
    { name: 'x', client, tools: { a: { timeout: -1 } } },
  ]) {
    assert.throws(() => mcpTools(wrong as never), code('OPTION_INVALID'))
  }
  const twice = mcpTools({ name: 'x', client })
  const model = scriptedModel([])
  assert.throws(
    () => agent(Support, { model, instructions: 'x', tools: [twice, twice] }),
    code('OPTION_INVALID'),
  )
})
