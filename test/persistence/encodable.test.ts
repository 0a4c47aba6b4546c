import assert from 'node:assert/strict'
import { test } from 'node:test'
import vm from 'node:vm'
import { assertEncodable, copyEncodable } from '../../persistence/encodable.ts'
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

test('T5: a cycle is refused, a value met twice is two values', () => {
  const cycle: Record<string, unknown> = { list: [] }
  ;(cycle['list'] as unknown[]).push(cycle)
  assert.match(String(refusal(cycle)?.why), /cycle/)
  const part = { n: 1 }
  const copy = copyEncodable({ a: part, b: part })
  assert.notEqual(copy.a, copy.b)
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
