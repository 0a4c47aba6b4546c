import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decompose } from '../../../actors/agents/extractive/decompose.ts'
import { sentencesOf } from '../../../actors/agents/extractive/sentences.ts'
import { extractiveModel, noAnswer } from '../../../actors/agents/extractive-model.ts'
import type { ModelRequest } from '../../../actors/agents/model.ts'
import { type DocumentPart, type Part, textOf, textPartsOf } from '../../../actors/agents/parts.ts'

const document = (id: string, title: string, text: string): DocumentPart => ({
  type: 'document',
  id,
  title,
  text,
})

const request = (purpose: string, ...parts: readonly (Part | string)[]): ModelRequest => ({
  purpose,
  system: '',
  maxOutputTokens: 1_000,
  messages: [
    {
      role: 'user',
      parts: parts.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
    },
  ],
})

const pool = document(
  'p',
  'pool.md › Queue',
  'A pool runs tasks.\nWhen the queue is full, new tasks are rejected.\nIt was named after a pool.',
)
const cats = document('c', 'cats.md › Food', 'Cats eat fish.')

test('a question that a document asks is no answer, what stands beside it is', async () => {
  const faq = document('f', 'faq.md', 'When does a worker stop? It stops when its pool closes.')
  const { parts } = await extractiveModel().generate(
    request('reason', faq, 'When does a worker stop?'),
  )
  assert.deepEqual(
    textPartsOf(parts).map(({ text }) => text),
    ['It stops when its pool closes.'],
  )
})

test('a simple question stays one, word for word', () => {
  for (const question of [
    'What happens to a message when a worker dies?',
    'Why do cats and dogs fight?',
    'search and replace',
    'How do I install it, and why?',
  ]) {
    assert.deepEqual(decompose(question), [question])
  }
})

test('a compound question becomes its parts', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['What is a lane? How is it drained?', ['What is a lane?', 'How is it drained (lane)?']],
    ['What is a lane and how do I drain a queue?', ['What is a lane?', 'how do I drain a queue?']],
    ['What is the difference between tell and ask?', ['What is tell?', 'What is ask?']],
    ['tell vs. ask', ['What is tell?', 'What is ask?']],
    [
      'Who wrote Comlink, and in which year?',
      ['Who wrote Comlink?', 'in which year (wrote Comlink)?'],
    ],
  ]
  for (const [question, parts] of cases) assert.deepEqual(decompose(question), parts, question)
})

test('an answer is a sentence of a document with its lines, word for word', async () => {
  const reply = await extractiveModel().generate(
    request('reason', cats, pool, 'What happens to new tasks when the queue is full?'),
  )
  assert.deepEqual(reply.parts[0], {
    type: 'text',
    text: 'When the queue is full, new tasks are rejected.',
    citations: [{ document: 'p', firstLine: 1, lastLine: 1 }],
  })
  assert.equal(reply.finishReason, 'stop')
})

test('what the documents do not answer is refused, however many other words occur', async () => {
  for (const question of [
    'How does the pool encrypt its queue?',
    'Which GPU runs the tasks of the queue?',
    'Do Dogs eat fish?',
  ]) {
    const reply = await extractiveModel().generate(request('reason', pool, cats, question))
    assert.equal(textOf(reply.parts), noAnswer, question)
  }
})

test('synthesis keeps the order and says nothing twice', async () => {
  const statement = (id: string, text: string) => document(id, '', text)
  const { parts } = await extractiveModel().generate(
    request(
      'synthesize',
      statement('0', 'New tasks are rejected.'),
      statement('1', 'Cats eat fish.'),
      statement('2', 'New tasks are *rejected*.'),
      'q',
    ),
  )
  assert.deepEqual(
    textPartsOf(parts).map(({ text }) => text),
    ['New tasks are rejected.', 'Cats eat fish.'],
  )
})

test('the same request gives the same reply', async () => {
  const asked = request('reason', pool, cats, 'When are tasks rejected?')
  const model = extractiveModel()
  assert.deepEqual(await model.generate(asked), await model.generate(structuredClone(asked)))
})

test('a purpose that it does not serve is refused, and so is a request without a question', async () => {
  const model = extractiveModel()
  await assert.rejects(model.generate(request('chat', 'Tell me a joke')), {
    code: 'OPTION_INVALID',
    message: /generative/,
  })
  await assert.rejects(model.generate(request('reason', pool)), { code: 'OPTION_INVALID' })
})

test('an aborted signal ends a call, and a stream between two parts', async () => {
  const controller = new AbortController()
  const model = extractiveModel()
  const question = 'What happens to tasks of a pool when the queue is full?'
  const stream = model.stream(request('synthesize', pool, cats, question), controller)
  const seen: string[] = []
  await assert.rejects(
    async () => {
      for await (const chunk of stream) {
        seen.push(chunk.type)
        controller.abort()
      }
    },
    { code: 'CANCELLED' },
  )
  assert.deepEqual(seen, ['text'])
  await assert.rejects(model.generate(request('reason', pool, question), controller), {
    code: 'CANCELLED',
  })
})

test('a reply that exceeds its limit ends between two sentences and says so', async () => {
  const asked = { ...request('synthesize', cats, pool, 'q'), maxOutputTokens: 4 }
  const reply = await extractiveModel().generate(asked)
  assert.deepEqual(
    [reply.parts.length, reply.finishReason, reply.usage.outputTokens],
    [1, 'length', 3],
  )
})

test('sentences: abbreviations do not end one, list items and rows are their own', () => {
  const passage =
    'Use e.g. a queue (see [docs](x)). It drains.\n\nSteps:\n\n1. First `a.b`\n   goes on\n2. Second\n\n| name | use |\n|---|---|\n| a | b |\n\n[ref]: http://x'
  assert.deepEqual(
    sentencesOf(passage).map(({ text, firstLine, lastLine, lead }) => [
      text,
      firstLine,
      lastLine,
      lead,
    ]),
    [
      ['Use e.g. a queue (see docs).', 0, 0, ''],
      ['It drains.', 0, 0, ''],
      ['Steps:', 2, 2, ''],
      ['First a.b goes on', 4, 5, 'Steps:'],
      ['Second', 6, 6, 'Steps:'],
      ['name | use', 8, 8, ''],
      ['a | b', 10, 10, ''],
    ],
  )
})
