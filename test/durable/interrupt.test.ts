/** M6: in a durable turn an interrupt is recorded before the signal fires, and obeying it is no failure. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import type { Grant } from '../../actors/context.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { RecordKind } from '../../persistence/record.ts'
import { code, settled, watched } from './support.ts'
import { type Fault, memoryEngine, World } from './world.ts'

const Agent = contract('agent', {
  think: message<string, string>(),
  right: message<void, Grant>(),
})
const Boss = contract('boss', { stop: message<{ grant: Grant; id: string }, void>() })

const aborted: string[] = []
let calls = 0

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      aborted.push(String((signal.reason as { code?: string }).code))
      const error = new Error('stopped')
      error.name = 'AbortError'
      reject(error)
    })
  })
}

const agent = actor(Agent, {
  durable: true,
  state: () => ({ thoughts: 0 }),
  on: {
    async think(ctx, text) {
      ctx.state.thoughts += 1
      await ctx.effect('model', text, ({ signal }) => {
        calls += 1
        return untilAborted(signal)
      })
      return text
    },
    right: (ctx) => ctx.grant(),
  },
})
const boss = actor(Boss, {
  on: { stop: (ctx, { grant, id }) => ctx.interrupt(grant, id) },
})
const actors = [agent, boss] as const

async function world(engine = memoryEngine()): Promise<{ w: World; grant: Grant }> {
  aborted.length = 0
  calls = 0
  const w = new World({ actors, engine })
  return { w, grant: await settled(w, w.ref(Agent, 'a').ask.right()) }
}

test('M6: an interrupt of a durable turn is recorded before its signal fires', async () => {
  const { w, grant } = await world()
  const thought = watched(w.ref(Agent, 'a').ask.think('x', { id: 'job' }))
  thought.promise.catch(() => undefined)
  await w.settle()
  w.holdAcks()
  w.ref(Boss, 'b').tell.stop({ grant, id: 'job' })
  await w.settle()
  assert.equal(w.records().at(-1)?.kind, RecordKind.interrupt)
  assert.deepEqual(aborted, [], 'not before the commit')
  await w.releaseAcks()
  assert.deepEqual(aborted, ['CANCELLED'])
  await assert.rejects(thought.promise, code('CANCELLED'))
  w.assertBalanced()
})

test('M6: a turn that obeys an interrupt is not tried again', async () => {
  const { w, grant } = await world()
  await settled(w, w.ref(Agent, 'a').deliver.think('x', { id: 'job' }))
  w.ref(Boss, 'b').tell.stop({ grant, id: 'job' })
  await w.advance(60_000)
  assert.equal(calls, 1)
  assert.deepEqual(
    w.letters.map(({ reason }) => reason),
    ['cancelled'],
  )
  assert.equal(w.store.stats().pending, 0)
  w.assertBalanced()
})

test('M6: a grant outlives a restart', async () => {
  const { w, grant } = await world()
  const next = w.crash()
  await settled(next, next.ref(Agent, 'a').deliver.think('x', { id: 'job' }))
  next.ref(Boss, 'b').tell.stop({ grant, id: 'job' })
  await next.settle()
  assert.deepEqual(aborted, ['CANCELLED'])
  next.assertBalanced()
})

for (const fault of ['before', 'after'] as const) {
  test(`M6, D5: an interrupt whose commit threw ${fault} it happened still comes`, async () => {
    const engine = memoryEngine()
    const { w, grant } = await world(engine)
    await settled(w, w.ref(Agent, 'a').deliver.think('x', { id: 'job' }))
    const faults: Fault[] = [fault]
    engine.fault = () => faults.shift()
    w.ref(Boss, 'b').tell.stop({ grant, id: 'job' })
    await w.advance(1_000)
    assert.deepEqual(aborted, ['CANCELLED'])
    assert.equal(calls, 1)
    w.assertBalanced()
  })
}

test('M6: a caller that gives up aborts the durable turn it asked for', async () => {
  const { w } = await world()
  const controller = new AbortController()
  const thought = watched(w.ref(Agent, 'a').ask.think('x', { signal: controller.signal }))
  thought.promise.catch(() => undefined)
  await w.settle()
  controller.abort()
  await w.settle()
  await assert.rejects(thought.promise, code('CANCELLED'))
  assert.equal(aborted.length, 1)
  await w.advance(10_000)
  assert.equal(calls, 1)
  w.assertBalanced()
})
