/** One question to the knowledge base, seen by a collector. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import app from '../../examples/knowledge-base/app.ts'
import { Ingest, Orchestrator } from '../../examples/knowledge-base/contracts.ts'
import { createSystem } from '../../runtime/main/create-system.ts'
import { temporaryFolder } from '../examples/knowledge-base/temporary-folder.ts'
import { assertOneTree, parentOf, receiver } from './receiver.ts'

const question = 'How many volts does the pump run at, and how many threads does the pool have?'

test('traces: a question to the knowledge base is one tree, with its stages, models and searches', async (t) => {
  const collector = await receiver(t)
  const base = temporaryFolder(t, {
    'pump.md': '# Pump\n\nThe pump runs at 12 volts.\n',
    'pool.md': '# Pool\n\nThe pool has eight threads.\n',
  })
  const index = join(temporaryFolder(t), 'kb.index.db')
  const system = await createSystem(app, {
    store: 'memory',
    workers: 0,
    telemetry: { traces: { endpoint: collector.url } },
  })
  t.after(() => system.close())
  const folder = { base, entries: ['.'] }
  const { documents } = await system.ref(Ingest, 'only').ask.update({ folder, index })
  const asked = system.ref(Orchestrator, 'a-key')
  await asked.deliver.answer({
    question,
    index,
    documents,
    topic: 'answer.a-key',
    model: 'extractive',
  })
  const answer = await asked.ask.result()
  await system.close()
  assert.match(JSON.stringify(answer), /12 volts/)

  const start = collector.spans.find(
    ({ attributes, name }) =>
      name === 'send orchestrator' && attributes['troupe.message.name'] === 'answer',
  )
  const tree = collector.spans.filter(({ traceId }) => traceId === start?.traceId)
  assert.equal(assertOneTree(tree), start)

  const count = (name: string) => tree.filter((span) => span.name === name).length
  assert.equal(count('stage decompose'), 1)
  assert.equal(count('stage retrieve'), 2)
  assert.equal(count('stage reason'), 2)
  assert.equal(count('stage synthesize'), 1)
  assert.equal(count('retrieval documents'), 2)
  // Decomposed once, reasoned twice, written once.
  assert.equal(count('chat extractive-1'), 4)

  const only = (name: string) => {
    const span = tree.find((one) => one.name === name)
    assert.ok(span !== undefined, name)
    return span
  }
  const split = only('stage decompose')
  assert.equal(split.attributes['troupe.stage.sub_queries'], 2)
  assert.equal(split.attributes['troupe.stage.answer'], 'made')
  assert.equal(parentOf(tree, split)?.name, 'process orchestrator')
  const look = tree.find((one) => one.name === 'send answer.stage')
  assert.match(String(look && parentOf(tree, look)?.name), /^stage /)
  assert.equal(only('stage retrieve').attributes['troupe.stage.documents'], 1)
  assert.equal(only('stage reason').attributes['troupe.stage.steps'], 1)

  const chat = only('chat extractive-1')
  assert.equal(chat.kind, 'client')
  assert.equal(chat.attributes['gen_ai.operation.name'], 'chat')
  assert.equal(chat.attributes['gen_ai.request.model'], 'extractive-1')
  assert.ok((chat.attributes['gen_ai.usage.input_tokens'] as number) > 0)
  const search = only('retrieval documents')
  assert.equal(search.attributes['gen_ai.data_source.id'], 'documents')
  assert.equal(parentOf(tree, search)?.name, 'process retrieve')

  const told = collector.spans.map(({ attributes }) => JSON.stringify(attributes)).join('\n')
  assert.doesNotMatch(told, /volts|threads/, 'content')
  for (const { name } of collector.spans) assert.doesNotMatch(name, /a-key|only|@/)
})
