/**
 * What code without types may pass to the functions that make an app and to a running system: refused
 * with a code, at the call.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import { createSystem } from '../../runtime/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: the point is to pass what the types refuse
type Untyped = any

const Box = contract('box', { put: message<number, number>(), list: stream<void, number>() })
const on = {
  put: (_ctx: unknown, value: unknown) => value,
  *list(): Generator<number> {
    yield 1
  },
}
const boxes = app(import.meta.url, { actors: [actor(Box, { on: on as Untyped })] })

const [contracts, messages, actors, apps, systems] = [
  contract,
  message,
  actor,
  app,
  createSystem,
] as Untyped[]
const noObject = [null, 5, 5n, 'x', () => 1, Symbol('s'), []]
const noText = [null, 5, 5n, '', {}, Symbol('s')]

interface Door {
  readonly call: (wrong: Untyped, system: Untyped) => unknown
  readonly wrong: readonly unknown[]
  readonly code: string
}

const makers: Readonly<Record<string, Door>> = {
  'contract, type': {
    call: (wrong) => contracts(wrong, {}),
    wrong: [...noText, undefined, 'a b', 'a/b', '1a'],
    code: 'ADDRESS_INVALID',
  },
  'contract, messages': {
    call: (wrong) => contracts('a', wrong),
    wrong: [undefined, null, 5, 'x', { m: undefined }, { m: {} }, { 'not a name': message() }],
    code: 'CONTRACT_INVALID',
  },
  message: {
    call: (wrong) => messages(wrong),
    wrong: [...noObject, { inputs: undefined }],
    code: 'OPTION_INVALID',
  },
  'message, schema': {
    call: (wrong) => messages({ input: wrong }),
    wrong: [null, 5, 'x', {}, () => 1],
    code: 'CONTRACT_INVALID',
  },
  'actor, contract': {
    call: (wrong) => actors(wrong, { on: {} }),
    wrong: [undefined, null, 5, 'box', {}],
    code: 'CONTRACT_INVALID',
  },
  'actor, behavior': {
    call: (wrong) => actors(Box, wrong),
    wrong: [...noObject, undefined, { on, durabel: true }, { on, state: {} }, { on, retry: [] }],
    code: 'OPTION_INVALID',
  },
  'actor, handlers': {
    call: (wrong) => actors(Box, wrong),
    wrong: [{}, { on: undefined }, { on: {} }, { on: { ...on, putt: on.put } }, { on: { put: 1 } }],
    code: 'CONTRACT_INVALID',
  },
  'app, url': {
    call: (wrong) => apps(wrong, { actors: [] }),
    wrong: [undefined, null, 5, {}, Symbol('s'), './app.ts'],
    code: 'APP_INVALID',
  },
  'app, actors': {
    call: (wrong) => apps(import.meta.url, { actors: wrong }),
    wrong: [undefined, [undefined], [Box], [{}]],
    code: 'APP_INVALID',
  },
  'app, parts': {
    call: (wrong) => apps(import.meta.url, wrong),
    wrong: [...noObject, undefined, { actors: {} }, { actors: [], dep: () => 1 }],
    code: 'OPTION_INVALID',
  },
  'createSystem, app': {
    call: (wrong) => systems(wrong, { workers: 0 }),
    wrong: [undefined, null, 5, './app.ts', {}, { default: boxes }, Promise.resolve(boxes)],
    code: 'APP_INVALID',
  },
  'createSystem, options': {
    call: (wrong) => systems(boxes, wrong),
    wrong: [
      ...noObject,
      { worker: 0 },
      { workers: '2' },
      { workers: -1 },
      { store: '' },
      { log: 1 },
    ],
    code: 'OPTION_INVALID',
  },
}

const doors: Readonly<Record<string, Door>> = {
  'ref, contract': {
    call: (wrong, system) => system.ref(wrong, 'a'),
    wrong: [undefined, null, 5, 'box', { type: 'box' }],
    code: 'CONTRACT_INVALID',
  },
  'ref, key': {
    call: (wrong, system) => system.ref(Box, wrong),
    wrong: [...noText, undefined, { type: 'other', key: 'a' }, { type: 'box' }],
    code: 'ADDRESS_INVALID',
  },
  'publish, topic': {
    call: (wrong, system) => system.publish(wrong, 1),
    wrong: [...noText, undefined, 'a.*', 'a..b'],
    code: 'ADDRESS_INVALID',
  },
  'subscribe, pattern': {
    call: (wrong, system) => system.subscribe(wrong),
    wrong: [...noText, undefined, 'a.***'],
    code: 'ADDRESS_INVALID',
  },
  'subscribe, options': {
    call: (wrong, system) => system.subscribe('a', wrong),
    wrong: [null, 5, 'x', [], { signal: {} }, { signals: undefined }],
    code: 'OPTION_INVALID',
  },
  'history.query': {
    call: (wrong, system) => system.history.query(wrong),
    wrong: [
      ...noObject,
      { to: 'alice' },
      { limit: 0 },
      { signal: {} },
      { since: 'now' },
      { form: 1 },
    ],
    code: 'OPTION_INVALID',
  },
  'history.read': {
    call: (wrong, system) => system.history.read(wrong).next(),
    wrong: [...noObject, { to: 'alice' }, { limit: 0 }, { signal: {} }],
    code: 'OPTION_INVALID',
  },
  'deadLetters.list': {
    call: (wrong, system) => system.deadLetters.list(wrong),
    wrong: [...noObject, { to: 'alice' }, { reason: 'lost' }, { limit: -1 }, { since: 'now' }],
    code: 'OPTION_INVALID',
  },
  'deadLetters.replay': {
    call: (wrong, system) => system.deadLetters.replay(wrong),
    wrong: [undefined, null, 5, {}, { id: 'x' }, Symbol('s')],
    code: 'OPTION_INVALID',
  },
  'quarantine.release': {
    call: (wrong, system) => system.quarantine.release(wrong),
    wrong: [...noObject, undefined, { actor: 'alice' }, { actor: 'box/a', timer: 5 }],
    code: 'OPTION_INVALID',
  },
  backup: {
    call: (wrong, system) => system.backup(wrong),
    wrong: [...noText, undefined],
    code: 'OPTION_INVALID',
  },
  'options of a stream': {
    call: (wrong, system) => system.ref(Box, 'a').stream.list(undefined, wrong),
    wrong: [...noObject, { within: -1 }],
    code: 'OPTION_INVALID',
  },
}

/** Async, so that what is thrown at once counts as well. */
async function refuses({ call, wrong, code }: Door, name: string, system?: unknown): Promise<void> {
  for (const [at, value] of wrong.entries()) {
    const called = (async () => await call(value, system))()
    await assert.rejects(called, { code }, `${name}, ${at}`)
  }
}

