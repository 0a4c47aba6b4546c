/** The knowledge base keeps what its stages made: the test plays the four agents. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createTestSystem, type TestSystem } from 'troupe/testing'
import app from '../../../examples/knowledge-base/app.ts'
import {
  Decompose,
  Orchestrator,
  Reason,
  Retrieve,
  Synthesize,
  type Worked,
} from '../../../examples/knowledge-base/contracts.ts'

const passage = {
  ...{ file: 'a.md', startLine: 1, endLine: 1, headings: [], score: 1 },
  text: 'A pool has eight threads.',
}

async function begin(t: TestContext): Promise<TestSystem> {
  const probes = [Decompose, Retrieve, Reason, Synthesize]
  const system = await createTestSystem(app, { probes })
  t.after(() => system.close())
  return system
}

const worked = <T>(value: T): Worked<T> => ({ value, slot: 0, startedAt: 0, handlingMs: 1 })

/** Asks, answers as the agents would, and tells who was asked what, in no order. */
async function ask(
  system: TestSystem,
  question: string,
  documents = 'v1',
  model = 'extractive',
): Promise<string[]> {
  const asked: string[] = []
  const key = `${question} ${documents} ${model}`
  const orchestrator = system.ref(Orchestrator, key)
  await orchestrator.deliver.answer({ question, index: 'i', documents, topic: 'answer.t', model })
  const [split, search, find, write] = [
    ...[system.probe(Decompose, 'only'), system.probe(Retrieve, 'only')],
    ...[system.probe(Reason, 'only'), system.probe(Synthesize, 'only')],
  ] as const
  for (;;) {
    await system.settle()
    const busy = [split, search, find, write].find(({ received }) => received.length > 0)
    const message = busy?.received.shift()
    if (message === undefined) break
    const { question: part = '' } = message.payload as { readonly question?: string }
    asked.push(`${message.name} ${part}`.trim())
    const evidence = [{ ...passage, text: passage.text }]
    const values: Record<string, unknown> = {
      split: part.split(' and '),
      search: [passage],
      find: { question: part, evidence },
      write: [],
    }
    message.reply(worked(values[message.name]))
  }
  assert.equal((await orchestrator.ask.result())?.work.length, 4)
  return asked.sort()
}

test('pattern pipeline: a part that another question had is not searched for again', async (t) => {
  const system = await begin(t)
  assert.deepEqual(await ask(system, 'pools and queues'), [
    ...['find pools', 'find queues', 'search pools', 'search queues', 'split pools and queues'],
    'write',
  ])
  assert.deepEqual(await ask(system, 'queues and locks'), [
    ...['find locks', 'search locks', 'split queues and locks', 'write'],
  ])
})

test('pattern pipeline: when the documents change, what depends on them alone is done again', async (t) => {
  const system = await begin(t)
  await ask(system, 'pools')
  // The passages are the same, and so is what was found in them.
  assert.deepEqual(await ask(system, 'pools', 'v2'), ['search pools'])
  assert.deepEqual(await ask(system, 'pools', 'v2'), [], 'the same address is the same work')
})

test('pattern pipeline: what one model made is not taken for what another would make', async (t) => {
  const system = await begin(t)
  await ask(system, 'pools and queues')
  const other = await ask(system, 'pools and queues', 'v1', 'bedrock:m')
  // What was searched for depends on no model.
  assert.deepEqual(other, ['find pools', 'find queues', 'split pools and queues', 'write'])
})
