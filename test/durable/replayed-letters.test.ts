/** D2: a dead letter that is sent again keeps what its message had done: no model call is paid twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { hashAddress } from '../../mailbox/address.ts'
import type { Tick } from '../../mailbox/envelope.ts'
import { terminal } from '../../mailbox/errors.ts'
import { writeSuspects } from '../../persistence/suspects-file.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'
import { eventOf, fileOf, systemOf } from '../system/support.ts'

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

const Bell = contract('bell', {
  set: message(),
  ring: message(),
  rung: message<void, Tick[]>(),
})

for (const durable of [true, false] as const) {
  test(`D8: a tick that is sent again says what it stands for (${durable ? 'durable' : 'volatile'})`, async (t) => {
    let broken = true
    const bell = actor(Bell, {
      durable,
      supervision: { decide: () => 'resume' },
      state: () => ({ rung: [] as Tick[] }),
      on: {
        set: (ctx) => ctx.timer('t', { after: 5 }, 'ring'),
        ring(ctx) {
          if (broken) throw terminal('not yet')
          ctx.state.rung.push(ctx.message.tick as Tick)
        },
      },
      reads: { rung: (ctx) => [...ctx.state.rung] },
    })
    const system = await createTestSystem(app(import.meta.url, { actors: [bell] }))
    t.after(() => system.close())
    await system.ref(Bell, 'b').ask.set()
    await system.advance(60_000)
    const [letter] = system.deadLetters.list()
    broken = false
    system.deadLetters.replay(letter?.id as string)
    await system.settle()
    const [tick] = await system.ref(Bell, 'b').ask.rung()
    assert.deepEqual([tick?.timer, tick?.missed], ['t', 0])
    assert.ok((tick?.due ?? 0) > 0)
  })
}

test('D8: a tick that a store has kept as a dead letter says so after a restart, too', async (t) => {
  const store = fileOf(t)
  let broken = true
  const bell = actor(Bell, {
    durable: true,
    state: () => ({ rung: [] as Tick[] }),
    on: {
      set: (ctx) => ctx.timer('t', { after: 1 }, 'ring'),
      ring(ctx) {
        if (broken) throw terminal('not yet')
        ctx.state.rung.push(ctx.message.tick as Tick)
      },
    },
    reads: { rung: (ctx) => [...ctx.state.rung] },
  })
  const bells = app(import.meta.url, { actors: [bell] })
  const first = await systemOf(t, bells, { store, workers: 0 })
  const parked = eventOf(first, 'dead-letter')
  await first.ref(Bell, 'b').ask.set()
  await parked
  await first.close()
  broken = false
  const second = await systemOf(t, bells, { store, workers: 0 })
  second.deadLetters.replay(second.deadLetters.list()[0]?.id as string)
  await second.quiet()
  const [tick] = await second.ref(Bell, 'b').ask.rung()
  assert.equal(tick?.timer, 't')
})

const Paper = contract('paper', {
  join: message(),
  item: message({ input: z.string().trim() }),
  read: message<void, string[]>(),
})

function papers(durable: boolean, isBroken: () => boolean) {
  const paper = actor(Paper, {
    durable,
    supervision: { decide: () => 'resume' },
    state: () => ({ read: [] as string[] }),
    on: {
      join: (ctx) => ctx.subscribe('news.*', 'item'),
      async item(ctx, text) {
        if (isBroken()) throw terminal('not yet')
        ctx.state.read.push(`${ctx.message.topic}: ${text}`)
      },
    },
    reads: { read: (ctx) => [...ctx.state.read] },
  })
  return app(import.meta.url, { actors: [paper] })
}

for (const durable of [true, false] as const) {
  test(`M4: what was published and is sent again goes to its reader alone, with topic and schema (${durable ? 'durable' : 'volatile'})`, async (t) => {
    let broken = true
    const system = await createTestSystem(papers(durable, () => broken))
    t.after(() => system.close())
    for (const key of ['a', 'b']) await system.ref(Paper, key).ask.join()
    system.publish('news.today', ' one ')
    await system.settle()
    const letters = system.deadLetters.list()
    assert.deepEqual(letters.map(({ to }) => to).sort(), ['paper/a', 'paper/b'])
    broken = false
    assert.throws(() => system.deadLetters.replay(letters[0]?.id as string), {
      code: 'OPTION_INVALID',
    })
    system.deadLetters.replay({ id: letters[0]?.id as string, to: 'paper/a' })
    await system.settle()
    assert.deepEqual(await system.ref(Paper, 'a').ask.read(), ['news.today: one'])
    assert.deepEqual(await system.ref(Paper, 'b').ask.read(), [])
  })
}

test('M4: what was published keeps its topic as a dead letter of a store, over a restart and another failure', async (t) => {
  const store = fileOf(t)
  let broken = true
  const app = papers(true, () => broken)
  const lives = [true, true, false]
  for (const fails of lives) {
    broken = fails
    const system = await systemOf(t, app, { store, workers: 0 })
    const [letter] = system.deadLetters.list()
    if (letter === undefined) {
      await system.ref(Paper, 'a').ask.join()
      system.publish('news.today', ' one ')
    } else system.deadLetters.replay(letter.id)
    await system.quiet()
    if (!fails) {
      assert.deepEqual(await system.ref(Paper, 'a').ask.read(), ['news.today: one'])
    }
    await system.close()
  }
})

test('F3: a turn that asks an actor in quarantine waits, and goes on when that is released', async (t) => {
  const clerk = actor(Clerk, {
    durable: true,
    state: () => ({ ids: [] as string[], said: 0 }),
    on: {
      async work(ctx, text) {
        ctx.state.ids.push(await ctx.ref(Clerk, 'asked').ask.say(text))
      },
      say(ctx, text) {
        ctx.state.said += 1
        return text
      },
    },
    reads: { state: (ctx) => ({ ids: [...ctx.state.ids], said: ctx.state.said }) },
  })
  const store = fileOf(t)
  const address = 'clerk/asked'
  const barred = { position: 0, index: 0, starts: 2, actor: hashAddress(address) }
  writeSuspects(store, [{ ...barred, address }], true)
  const system = await systemOf(t, app(import.meta.url, { actors: [clerk] }), { store, workers: 0 })
  assert.deepEqual(system.quarantine.list(), [{ actor: address }])
  await system.ref(Clerk, 'c').deliver.work('x')
  // Who asks from outside is told at once; the turn's question has been accepted before this one.
  await assert.rejects(system.ref(Clerk, 'asked').ask.say('y', { id: 'y' }), {
    code: 'QUARANTINED',
  })
  assert.equal(system.quarantine.release({ actor: address }), true)
  await system.quiet()
  assert.deepEqual((await system.ref(Clerk, 'c').ask.state()).ids, ['x'])
  assert.equal((await system.ref(Clerk, 'asked').ask.state()).said, 2)
  assert.deepEqual(system.deadLetters.list(), [])
})
