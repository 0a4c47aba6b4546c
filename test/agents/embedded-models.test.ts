/** The models that need no service keep the contract of all models. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { extractiveModel } from '../../actors/agents/extractive-model.ts'
import type { ModelRequest } from '../../actors/agents/model.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { all, modelContract, plainRequest, type Way, weather } from './model-contract.ts'

const documents = (maxOutputTokens: number): ModelRequest => ({
  purpose: 'synthesize',
  system: '',
  messages: [
    {
      role: 'user',
      parts: [
        { type: 'document', id: '0', text: 'New tasks are rejected.' },
        { type: 'document', id: '1', text: 'Cats eat fish.' },
        { type: 'text', text: 'q' },
      ],
    },
  ],
  maxOutputTokens,
})

modelContract('extractive', () => ({
  model: extractiveModel(),
  ask: (way) =>
    way === 'tool' ? 'the extractive model calls no tools' : documents(way === 'long' ? 4 : 100),
}))

modelContract('scripted', () => {
  const ways: Way[] = []
  const replies = {
    text: { text: ['one ', 'two'] },
    long: { text: 'one', finishReason: 'length' },
    tool: { toolCalls: [{ name: 'weather', input: { city: 'Bonn' }, id: 'w' }] },
  }
  return {
    model: scriptedModel(() => replies[ways.shift() ?? 'text']),
    ask(way) {
      ways.push(way)
      return plainRequest({ tools: [weather] })
    },
  }
})

test('a script is followed line by line, and its end is an error that counts the calls', async () => {
  const model = scriptedModel(['one', ({ purpose }, call) => `${purpose} ${call}`])
  const request = plainRequest()
  const said = [await model.generate(request), await model.generate(request)]
  assert.deepEqual(
    said.map(({ parts }) => parts),
    [[{ type: 'text', text: 'one' }], [{ type: 'text', text: 'test 1' }]],
  )
  assert.deepEqual(model.requests, [request, request])
  await assert.rejects(model.generate(request), {
    code: 'NOT_OBSERVED',
    message: /asked 3 times, its script has 2 lines/,
  })
})

test('a line of a script may fail after what it says', async () => {
  const model = scriptedModel([{ text: 'one', error: new TroupeError('STREAM_BROKEN', 'cut') }])
  const seen: unknown[] = []
  const reading = (async () => {
    for await (const chunk of model.stream(plainRequest())) seen.push(chunk)
  })()
  await assert.rejects(reading, { code: 'STREAM_BROKEN' })
  assert.deepEqual(seen, [{ type: 'text', part: { type: 'text', text: 'one' } }])
})

test('a line of a script may wait, and an abort ends the wait', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const model = scriptedModel([{ text: 'late', after: promise }, { after: new Promise(() => {}) }])
  const controller = new AbortController()
  const late = all(model.stream(plainRequest()))
  const never = model.generate(plainRequest(), { signal: controller.signal })
  resolve()
  assert.equal((await late).length, 2)
  controller.abort()
  await assert.rejects(never, { code: 'CANCELLED' })
})
