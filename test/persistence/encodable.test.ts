import assert from 'node:assert/strict'
import { test } from 'node:test'
import vm from 'node:vm'
import { TroupeError } from '../../mailbox/errors.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { copyEncodable } from '../../persistence/copy.ts'
import { assertEncodable } from '../../persistence/encodable.ts'
import { deepFreeze } from '../../persistence/freeze.ts'
import { MAX_DEPTH } from '../../persistence/kinds.ts'

/** The path and reason a value is refused with. */
function refusal(value: unknown): { path: unknown; why: unknown } | undefined {
  const codes: unknown[] = []
  let fields: { path?: unknown; why?: unknown } = {}
  for (const attempt of [() => assertEncodable(value, 'payload'), () => copyEncodable(value)]) {
    try {
      attempt()
      codes.push(undefined)
    } catch (error) {
      codes.push((error as { code?: unknown }).code)
      fields = (error as { fields: typeof fields }).fields
    }
  }
  assert.equal(codes[0], codes[1], 'check and copy agree')
  if (codes[0] === undefined) return undefined
  assert.equal(codes[0], 'NOT_ENCODABLE')
  return { path: fields.path, why: fields.why }
}

function nest(levels: number, name: string, leaf: unknown = {}): unknown {
  let value = leaf
  for (let i = 0; i < levels; i++) value = { [name]: value }
  return value
}

