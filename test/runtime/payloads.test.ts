/** T5 and schemas: what arrives is what was sent, checked, and nobody's to change. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as v from 'valibot'
import { z } from 'zod'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import type { TellOutcome } from '../../mailbox/outcome.ts'
import type { Encodable } from '../../persistence/encodable-types.ts'
import { gate } from './gate.ts'
import { harness } from './harness.ts'

interface Box {
  items: number[]
  tags?: Map<string, number>
}

/** What the compiler would refuse, as untyped code may send it. */
const unfit = (value: unknown): Encodable => value as Encodable

const Keeper = contract('keeper', {
  put: message<Box>(),
  get: message<void, Box>(),
  write: message<Box, string>(),
  any: message<Encodable>(),
  reply: message<string, Encodable>(),
  items: stream<void, Box, void>(),
  forward: message<void, string>(),
})

function keepers(development = true) {
  const received: Box[] = []
  const outcomes: TellOutcome[] = []
  const keeper = actor(Keeper, {
    state: () => ({ box: { items: [1] } as Box }),
    supervision: { decide: () => 'resume' },
    on: {
      put: (_ctx, box) => void received.push(box),
      get: (ctx) => ctx.state.box,
      write(_ctx, box) {
        box.items.push(4)
        return 'written'
      },
      any: (_ctx, payload) => void received.push(payload as unknown as Box),
      reply: (_ctx, kind) => unfit(kind === 'function' ? () => 1 : { [kind]: Symbol('no') }),
      async *items(ctx) {
        const { box } = ctx.state
        for (let i = 0; i < 2; i += 1) {
          box.items.push(i)
          yield box
        }
      },
      forward(ctx) {
        const box: Box = { items: [1], tags: new Map([['a', 1]]) }
        outcomes.push(ctx.ref(Keeper, 'other').tell.put(box))
        box.items.push(2)
        box.tags?.set('b', 2)
        outcomes.push(ctx.ref(Keeper, 'other').tell.any(unfit({ deep: [{ no: () => 1 }] })))
        return 'forwarded'
      },
    },
  })
  const h = harness({ actors: [keeper], development })
  return { h, received, outcomes, ref: h.ref(Keeper, 'k') }
}

test('T5: in development mode a sender’s later write is not seen', async () => {
  const { h, received, ref } = keepers()
  const box: Box = { items: [1], tags: new Map([['a', 1]]) }
  ref.tell.put(box)
  box.items.push(2)
  box.tags?.set('b', 2)
  ref.tell.put(box)
  const forwarded = ref.ask.forward()
  await h.settle()
  await forwarded
  assert.deepEqual(
    received.map(({ items, tags }) => [items, tags?.size]),
    [
      [[1], 1],
      [[1, 2], 2],
      [[1], 1],
    ],
  )
  assert.equal(h.imbalance(), 0)
})

test('T5: in development mode a receiver cannot write into a payload', async () => {
  const { h, received, ref } = keepers()
  const asked = ref.ask.write({ items: [1] })
  asked.catch(() => undefined)
  ref.tell.put({ items: [1], tags: new Map([['a', 1]]) })
  await h.settle()
  await assert.rejects(asked, /object is not extensible/)
  assert.throws(() => received[0]?.tags?.set('b', 1), { code: 'PAYLOAD_IMMUTABLE' })
  assert.equal(h.imbalance(), 0)
})

test('T5: in development mode a reply is not a door to the state', async () => {
  const { h, ref } = keepers()
  const first = ref.ask.get()
  await h.settle()
  const box = await first
  assert.throws(() => box.items.push(9))
  const second = ref.ask.get()
  await h.settle()
  assert.deepEqual(await second, { items: [1] })
  assert.equal(h.imbalance(), 0)
})

test('T5: in development mode stream items are as they were when they were yielded', async () => {
  const { h, ref } = keepers()
  const items: Box[] = []
  const read = (async () => {
    for await (const box of ref.stream.items()) items.push(box)
  })()
  await h.settle()
  await read
  assert.deepEqual(items, [{ items: [1, 0] }, { items: [1, 0, 1] }])
  assert.equal(h.imbalance(), 0)
})

test('T5: without development mode actors of one thread share what they send', async () => {
  const { h, received, ref } = keepers(false)
  const box: Box = { items: [1] }
  ref.tell.put(box)
  await h.settle()
  assert.equal(received[0], box)
  assert.equal(h.imbalance(), 0)
})

