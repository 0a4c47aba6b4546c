/** D4: a dead letter of a stored message says after a restart what it said before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import type { Grant } from '../../actors/context.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { terminal } from '../../mailbox/errors.ts'
import { fileOf, systemOf } from './support.ts'

const Worker = contract('worker', {
  listen: message<void, Grant>(),
  count: message({ input: z.object({ n: z.number() }) }),
  wait: message<void>(),
  fail: message<void>(),
  aside: message<void>(),
})
const Boss = contract('boss', { stop: message<{ grant: Grant; id: string }>() })

const waits = Promise.withResolvers<void>()

const worker = actor(Worker, {
  durable: true,
  state: () => ({}),
  stash: 1,
  on: {
    listen(ctx) {
      ctx.subscribe('numbers', 'count')
      return ctx.grant()
    },
    count() {},
    wait(ctx) {
      waits.resolve()
      return new Promise<void>((_end, refuse) => {
        ctx.signal.addEventListener('abort', () => refuse(ctx.signal.reason))
      })
    },
    fail() {
      throw terminal('for good')
    },
    aside: (ctx) => ctx.stash(),
  },
})
const boss = actor(Boss, { on: { stop: (ctx, { grant, id }) => ctx.interrupt(grant, id) } })
const code = app(import.meta.url, { actors: [worker, boss] })

test('dead letters of stored messages keep their reason and error through a restart', async (t) => {
  const store = fileOf(t)
  const system = await systemOf(t, code, { store, workers: 0 })
  const one = system.ref(Worker, 'w')
  const grant = await one.ask.listen()
  system.publish('numbers', { n: 'none' })
  await one.deliver.wait(undefined, { id: 'mine' })
  await waits.promise
  system.ref(Boss, 'b').tell.stop({ grant, id: 'mine' })
  await system.quiet()
  await one.deliver.fail()
  await one.deliver.aside()
  await one.deliver.aside()
  await system.quiet()
  const told = () => shown(system.deadLetters.list())
  assert.deepEqual(
    told().map(([reason, errorCode]) => [reason, errorCode]),
    [
      ['cancelled', 'CANCELLED'],
      ['invalid-payload', 'PAYLOAD_INVALID'],
      ['parked', 'TERMINAL'],
      ['stash-full', 'MAILBOX_FULL'],
    ],
  )
  const before = told()
  await system.close()
  const next = await systemOf(t, code, { store, workers: 0 })
  assert.deepEqual(shown(next.deadLetters.list()), before)
})

function shown(
  letters: readonly { reason: string; error?: unknown }[],
): [string, string, string][] {
  const rows = letters.map(({ reason, error }): [string, string, string] => {
    const { code, message } = error as { code: string; message: string }
    return [reason, code, message]
  })
  return rows.toSorted(([a], [b]) => (a < b ? -1 : 1))
}
