/** D2: a dead letter that is sent again keeps what its message had done: no model call is paid twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { terminal } from '../../mailbox/errors.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'

const Clerk = contract('clerk', {
  work: message<string>(),
  say: message<string, string>(),
  state: message<void, { ids: string[]; said: number }>(),
})

test('D2: a letter sent again is answered from the steps of its message, again and again', async (t) => {
  let life = 1
  const calls: string[] = []
  const clerk = actor(Clerk, {
    durable: true,
    state: () => ({ ids: [] as string[], said: 0 }),
    on: {
      async work(ctx, text) {
        const id = ctx.uuid()
        await ctx.effect('first', { text, id }, () => void calls.push('first'))
        await ctx.ref(Clerk, 'other').ask.say(text)
        if (life === 1) throw terminal('before the second')
        await ctx.effect('second', id, () => void calls.push('second'))
        if (life === 2) throw terminal('behind the second')
        await ctx.effect('third', id, () => void calls.push('third'))
        ctx.state.ids.push(id)
      },
      say(ctx, text) {
        ctx.state.said += 1
        return text
      },
    },
    reads: { state: (ctx) => ({ ids: [...ctx.state.ids], said: ctx.state.said }) },
  })
  const system = await createTestSystem(app(import.meta.url, { actors: [clerk] }))
  t.after(() => system.close())
  await system.ref(Clerk, 'c').deliver.work('x', { id: 'mine' })
  await system.settle()
  while (life < 3) {
    const [letter] = system.deadLetters.list({ limit: 1 })
    assert.equal(letter?.reason, 'parked')
    life += 1
    system.deadLetters.replay(letter?.id as string)
    await system.settle()
  }
  assert.deepEqual(calls, ['first', 'second', 'third'])
  assert.equal((await system.ref(Clerk, 'c').ask.state()).ids.length, 1)
  assert.equal((await system.ref(Clerk, 'other').ask.state()).said, 1)
})
