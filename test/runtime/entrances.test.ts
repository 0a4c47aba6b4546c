/**
 * What code without types may pass at every entrance of a handler's context, and of a system: refused
 * with a code, at the call, before anything else happens.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: the point is to pass what the types refuse
type Untyped = any

const Box = contract('box', {
  call: message<{ name: string; case: number }, Untyped>(),
  boom: message(),
  put: message<number, number>(),
})

/** Everything that can be asked of it throws. */
function hostile(): object {
  const trap = (): never => {
    throw new Error('trap')
  }
  return new Proxy({}, { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap })
}

/** One argument of a call is wrong, with each of the wrong ones. */
interface Entrance {
  readonly call: (ctx: Untyped, wrong: unknown) => unknown
  readonly wrong: readonly unknown[]
  readonly code: string
}

const text = 'x'.repeat(10_000)
const noText = [undefined, null, 5, 5n, '', {}, [], () => 1, Symbol('s'), text]
const noAddress = [undefined, null, 5, 5n, 'box/a', {}, [], { type: 'box' }, { type: 5, key: 'a' }]
const noOptions = [null, 5, 5n, 'x', () => 1, Symbol('s'), { idempotant: true }]
const noMessage = [undefined, null, 5, 'nope', Symbol('s'), 'toString']