test('T5: what cannot be encoded is refused with its path, and no handler sees it', async () => {
  const { h, received, outcomes, ref } = keepers()
  const outcome = ref.tell.any(unfit({ list: [1, { bad: () => 1 }] }))
  assert.equal(outcome.status, 'refused')
  assert.ok(outcome.status === 'refused')
  assert.equal(outcome.reason, 'not-encodable')
  assert.equal(outcome.error.code, 'NOT_ENCODABLE')
  assert.match(outcome.error.message, /list\[1\]\.bad/)
  for (const call of [
    ref.ask.any(unfit(Symbol('x'))),
    ref.deliver.any(unfit({ a: Promise.resolve() })),
  ]) {
    await assert.rejects(call, { code: 'NOT_ENCODABLE' })
  }
  const forwarded = ref.ask.forward()
  await h.settle()
  assert.equal(await forwarded, 'forwarded', 'nothing is thrown into a sender')
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['queued', 'refused'],
  )
  assert.equal(received.length, 1)
  assert.equal(h.imbalance(), 0)
})

test('T5: what a durable actor could not record is refused where it is sent, on its own thread too', async () => {
  const Vault = contract('vault', { put: message<Encodable>() })
  const kept: unknown[] = []
  const vault = actor(Vault, {
    durable: true,
    on: { put: (_ctx, what) => void kept.push(what) },
  })
  for (const development of [false, true]) {
    const h = harness({ actors: [vault], durable: true, development })
    const ref = h.ref(Vault, 'v')
    for (const [payload, reason, code] of [
      [{ bad: () => 1 }, 'not-encodable', 'NOT_ENCODABLE'],
      ['x'.repeat(17 * 1024 * 1024), 'too-large', 'PAYLOAD_TOO_LARGE'],
    ] as const) {
      const outcome = ref.tell.put(unfit(payload))
      assert.ok(outcome.status === 'refused')
      assert.deepEqual([outcome.reason, outcome.error.code], [reason, code])
      for (const send of [ref.ask, ref.deliver]) {
        await assert.rejects(send.put(unfit(payload)), { code })
      }
    }
    await h.settle()
    assert.equal(h.imbalance(), 0)
  }
  assert.deepEqual(kept, [])
})

test('T5: a reply that cannot be encoded fails its turn and its asker', async () => {
  const { h, ref } = keepers()
  for (const kind of ['function', 'symbol']) {
    const asked = ref.ask.reply(kind)
    asked.catch(() => undefined)
    await h.settle()
    const message = new RegExp(`^reply of keeper\\.reply.* is a ${kind}`)
    await assert.rejects(asked, { code: 'NOT_ENCODABLE', message })
  }
  assert.equal(h.events.filter(({ event }) => event === 'turn-failed').length, 2)
  assert.equal(h.imbalance(), 0)
})

const upper = (text: string): string => text.toUpperCase()

const Checked = contract('checked', {
  zod: message({
    input: z.object({ name: z.string().min(2).transform(upper), age: z.number() }),
    output: z.object({ greeting: z.string() }),
  }),
  valibot: message({
    input: v.object({ name: v.pipe(v.string(), v.minLength(2), v.transform(upper)) }),
    output: v.string(),
  }),
  later: message({
    input: v.pipeAsync(
      v.string(),
      v.checkAsync(async (text) => text !== 'bad', 'not that one'),
    ),
    output: v.pipeAsync(
      v.string(),
      v.checkAsync(async (text) => text !== 'reply', 'not that reply'),
    ),
  }),
  wrong: message({ output: z.number() }),
  forward: message<void, Encodable>(),
})

function checked() {
  const seen: unknown[] = []
  const definition = actor(Checked, {
    supervision: { decide: () => 'resume' },
    on: {
      zod(_ctx, person) {
        seen.push(person)
        return { greeting: `hello ${person.name}` }
      },
      valibot(_ctx, { name }) {
        seen.push(name)
        return name
      },
      later(_ctx, text) {
        seen.push(text)
        return text
      },
      wrong: () => 'text' as never,
      forward(ctx) {
        const self = ctx.ref(Checked, 'other')
        const outcome = self.tell.zod({ name: 'x', age: 'old' as never })
        return outcome.status === 'refused'
          ? [outcome.reason, outcome.error.fields['issues'] as Encodable]
          : []
      },
    },
  })
  const h = harness({ actors: [definition] })
  return { h, seen, ref: h.ref(Checked, 'c') }
}

