/** What a durable turn sends to open a stream: checked once, and no part of its own state. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import { harness } from '../runtime/harness.ts'

const doubled = { input: z.number().transform((n) => n * 2) }
const Echo = contract('echo', {
  double: stream<number, typeof doubled>(doubled),
  list: stream<{ names: string[] }, string>(),
})
const Keeper = contract('keeper', {
  double: message<number, number[]>(),
  list: message<void, string[]>(),
})

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const held: { names: string[] }[] = []
const echo = actor(Echo, {
  on: {
    *double(_ctx, n) {
      yield n
    },
    *list(_ctx, payload) {
      held.push(payload)
      yield* payload.names
    },
  },
})
const keeper = actor(Keeper, {
  durable: true,
  state: () => ({ names: ['a', 'b'] }),
  on: {
    double: async (ctx, n) => await all(ctx.ref(Echo, 'e').stream.double(n)),
    async list(ctx) {
      const names = await all(ctx.ref(Echo, 'e').stream.list({ names: ctx.state.names }))
      ctx.state.names.push('c')
      return names
    },
  },
})

test('T5: the schema of a stream transforms the payload of a durable turn once', async () => {
  const h = harness({ actors: [echo, keeper], durable: true })
  const answer = h.ref(Keeper, 'k').ask.double(3)
  await h.settle()
  assert.deepEqual(await answer, [6])
  assert.equal(h.imbalance(), 0)
})

test('T5: a part of the state that opens a stream is a copy, without development mode too', async () => {
  held.length = 0
  const h = harness({ actors: [echo, keeper], durable: true, development: false })
  const answer = h.ref(Keeper, 'k').ask.list()
  await h.settle()
  assert.deepEqual(await answer, ['a', 'b'])
  assert.deepEqual(held, [{ names: ['a', 'b'] }])
  assert.equal(h.imbalance(), 0)
})