function thrown(run: () => unknown): TroupeError {
  try {
    run()
  } catch (error) {
    if (error instanceof TroupeError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

class Account {
  balance = 0
}

test('T5: every unlisted value is refused with its path and what it is', () => {
  const deep: Record<string, unknown> = {}
  let at = deep
  for (let i = 0; i < MAX_DEPTH; i++) at = at['a'] = {}
  const accessor = Object.defineProperty({}, 'now', { get: () => 1, enumerable: true })
  const proto = JSON.parse('{"__proto__": 1}')
  const cases: [unknown, string, RegExp][] = [
    [{ items: [0, 0, 0, { at: () => 0 }] }, 'items[3].at', /function/],
    [{ id: Symbol('x') }, 'id', /symbol/],
    [{ [Symbol('x')]: 1 }, '', /symbol keys/],
    [{ account: new Account() }, 'account', /instance of Account/],
    [{ reply: Promise.resolve(1) }, 'reply', /await/],
    [{ error: new Error('x') }, 'error', /instance of Error/],
    [[new WeakMap(), /x/], '[0]', /WeakMap/],
    [{ raw: new ArrayBuffer(1) }, 'raw', /ArrayBuffer/],
    [{ view: new DataView(new ArrayBuffer(1)) }, 'view', /DataView/],
    [new Map([['a', { b: [() => 0] }]]), 'get("a").b[0]', /function/],
    [new Map([[{}, 1]]), '{object}', /Map key/],
    [new Set([[1]]), '{object}', /Set member/],
    [{ when: new Date(Number.NaN) }, 'when', /invalid Date/],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    [{ list: [1, , 3] }, 'list[1]', /hole/],
    [accessor, 'now', /accessor/],
    [{ list: Object.assign([1], { total: 1 }) }, 'list.total', /beside the elements/],
    [['b'.match(/b/)], '[0].index', /beside the elements/],
    [{ list: Object.assign([1], { [Symbol('x')]: 1 }) }, 'list', /symbol keys/],
    [Object.assign(new Map([['a', 1]]), { total: 1 }), 'total', /beside the elements/],
    [{ set: Object.assign(new Set([1]), { total: 1 }) }, 'set.total', /beside the elements/],
    [proto, '__proto__', /key/],
    [{ '\ud800': 1 }, '["\\ud800"]', /lone surrogate/],
    [deep, Array(MAX_DEPTH).fill('a').join('.'), /deeper/],
  ]
  for (const [value, path, why] of cases) {
    const refused = refusal(value)
    assert.equal(refused?.path, path)
    assert.match(String(refused?.why), why)
  }
})

test('T5: a cycle is refused where it closes, a value met twice is two values', () => {
  const cycle: Record<string, unknown> = { list: [] }
  ;(cycle['list'] as unknown[]).push(cycle)
  const whole = { path: 'list[0]', why: 'a cycle: it refers to the whole value' }
  assert.deepEqual(refusal(cycle), whole)
  const inner: Record<string, unknown> = { child: { children: new Map() } }
  ;(inner['child'] as { children: Map<string, unknown> }).children.set('first', inner)
  const within = { path: 'tree.child.children.get("first")', why: 'a cycle: it refers to tree' }
  assert.deepEqual(refusal({ tree: inner }), within)
  const part = { n: 1 }
  const copy = copyEncodable({ a: part, b: part })
  assert.notEqual(copy.a, copy.b)
})

test('T5: a refusal says why within its first 200 characters, however long the path', () => {
  const long = 'k'.repeat(1_000_000)
  const values = [
    nest(MAX_DEPTH, 'children'),
    { [long]: { [long]: () => 0 } },
    nest(300, 'a', nest),
  ]
  for (const value of values) {
    const error = thrown(() => assertEncodable(value, 'payload of "put"'))
    assert.match(error.message.slice(0, 200), /…\S* is (nested deeper|a function)/)
    assert.ok(error.message.length < 400, `${error.message.length} characters`)
    assert.ok(String(error.fields['path']).length <= 2_000)
  }
})

test('T5: what does not let itself be looked at is refused, with what it threw as the cause', () => {
  const trap = (): never => {
    throw new Error('trap')
  }
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const hostile = [
    revoked.proxy,
    new Proxy({}, { getPrototypeOf: trap }),
    new Proxy({}, { ownKeys: trap }),
    new Proxy({ a: 1 }, { getOwnPropertyDescriptor: trap }),
    new Proxy([1], { get: trap }),
    new Proxy(new (class Odd {})(), { get: trap }),
  ]
  for (const [i, value] of hostile.entries()) {
    for (const walk of [assertEncodable, copyEncodable, encodeValue]) {
      const { code, message, fields, cause } = thrown(() => walk({ in: [value] }, 'payload'))
      assert.equal(code, 'NOT_ENCODABLE', `${i}: ${message}`)
      assert.equal(fields['path'], 'in[0]')
      assert.match(message, /cannot be looked at/)
      assert.match(String(cause), i === 0 ? /revoked/ : /trap/)
    }
  }
})

test('T5: every listed value is accepted', () => {
  const listed = [
    undefined,
    null,
    true,
    0,
    -0,
    Number.NaN,
    Infinity,
    10n ** 50n,
    '',
    '\ud800',
    new Date(0),
    Buffer.of(1),
    new Float32Array(2),
    new BigInt64Array(1),
    new Map([[1n, [new Set(['a'])]]]),
    Object.create(null),
    vm.runInNewContext('({ a: [] , b: 1 }).b'),
    vm.runInNewContext('({ a: 1 })'),
  ]
  assert.equal(refusal(listed), undefined)
})

test('T5: a copy shares nothing mutable with its input', () => {
  const input = {
    list: [{ n: 1 }],
    map: new Map([['k', { n: 1 }]]),
    set: new Set([1]),
    date: new Date(0),
    bytes: Buffer.from([1, 2]),
    floats: new Float64Array([1]),
  }
  const copy = copyEncodable(input)
  input.list[0]!.n = 2
  input.map.get('k')!.n = 2
  input.set.add(2)
  input.date.setTime(1)
  input.bytes[0] = 9
  input.floats[0] = 9
  assert.deepStrictEqual(copy as unknown, {
    list: [{ n: 1 }],
    map: new Map([['k', { n: 1 }]]),
    set: new Set([1]),
    date: new Date(0),
    bytes: Uint8Array.of(1, 2),
    floats: new Float64Array([1]),
  })
})

test('T5: a frozen payload refuses every write it can, and is still encodable', () => {
  const payload = deepFreeze({
    list: [{ n: 1 }],
    map: new Map([['k', 1]]),
    set: new Set([1]),
    at: new Date(0),
  })
  const immutable = { code: 'PAYLOAD_IMMUTABLE' }
  assert.throws(() => (payload.list[0]!.n = 2), TypeError)
  assert.throws(() => payload.list.push({ n: 2 }), TypeError)
  assert.throws(() => payload.map.set('k', 2), immutable)
  assert.throws(() => payload.set.clear(), immutable)
  assert.throws(() => payload.at.setFullYear(1), immutable)
  assert.equal(deepFreeze(payload), payload)
  assert.deepEqual(copyEncodable(payload).map, new Map([['k', 1]]))
})