test('a payload that fits its schema arrives as the schema made it', async () => {
  const { h, seen, ref } = checked()
  const zod = ref.ask.zod({ name: 'ada', age: 36 })
  const valibot = ref.ask.valibot({ name: 'grace' })
  await h.settle()
  assert.deepEqual(await zod, { greeting: 'hello ADA' })
  assert.equal(await valibot, 'GRACE')
  assert.deepEqual(seen, [{ name: 'ADA', age: 36 }, 'GRACE'])
  assert.equal(h.imbalance(), 0)
})

test('a payload that does not fit is refused with its issues and reaches no handler', async () => {
  const { h, seen, ref } = checked()
  const bad = { name: 'x', age: 'old' as never }
  const outcome = ref.tell.zod(bad)
  assert.ok(outcome.status === 'refused')
  assert.equal(outcome.reason, 'invalid-payload')
  assert.equal(outcome.error.code, 'PAYLOAD_INVALID')
  const issues = outcome.error.fields['issues'] as { path: string; message: string }[]
  assert.deepEqual(
    issues.map(({ path }) => path),
    ['name', 'age'],
  )
  assert.match(outcome.error.message, /"zod" to checked\/c does not fit its schema: name: /)
  await assert.rejects(ref.ask.zod(bad), { code: 'PAYLOAD_INVALID' })
  await assert.rejects(ref.deliver.zod(bad), { code: 'PAYLOAD_INVALID' })
  await assert.rejects(ref.ask.valibot({ name: '' }), { code: 'PAYLOAD_INVALID' })
  const inside = ref.ask.forward()
  await h.settle()
  const [reason, found] = (await inside) as unknown as [string, { path: string }[]]
  assert.equal(reason, 'invalid-payload')
  assert.equal(found.length, 2)
  assert.deepEqual(seen, [])
  assert.equal(h.imbalance(), 0)
})

test('an asynchronous schema is for ask and deliver; tell refuses it clearly', async () => {
  const { h, seen, ref } = checked()
  const outcome = ref.tell.later('good')
  assert.ok(outcome.status === 'refused')
  assert.match(outcome.error.message, /asynchronous: use ask or deliver/)
  const calls = [ref.ask.later('good'), ref.ask.later('bad'), ref.deliver.later('fine')]
  const results = Promise.allSettled(calls)
  await h.settle()
  assert.deepEqual(
    (await results).map((result) => (result.status === 'rejected' ? result.reason.code : 'ok')),
    ['ok', 'PAYLOAD_INVALID', 'ok'],
  )
  assert.deepEqual(seen, ['good', 'fine'])
  assert.equal(h.imbalance(), 0)
})

test('a reply that does not fit its schema fails its turn, and the asker learns why', async () => {
  const { h, ref } = checked()
  const wrong = ref.ask.wrong()
  wrong.catch(() => undefined)
  await h.settle()
  await assert.rejects(wrong, { code: 'PAYLOAD_INVALID', message: /the reply of checked\/c/ })
  const later = ref.ask.later('reply')
  later.catch(() => undefined)
  await h.settle()
  await assert.rejects(later, /not that reply/)
  assert.equal(h.events.filter(({ event }) => event === 'turn-failed').length, 2)
  assert.equal(h.imbalance(), 0)
})

test('T1: a turn whose reply is still being checked holds the actor', async () => {
  const check = gate()
  const slowly = v.checkAsync<string, string>(async () => {
    await check.opened
    return true
  }, 'never')
  const Slow = contract('slow', {
    reply: message({ output: v.pipeAsync(v.string(), slowly) }),
    note: message<string>(),
  })
  const seen: string[] = []
  const slow = actor(Slow, {
    on: {
      reply: () => 'checked',
      note: (_ctx, text) => void seen.push(text),
    },
  })
  const h = harness({ actors: [slow] })
  const asked = h.ref(Slow, 's').ask.reply()
  await h.settle()
  h.ref(Slow, 's').tell.note('next')
  await h.settle()
  assert.deepEqual(seen, [])
  check.open()
  await h.settle()
  assert.equal(await asked, 'checked')
  assert.deepEqual(seen, ['next'])
  assert.equal(h.imbalance(), 0)
})