test('what makes an app refuses what is no part of one', async () => {
  for (const [name, door] of Object.entries(makers)) await refuses(door, name)
})

test('a running system refuses what it cannot use, and goes on', async (t) => {
  const system = await createSystem(boxes, { workers: 0 })
  t.after(() => system.close())
  for (const [name, door] of Object.entries(doors)) await refuses(door, name, system)
  assert.equal(await system.ref(Box, 'a').ask.put(1), 1)
  assert.equal(system.stats().imbalance, 0)
})

test('T5: a payload that only looks like a promise is never awaited', async (t) => {
  let asked = 0
  const then = { value: () => (asked += 1), enumerable: true }
  const query: Untyped = Object.defineProperty({}, 'then', then)
  const system = await createSystem(boxes, { workers: 0, development: true })
  t.after(() => system.close())
  const box = system.ref(Box, 'a')
  const refusal = { code: 'NOT_ENCODABLE', message: /then is a function/ }
  await assert.rejects(box.ask.put(query), refusal)
  await assert.rejects(box.deliver.put(query), refusal)
  assert.equal(box.tell.put(query).status, 'refused')
  assert.equal(asked, 0)
})

test('a subscription whose signal had aborted before ends at once', async (t) => {
  const system = await createSystem(boxes, { workers: 0 })
  t.after(() => system.close())
  for await (const published of system.subscribe('a', { signal: AbortSignal.abort() })) {
    assert.fail(`got ${published.topic}`)
  }
})

test('await using closes a system', async () => {
  const system = await createSystem(boxes, { workers: 0 })
  const { [Symbol.asyncDispose]: dispose } = system
  await dispose.call(system)
  await assert.rejects(system.ref(Box, 'a').ask.put(1), { code: 'SYSTEM_CLOSED' })
})

test('S2: a deadline longer than a timeout can be does not end at once', async () => {
  const warnings: string[] = []
  const warned = (warning: Error): number => warnings.push(warning.name)
  process.on('warning', warned)
  const system = await createSystem(boxes, { workers: 0, closeWithin: Number.POSITIVE_INFINITY })
  const late = system.ref(Box, 'a').ask.put(1)
  assert.equal((await system.close()).drained, true)
  assert.equal(await late, 1)
  process.off('warning', warned)
  assert.deepEqual(warnings, [], 'Node says TimeoutOverflowWarning and rings after 1 ms')
})
