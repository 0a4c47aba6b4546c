/** Memory: what the model sees stays within its tokens, in whole pieces, and the rest is summed up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cutAt } from '../../actors/agents/agent/transcript.ts'
import type { ModelMessage, ModelRequest } from '../../actors/agents/model.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { done, lookup, supportAgent, told } from './agent-support.ts'

test('a cut parts no result from its call, keeps the last exchange, and fits if it can', () => {
  const said = fc.string({ maxLength: 80 }).map((text) => [user(text), assistant(text)])
  const called = fc
    .string({ maxLength: 80 })
    .map((text) => [user(text), call(text), result(text), assistant(text)])
  const chat = fc
    .array(fc.oneof(said, called), { minLength: 1 })
    .map((exchanges) => exchanges.flat())
  fc.assert(
    fc.property(chat, fc.integer({ min: 1, max: 200 }), (messages, tokens) => {
      const at = cutAt(messages, tokens)
      const rest = messages.slice(at)
      assert.ok(rest.length > 0)
      assert.ok(rest[0]?.parts[0]?.type !== 'tool-result')
      const places = messages.flatMap((_, n) => (n > 0 && holds(messages, n, tokens) ? [n] : []))
      if (places.length > 0 && at > 0) assert.equal(at, Math.min(...places))
    }),
  )
})

const part = (text: string) => ({ type: 'text' as const, text })
const user = (text: string): ModelMessage => ({ role: 'user', parts: [part(text)] })
const assistant = (text: string): ModelMessage => ({ role: 'assistant', parts: [part(text)] })
const call = (text: string): ModelMessage => ({
  role: 'assistant',
  parts: [{ type: 'tool-call', id: 'x', name: 'look', input: { text } }],
})
const result = (text: string): ModelMessage => ({
  role: 'user',
  parts: [{ type: 'tool-result', call: 'x', name: 'look', output: text }],
})

/** The rest from there fits, and begins with no result. */
function holds(messages: readonly ModelMessage[], n: number, tokens: number): boolean {
  if (messages[n]?.parts[0]?.type === 'tool-result') return false
  return cutAt([user(''), ...messages.slice(n)], tokens) === 1
}

test('a long conversation stays within its tokens: the oldest is cut off and summed up once, as a step', async (t) => {
  const model = scriptedModel((request, n) =>
    request.purpose === 'summarize' ? `Summary ${n}.` : `Answer ${n} ${'word '.repeat(20)}`,
  )
  const { anna } = await supportAgent(t, model, { memory: { tokens: 300 } })
  for (let n = 0; n < 30; n += 1) await anna.ask.say(`Question ${n}? ${'word '.repeat(10)}`)
  const asked = model.requests.filter(({ purpose }) => purpose === 'agent')
  const summaries = model.requests.filter(({ purpose }) => purpose === 'summarize')
  const most = Math.max(...asked.map(sizeOf))
  assert.ok(most <= 300 * 4 + 200, `${most} bytes: 300 tokens of four bytes, and who said it`)
  assert.ok(summaries.length >= 3 && summaries.length <= 15, `${summaries.length} summaries`)
  const [first = ''] = told(asked.at(-1) as ModelRequest)
  assert.match(first, /left out.*Summary \d+\./s)
  assert.match(
    told(summaries[1] as ModelRequest)[0] as string,
    /Summary \d+\./,
    'a summary of the summary',
  )
  assert.equal((await anna.ask.status()).messages, 60, 'the conversation itself is whole')
})

const sizeOf = (request: ModelRequest): number => told(request).join('').length

test('a window without a summary says that something is left out, and its roles take turns', async (t) => {
  const look = lookup('look', () => 'x'.repeat(200))
  const model = scriptedModel((_request, n) =>
    n % 2 === 0 ? { toolCalls: [{ name: 'look', input: { key: 'a' } }] } : 'Found.',
  )
  const { anna } = await supportAgent(t, model, {
    tools: [look.tool],
    memory: { tokens: 120, summary: false },
  })
  for (let n = 0; n < 6; n += 1) assert.equal(done(await anna.ask.say(`Look ${n}.`)), 'Found.')
  for (const { messages } of model.requests) {
    for (const [n, { role }] of messages.entries()) {
      assert.equal(role, n % 2 === 0 ? 'user' : 'assistant')
    }
    const lines = told({ messages } as ModelRequest)
    const calls = lines.filter((line) => line.includes('calls look')).length
    assert.equal(lines.filter((line) => line.includes('has look')).length, calls)
  }
  assert.match(told(model.requests.at(-1) as ModelRequest)[0] as string, /left out/)
})
