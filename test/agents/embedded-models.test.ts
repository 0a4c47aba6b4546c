/** The models that need no service keep the contract of all models. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { extractiveModel } from '../../actors/agents/extractive-model.ts'
import type { ModelReply, ModelRequest } from '../../actors/agents/model.ts'
import { recordedModel, recordedReplies } from '../../actors/agents/models/recorded.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { textOf } from '../../actors/agents/parts.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { viewRecord } from '../../persistence/replay/record-view.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { selectRecords } from '../../persistence/replay/scan.ts'
import { fileOf, systemOf } from '../system/support.ts'
import { all, modelContract, plainRequest, type Way, weather } from './model-contract.ts'

const Asker = contract('asker', { both: message<void, string[]>() })

/** Asks twice at once; the second is answered first. */
const asking = app(import.meta.url, {
  actors: [
    actor(Asker, {
      durable: true,
      on: {
        async both(ctx) {
          const second = Promise.withResolvers<void>()
          const model = scriptedModel([{ text: 'first', after: second.promise }, 'second'])
          const ask = (): Promise<ModelReply> =>
            ctx.effect('model', {}, () => model.generate(plainRequest()), { idempotent: true })
          const replies = await Promise.all([
            ask(),
            ask().finally(() => second.resolve()),
            ctx.effect('other', {}, () => 'no reply'),
          ])
          return replies.slice(0, 2).map((reply) => textOf((reply as ModelReply).parts))
        },
      },
    }),
  ],
})

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

modelContract('recorded', () => {
  const usage = { inputTokens: 3, outputTokens: 1 }
  const replies: Record<Way, ModelReply> = {
    text: { parts: [{ type: 'text', text: 'one' }], finishReason: 'stop', usage },
    long: { parts: [], finishReason: 'length', usage },
    tool: {
      parts: [{ type: 'tool-call', id: 'w', name: 'weather', input: { city: 'Bonn' } }],
      finishReason: 'tool-calls',
      usage,
    },
  }
  const recorded: ModelReply[] = []
  return {
    model: recordedModel(recorded),
    ask(way) {
      recorded.push(replies[way], replies[way])
      return plainRequest({ tools: [weather] })
    },
  }
})

test('a history gives back its replies, in the order of the calls', async (t) => {
  const store = fileOf(t)
  const system = await systemOf(t, asking, { workers: 0, store })
  const asked = await system.ref(Asker, 'a').ask.both()
  const { reader, close } = openRecording(store)
  t.after(close)
  const records = [...selectRecords(reader)].flatMap((record) =>
    record.kind === 'damaged' ? [] : [viewRecord(record)],
  )
  const replies = recordedReplies(records, { actor: 'asker/a', step: 'model' })
  // The first call was answered last.
  assert.deepEqual(
    replies.map(({ parts }) => textOf(parts)),
    ['first', 'second'],
  )
  assert.deepEqual(asked, ['first', 'second'])
  const model = recordedModel(replies)
  assert.equal(textOf((await model.generate(plainRequest())).parts), 'first')
  await all(model.stream(plainRequest()))
  await assert.rejects(model.generate(plainRequest()), {
    code: 'REPLAY_LIVE',
    message: /2 recorded/,
  })
  assert.deepEqual(recordedReplies(records, { actor: 'asker/b' }), [])
  assert.deepEqual(recordedReplies(records, { step: 'other' }), [])
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
