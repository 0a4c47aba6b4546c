/** What handlers throw and callers send in bad faith or by mistake costs their own message, nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { LogLine } from '../../runtime/index.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: the point is to pass what the types refuse
type Untyped = any

const Box = contract('box', {
  boom: message(),
  late: message(),
  put: message<number, number>(),
  call: message<{ name: string }, Untyped>(),
})

function trap(): never {
  throw new Error('trap')
}

/** Everything that can be asked of it throws. */
function hostile(): object {
  return new Proxy({}, { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap })
}

function boxes(durable: boolean) {
  const box = actor(Box, {
    durable,
    on: {
      boom() {
        throw hostile()
      },
      async late() {
        await Promise.resolve()
        throw hostile()
      },
      put: (_ctx, value) => value,
      call: () => 1,
    },
  })
  return app(import.meta.url, { actors: [box] })
}

for (const durable of [true, false]) {
  const kind = durable ? 'durable' : 'volatile'

  test(`F1, F2: a thrown value that cannot be read fails its own turn (${kind})`, async (t) => {
    const system = await createTestSystem(boxes(durable))
    t.after(() => system.close())
    const box = system.ref(Box, 'a')
    for (const name of ['boom', 'late'] as const) {
      await assert.rejects(box.ask[name](), {
        code: 'ACTOR_FAILED',
        message: /cannot be looked at/,
      })
      await system.advance(60_000)
    }
    box.tell.boom()
    await system.advance(120_000)
    assert.equal(await box.ask.put(1), 1)
    assert.equal(system.stats().imbalance, 0)
  })

  test(`T5: a promise as payload is refused, whichever way it is sent (${kind})`, async (t) => {
    const system = await createTestSystem(boxes(durable))
    t.after(() => system.close())
    const box = system.ref(Box, 'a')
    const forgotten = Promise.resolve(1) as unknown as number
    const refusal = { code: 'NOT_ENCODABLE', message: /a Promise.*await/ }
    await assert.rejects(box.ask.put(forgotten), refusal)
    await assert.rejects(box.deliver.put(forgotten), refusal)
    assert.equal(box.tell.put(forgotten).status, 'refused')
  })

  test(`what a handler returns in bad faith fails its own turn (${kind})`, async (t) => {
    const box = actor(Box, {
      durable,
      on: {
        boom: () => {},
        late: () => {},
        put: () => 1,
        call: (_ctx, { name }) => answers[name]?.(),
      },
    })
    const system = await createTestSystem(app(import.meta.url, { actors: [box] }))
    t.after(() => system.close())
    for (const name of Object.keys(answers)) {
      await assert.rejects(
        system.ref(Box, name).ask.call({ name }),
        /trap|cannot be looked|then is an accessor/,
      )
    }
    assert.equal(system.stats().imbalance, 0)
  })

  test(`a log line takes anything and fails nothing (${kind})`, async (t) => {
    const lines: LogLine[] = []
    const box = actor(Box, {
      durable,
      on: {
        late: () => {},
        put: () => 1,
        call: () => 1,
        boom(ctx: Untyped) {
          ctx.log.warn(new Error('first'), new Error('second'))
          ctx.log.warn('fields', { ok: 1n, error: new Error('third'), trap: hostile() })
          ctx.log.warn(hostile(), hostile())
          ctx.log.warn(undefined, null)
        },
      },
    })
    const only = app(import.meta.url, { actors: [box] })
    const system = await createTestSystem(only, { log: (line) => lines.push(line) })
    t.after(() => system.close())
    await system.ref(Box, 'a').ask.boom()
    const [errors, fields] = lines
    assert.match(errors?.message ?? '', /Error: first\n {4}at/)
    assert.match(String(errors?.fields['error']), /Error: second\n {4}at/)
    assert.equal(fields?.fields['ok'], 1n)
    assert.match(String(fields?.fields['error']), /Error: third/)
    assert.equal(lines.length, 4)
  })
}

const withThen = (target: object, then: PropertyDescriptor): object =>
  Object.defineProperty(target, 'then', { ...then, enumerable: true })

/** Each throws when the runtime looks whether it is a promise, or when it waits for it. */
const answers: Readonly<Record<string, () => unknown>> = {
  proxy: hostile,
  'then, an accessor': () => withThen({}, { get: trap }),
  'then, throwing': () => withThen({}, { value: trap }),
  'then, twice': () => withThen({}, { value: rejectAndThrow }),
  'then of a promise': () => withThen(Promise.resolve(1), { value: trap }),
}

function rejectAndThrow(_resolve: unknown, reject: (error: unknown) => void): never {
  reject(new Error('trap'))
  trap()
}

test('a listener or a log function that throws harms nobody else', async (t) => {
  const reasons: string[] = []
  const system = await createTestSystem(boxes(false), { log: trap })
  t.after(() => system.close())
  system.events.on('all', trap)
  system.events.on('dead-letter', trap)
  system.events.once('dead-letter', ({ letter }) => reasons.push(`once ${letter.reason}`))
  system.events.on('dead-letter', ({ letter }) => reasons.push(letter.reason))
  for (const key of ['a', 'b']) system.ref(Box, key).tell.boom()
  await system.settle()
  assert.deepEqual(reasons, ['once failed', 'failed', 'failed'])
  assert.equal(system.stats().imbalance, 0)
})