const entrances: Readonly<Record<string, Entrance>> = {
  'ref, contract': {
    call: (ctx, wrong) => ctx.ref(wrong, 'a'),
    wrong: [undefined, null, 5, 'box', { type: 'box' }, Symbol('s')],
    code: 'CONTRACT_INVALID',
  },
  'ref, key': {
    call: (ctx, wrong) => ctx.ref(Box, wrong),
    wrong: [...noText, 'a\nb', '\ud800', { type: 'other', key: 'a' }, { type: 'box' }],
    code: 'ADDRESS_INVALID',
  },
  'spawn, contract': {
    call: (ctx, wrong) => ctx.spawn(wrong, 'a'),
    wrong: [undefined, null, 5, 'box'],
    code: 'CONTRACT_INVALID',
  },
  'spawn, name': {
    call: (ctx, wrong) => ctx.spawn(Box, wrong),
    wrong: noText,
    code: 'OPTION_INVALID',
  },
  watch: { call: (ctx, wrong) => ctx.watch(wrong), wrong: noAddress, code: 'ADDRESS_INVALID' },
  unwatch: { call: (ctx, wrong) => ctx.unwatch(wrong), wrong: noAddress, code: 'ADDRESS_INVALID' },
  'timer, name': {
    call: (ctx, wrong) => ctx.timer(wrong, { after: 1 }, 'boom'),
    wrong: noText,
    code: 'OPTION_INVALID',
  },
  'timer, when': {
    call: (ctx, wrong) => ctx.timer('t', wrong, 'boom'),
    wrong: [undefined, null, 5, 5n, {}, { at: 1 }, { after: 5n }, { after: -1 }, { rate: 0 }],
    code: 'OPTION_INVALID',
  },
  'timer, message': {
    call: (ctx, wrong) => ctx.timer('t', { after: 1 }, wrong),
    wrong: noMessage,
    code: 'DEFINITION_MISSING',
  },
  'timer, payload': {
    call: (ctx, wrong) => ctx.timer('t', { after: 1 }, 'put', wrong),
    wrong: [() => 1, Symbol('s'), Promise.resolve(1), hostile()],
    code: 'NOT_ENCODABLE',
  },
  cancelTimer: {
    call: (ctx, wrong) => ctx.cancelTimer(wrong),
    wrong: noText,
    code: 'OPTION_INVALID',
  },
  'publish, topic': {
    call: (ctx, wrong) => ctx.publish(wrong, 1),
    wrong: [...noText, 'a..b', 'a.*'],
    code: 'ADDRESS_INVALID',
  },
  'publish, payload': {
    call: (ctx, wrong) => ctx.publish('a', wrong),
    wrong: [() => 1, Symbol('s'), Promise.resolve(1), hostile()],
    code: 'NOT_ENCODABLE',
  },
  'subscribe, pattern': {
    call: (ctx, wrong) => ctx.subscribe(wrong, 'boom'),
    wrong: [...noText, 'a..b', 'a.***'],
    code: 'ADDRESS_INVALID',
  },
  'subscribe, message': {
    call: (ctx, wrong) => ctx.subscribe('a', wrong),
    wrong: noMessage,
    code: 'DEFINITION_MISSING',
  },
  unsubscribe: {
    call: (ctx, wrong) => ctx.unsubscribe(wrong),
    wrong: noText,
    code: 'ADDRESS_INVALID',
  },
  'effect, name': {
    call: (ctx, wrong) => ctx.effect(wrong, 1, () => 1),
    wrong: noText,
    code: 'OPTION_INVALID',
  },
  'effect, function': {
    call: (ctx, wrong) => ctx.effect('e', 1, wrong),
    wrong: [undefined, null, 5, {}, Promise.resolve(1)],
    code: 'OPTION_INVALID',
  },
  'effect, options': {
    call: (ctx, wrong) => ctx.effect('e', 1, () => 1, wrong),
    wrong: noOptions,
    code: 'OPTION_INVALID',
  },
  'interrupt, who': {
    call: (ctx, wrong) => ctx.interrupt(wrong, 'id'),
    wrong: noAddress,
    code: 'ADDRESS_INVALID',
  },
  'interrupt, message': {
    call: (ctx, wrong) => ctx.interrupt(ctx.grant(), wrong),
    wrong: [undefined, null, 5, 5n, '', {}, Symbol('s')],
    code: 'OPTION_INVALID',
  },
  'tell, options': {
    call: (ctx, wrong) => ctx.ref(Box, 'b').tell.boom(undefined, wrong),
    wrong: [...noOptions, { within: Number.NaN }, { lane: 'urgent' }, { id: '@p1.1' }],
    code: 'OPTION_INVALID',
  },
  'ask, options': {
    call: (ctx, wrong) => ctx.ref(Box, 'b').ask.put(1, wrong),
    wrong: [...noOptions, { within: -1 }, { signal: {} }, { trace: 5 }],
    code: 'OPTION_INVALID',
  },
  'deliver, options': {
    call: (ctx, wrong) => ctx.ref(Box, 'b').deliver.put(1, wrong),
    wrong: [...noOptions, { priority: 1.5 }, { lane: 'low', priority: 1 }],
    code: 'OPTION_INVALID',
  },
  reply: {
    call: (_ctx, wrong) => wrong,
    wrong: [() => 1, Symbol('s'), hostile(), new Map([[{}, 1]]), new (class Odd {})()],
    code: 'NOT_ENCODABLE',
  },
}

function boxes(durable: boolean) {
  const box = actor(Box, {
    durable,
    onTerminated() {},
    on: {
      call: (ctx, { name, case: at }) => entrances[name]?.call(ctx, entrances[name].wrong[at]),
      boom: () => {},
      put: (_ctx, value) => value,
    },
  })
  return app(import.meta.url, { actors: [box] })
}

for (const durable of [true, false]) {
  const kind = durable ? 'durable' : 'volatile'
  test(`what a handler passes by mistake is refused by the code of its entrance (${kind})`, async (t) => {
    const system = await createTestSystem(boxes(durable))
    t.after(() => system.close())
    for (const [name, { wrong, code }] of Object.entries(entrances)) {
      for (const at of wrong.keys()) {
        const asked = system.ref(Box, `${name} ${at}`).ask.call({ name, case: at })
        await assert.rejects(asked, { code }, `${name}, ${at}`)
      }
    }
    assert.equal(system.stats().imbalance, 0)
  })
}
