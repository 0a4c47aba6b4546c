import assert from 'node:assert/strict'
import { test } from 'node:test'
import { extractiveModel } from '../../../actors/agents/extractive-model.ts'
import type { Model, ModelChunk } from '../../../actors/agents/model.ts'
import type { TextPart } from '../../../actors/agents/parts.ts'
import type { Passage } from '../../../actors/agents/retriever.ts'
import { findEvidence } from '../../../examples/knowledge-base/answer/reason.ts'
import { type AnswerPart, synthesize } from '../../../examples/knowledge-base/answer/synthesize.ts'
import { renderPart } from '../../../examples/knowledge-base/cli/render.ts'
import {
  indexRetriever,
  mergeNeighbours,
} from '../../../examples/knowledge-base/retrieve/index-retriever.ts'
import { FullTextIndex } from '../../../persistence/sqlite/full-text-index.ts'
import type { ChunkMatch } from '../../../persistence/sqlite/full-text-records.ts'

const passage: Passage = {
  file: 'docs/x.md',
  startLine: 10,
  endLine: 12,
  headings: ['Workers'],
  score: 1,
  text: 'Workers run tasks.\nA worker that dies is\nreplaced by another worker.',
}

const collect = async (parts: AsyncIterable<AnswerPart>): Promise<readonly AnswerPart[]> => {
  const all: AnswerPart[] = []
  for await (const part of parts) all.push(part)
  return all
}

test('a sentence over two lines cites both, in the lines of the file', async () => {
  const finding = await findEvidence(extractiveModel(), 'When is a worker replaced?', [passage])
  const [first] = await collect(synthesize(extractiveModel(), [finding]))
  assert.equal(
    first && renderPart(first),
    'A worker that dies is replaced by another worker. [docs/x.md:11-12]',
  )
})

test('what has no answer is said, after what has one', async () => {
  const parts = await collect(
    synthesize(extractiveModel(), [
      { question: 'Who?', evidence: [] },
      await findEvidence(extractiveModel(), 'When is a worker replaced?', [passage]),
    ]),
  )
  assert.deepEqual(parts.at(-1), { kind: 'unanswered', question: 'Who?' })
  assert.equal(parts[0]?.kind, 'sentence')
})

test('no passages, no answer: the model is not even asked', async () => {
  const silent = {} as Model
  assert.deepEqual((await findEvidence(silent, 'q', [])).evidence, [])
})

test('a citation that names no given passage or lines is not believed', async () => {
  const part = (document: string, firstLine: number, lastLine: number): TextPart => ({
    type: 'text',
    text: 'x',
    citations: [{ document, firstLine, lastLine }],
  })
  const parts = [
    part('7', 0, 0),
    part('0', 0, 3),
    part('0', 2, 1),
    part('0', -1, 0),
    part('0', 0, 2),
  ]
  const model = {
    id: 'm',
    generate: async () => ({
      parts,
      finishReason: 'stop',
      usage: { inputTokens: 0, outputTokens: 0 },
    }),
  } as unknown as Model
  const { evidence } = await findEvidence(model, 'q', [passage])
  assert.deepEqual(
    evidence.map(({ startLine, endLine }) => [startLine, endLine]),
    [[10, 12]],
  )
})

test('a stream cut before its end is an error, not a short answer', async () => {
  async function* cut(): AsyncGenerator<ModelChunk> {
    yield { type: 'text', part: { type: 'text', text: 'x' } }
  }
  const model = { id: 'm', stream: cut } as unknown as Model
  const finding = await findEvidence(extractiveModel(), 'When is a worker replaced?', [passage])
  await assert.rejects(collect(synthesize(model, [finding])), { code: 'STREAM_BROKEN' })
})

test('control sequences of a document do not reach the terminal', () => {
  const sources = [{ file: 'a\u001b[2J.md', startLine: 1, endLine: 1 }]
  assert.equal(
    renderPart({ kind: 'sentence', text: 'x\u001b[31my', sources }),
    'x[31my [a[2J.md:1]',
  )
})

const match = (ordinal: number, score: number, headings: readonly string[]): ChunkMatch => ({
  path: 'a.md',
  ordinal,
  startLine: ordinal * 10 + 1,
  endLine: ordinal * 10 + 2,
  headings,
  text: `x${ordinal}\ny${ordinal}`,
  score,
})

test('neighbours of one section become one passage whose lines still count', () => {
  const merged = mergeNeighbours([
    match(2, 5, ['A']),
    match(7, 4, ['A']),
    match(1, 3, ['A']),
    match(3, 2, ['B']),
  ])
  assert.deepEqual(
    merged.map(({ startLine, endLine, score }) => [startLine, endLine, score]),
    [
      [11, 22, 5],
      [71, 72, 4],
      [31, 32, 2],
    ],
  )
  for (const { startLine, endLine, text } of merged) {
    assert.equal(text.split('\n').length, endLine - startLine + 1)
  }
})

test('a search takes any text for a query, keeps to its limit and obeys its signal', async (context) => {
  const index = FullTextIndex.open(':memory:')
  context.after(() => index.close())
  const chunks = [1, 3, 5].map((ordinal) => match(ordinal, 0, [`H${ordinal}`]))
  index.replace([{ file: { path: 'a.md', size: 0, modifiedMs: 0, hash: '', note: '' }, chunks }])
  const retriever = indexRetriever(index)
  assert.equal((await retriever.search('x1 AND "(x3', { limit: 1 })).length, 1)
  assert.deepEqual(await retriever.search(' ?"*'), [])
  assert.deepEqual(await retriever.search('what of it'), [])
  const signal = AbortSignal.abort()
  await assert.rejects(retriever.search('x1', { signal }), { code: 'CANCELLED' })
})
