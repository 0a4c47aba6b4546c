/** An agent over a scripted model in a system whose time a test owns. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { z } from 'zod'
import { type AgentOptions, agent } from '../../actors/agents/agent.ts'
import { type AgentEvent, type AgentReply, conversation } from '../../actors/agents/conversation.ts'
import type { Model, ModelRequest } from '../../actors/agents/model.ts'
import { type Tool, tool } from '../../actors/agents/tools/tool.ts'
import { type AnyDefinition, app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import type { ReplyStream } from '../../actors/ref.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'

export const Support = contract('support', conversation())

type SupportOptions = Omit<AgentOptions<string, unknown>, 'model' | 'instructions'>

/** One agent, `support/anna`. */
export async function supportAgent(
  t: TestContext,
  model: Model,
  options: Partial<SupportOptions> = {},
  others: readonly AnyDefinition[] = [],
) {
  const support = agent(Support, { model, instructions: 'Be brief.', ...options })
  const system = await createTestSystem(app(import.meta.url, { actors: [support, ...others] }))
  t.after(() => system.close())
  return { system, anna: system.ref(Support, 'anna') }
}

/** A tool that says what it was asked for, and how often. */
export function lookup(name: string, answer: (key: string) => unknown, more: object = {}) {
  const calls: string[] = []
  const made: Tool = tool({
    name,
    description: `Looks up in ${name}.`,
    input: z.object({ key: z.string() }),
    ...more,
    execute({ key }) {
      calls.push(key)
      return answer(key)
    },
  })
  return { calls, tool: made }
}

export function done(reply: AgentReply): string {
  assert.equal(reply.status, 'done', JSON.stringify(reply))
  return (reply as AgentReply & { status: 'done' }).output
}

export async function eventsOf(
  stream: ReplyStream<AgentEvent, AgentReply>,
): Promise<{ events: AgentEvent[]; reply: AgentReply }> {
  const events: AgentEvent[] = []
  for await (const event of stream) events.push(event)
  return { events, reply: await stream.reply }
}

/** What the model was told last, one line for each part. */
export const told = ({ messages }: ModelRequest): string[] =>
  messages.flatMap(({ role, parts }) =>
    parts.map((part) => {
      switch (part.type) {
        case 'tool-call':
          return `${role} calls ${part.name}`
        case 'tool-result':
          return `${role} has ${part.name}: ${JSON.stringify(part.output)}`
        default:
          return `${role}: ${part.text}`
      }
    }),
  )
