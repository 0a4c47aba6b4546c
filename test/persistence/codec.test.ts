import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { unpack } from 'msgpackr'
import {
  assertSendable,
  decodeFrame,
  decodeValue,
  encodeChecked,
  encodeFrame,
  encodeValue,
  MAX_BYTES,
} from '../../persistence/codec.ts'
import { SmallEncoder } from '../../persistence/codec-small.ts'
import { assertEncodable } from '../../persistence/encodable.ts'
import { MAX_DEPTH } from '../../persistence/kinds.ts'

const runs = { numRuns: 1_000 }

const primitive = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    false,
    -0,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 53,
  ),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.constantFrom(
    2n ** 63n - 1n,
    2n ** 63n,
    2n ** 64n - 1n,
    2n ** 64n,
    -(2n ** 63n) - 1n,
    7n ** 900n,
  ),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.constantFrom(
    '\ud800',
    'a\udfff',
    `\ufeff${'x'.repeat(90)}`,
    'é'.repeat(300),
    'x'.repeat(70_000),
  ),
)
const typed = fc.oneof(
  fc.uint8Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
)
const fieldName = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(
      'constructor',
      'hasOwnProperty',
      'toJSON',
      '__keys__',
      '__proto_',
      'then',
      '7',
      '',
    ),
  )
  .filter((key) => key !== '__proto__')

/** Any value the codec lists. */
const encodable: fc.Arbitrary<unknown> = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    primitive,
    fc.date({ noInvalidDate: true }),
    typed,
    fc.array(tie('node')),
    fc.array(fc.tuple(fieldName, tie('node'))).map((entries) => Object.fromEntries(entries)),
    fc.array(fc.tuple(primitive, tie('node'))).map((entries) => new Map(entries)),
    fc.array(primitive).map((members) => new Set(members)),
  ),
})).node

/** Order of keys, entries and members is part of a value. */
function order(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return 0
  if (value instanceof Map) return [...value].map(([key, item]) => [key, order(item)])
  if (value instanceof Set) return [...value]
  return Object.entries(value).map(([key, item]) => [key, order(item)])
}

test('T5: every listed value comes back equal, in the same order', () => {
  fc.assert(
    fc.property(encodable, (value) => {
      const decoded = decodeValue(encodeValue(value))
      assert.deepStrictEqual(decoded, value)
      assert.deepStrictEqual(order(decoded), order(value))
    }),
    runs,
  )
})

test('T5: frames between threads carry the same values and own their buffer exactly', () => {
  fc.assert(
    fc.property(fc.array(encodable), (values) => {
      const frame = encodeFrame(values)
      assert.equal(frame.byteOffset, 0)
      assert.equal(frame.buffer.byteLength, frame.byteLength)
      assert.deepStrictEqual(decodeFrame(frame), values)
    }),
    runs,
  )
})

test('equal values have equal bytes, whatever was encoded before', () => {
  fc.assert(
    fc.property(encodable, encodable, (value, other) => {
      const first = Buffer.from(encodeValue(value))
      encodeValue(other)
      encodeFrame([other, value])
      assert.deepStrictEqual(Buffer.from(encodeValue(structuredClone(value))), first)
    }),
    runs,
  )
})

test('a decoded value shares no memory with its bytes', () => {
  for (const size of [4, 100_000]) {
    const bytes = Uint8Array.from(encodeValue({ data: new Uint8Array(size).fill(7) }))
    const decoded = decodeValue(bytes) as { data: Uint8Array }
    bytes.fill(0)
    assert.ok(decoded.data.every((byte) => byte === 7))
    assert.equal(decoded.data.buffer.byteLength, size)
  }
})

test('a foreign reader can walk every encoding of plain data', () => {
  const value = { id: 1, tags: ['a', 'b'], at: new Date(5), nested: { x: -1.5, none: null } }
  assert.deepStrictEqual(unpack(encodeValue(value)), value)
})

test('a Buffer comes back as Uint8Array, an object without prototype with the usual one', () => {
  const bare = Object.assign(Object.create(null), { a: 1 })
  assert.deepStrictEqual(decodeValue(encodeValue([Buffer.of(1), bare])), [
    Uint8Array.of(1),
    { a: 1 },
  ])
})

test('T5: more than 16 MiB is refused, exactly that much is not', () => {
  const fits = new Uint8Array(MAX_BYTES - 5)
  assert.equal(encodeValue(fits).length, MAX_BYTES)
  assert.equal((decodeValue(encodeValue(fits)) as Uint8Array).length, fits.length)
  assert.throws(() => encodeValue(new Uint8Array(MAX_BYTES - 4), 'payload'), {
    code: 'PAYLOAD_TOO_LARGE',
    fields: { size: MAX_BYTES + 1, limit: MAX_BYTES },
  })
})

test('T5: a value is measured without encoding it: never too small, never too large', () => {
  fc.assert(
    fc.property(encodable, (one) => {
      const size = encodeValue(one).length
      const { least, most } = assertEncodable(one, 'value')
      assert.ok(least <= size && size <= most, `${least} <= ${size} <= ${most}`)
      assert.ok(assertSendable(one, 'value') >= size)
    }),
    runs,
  )
})

test('T5: what may be sent is what can be encoded, to the byte, also of long texts', () => {
  const text = 'x'.repeat(MAX_BYTES - 5)
  assert.equal(assertSendable(text, 'payload'), MAX_BYTES)
  for (const large of [`${text}x`, ['\u00e9'.repeat(MAX_BYTES / 2), 'x']]) {
    assert.throws(() => assertSendable(large, 'payload'), { code: 'PAYLOAD_TOO_LARGE' })
  }
})

test('T5: what is far too large is refused without being encoded', () => {
  // Encoded, these would take gigabytes and minutes.
  const text = 'x'.repeat(400_000_000)
  for (const large of [text, Array.from({ length: 100 }, () => text), new Map([[text, 1]])]) {
    for (const refuse of [assertSendable, encodeValue]) {
      assert.throws(() => refuse(large, 'payload'), { code: 'PAYLOAD_TOO_LARGE' })
    }
  }
})

test('T5: what cannot be encoded is refused with its path', () => {
  const cases: [unknown, string][] = [
    [{ items: [1, { at: () => 0 }] }, 'items[1].at'],
    [new Map([['k', Symbol('s')]]), 'get("k")'],
    [{ a: { when: new Date(Number.NaN) } }, 'a.when'],
    [{ 'odd key': Promise.resolve() }, '["odd key"]'],
  ]
  for (const [value, path] of cases) {
    const expected = { code: 'NOT_ENCODABLE', path }
    assert.throws(
      () => encodeValue(value),
      ({ code, fields }: { code: string; fields: { path: string } }) => {
        assert.deepEqual({ code, path: fields.path }, expected)
        return true
      },
    )
  }
})

test('the deepest value allowed passes; one level more, or a cycle, is refused', () => {
  let deep: unknown = 1
  for (let i = 0; i < MAX_DEPTH; i++) deep = i % 2 === 0 ? { a: deep } : [deep]
  assert.deepStrictEqual(
    Buffer.from(encodeValue(decodeValue(encodeValue(deep)))),
    Buffer.from(encodeValue(deep)),
  )
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  assert.throws(() => encodeValue(cycle), { code: 'NOT_ENCODABLE' })
})

test('hostile bytes give an error that names the store, never anything else', () => {
  const corrupt = { code: 'STORE_CORRUPT' }
  const hostile: Record<string, string> = {
    empty: '',
    truncated: '82a161',
    'trailing garbage': '0101',
    'array of 4 G': 'ddffffffff',
    'map of 4 G': 'dfffffffff',
    'string of 4 G': 'dbffffffff61',
    'bytes of 4 G': 'c6ffffffff',
    'extension of 4 G': 'c9ffffffff4d',
    'the key __proto__': '81a95f5f70726f746f5f5f80',
    'the key __proto__, long form': '81d9095f5f70726f746f5f5f80',
    'a key that is no string': '810101',
    'the unused byte': 'c1',
    'a record definition': 'd4724091a16101',
    'a reference into a cycle': 'd669000000019201d67000000001',
    'an error': 'd4650093a161a162c0',
    'a regular expression': 'd4780092a161a0',
    'a set as msgpackr writes it': 'd473009101',
    'an unknown extension': 'd40501',
    'a Map with half an entry': 'd54d9101',
    'a Map keyed by an array': 'c7034d929001',
    'a Set of objects': 'd5539180',
    'an odd number of UTF-16 bytes': 'd45561',
    'a typed array of no type': 'd5567f00',
    'half an element': 'c70356060000',
    'a date beyond what Date holds': 'c70cff000000007fffffffffffffff',
    'undefined of another size': 'd5000000',
  }
  for (const [what, hex] of Object.entries(hostile)) {
    assert.throws(() => decodeValue(Buffer.from(hex, 'hex')), corrupt, what)
  }
  for (const level of ['91', '81a161', 'd64d9401']) {
    const bomb = Buffer.from(level.repeat(200_000), 'hex')
    assert.throws(() => decodeValue(bomb), corrupt, `a depth bomb of ${level}`)
  }
})

test('random and damaged bytes either decode to a listed value or give STORE_CORRUPT', () => {
  const attempt = (bytes: Uint8Array): void => {
    let value: unknown
    try {
      value = decodeValue(bytes)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'STORE_CORRUPT', String(error))
      return
    }
    encodeValue(value)
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt), { numRuns: 8_000 })
  const damaged = fc
    .tuple(
      encodable,
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
      fc.nat(),
    )
    .map(([value, edits, cut]) => {
      const bytes = Uint8Array.from(encodeValue(value))
      for (const [at, byte] of edits) bytes[at % bytes.length] = byte
      return cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes
    })
  fc.assert(fc.property(damaged, attempt), { numRuns: 5_000 })
})

const smallNumber = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.integer({ min: -0x10001, max: 0x10001 }),
  fc.integer({ min: 0x7fffffff, max: 0x100000001 }),
  fc.constantFrom(-0, 0, -1, -0x20, -0x21, -0x80, -0x81, -0x8000, -0x8001, 0x7f, 0x80, 0xff, 0x100),
)
const smallText = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 40 }),
  fc.integer({ min: 0, max: 255 }).map((length) => 'x'.repeat(length)),
)
/** `__proto__` is refused before anything is encoded. */
const smallKey = fc
  .string({ unit: 'binary-ascii', maxLength: 9 })
  .filter((key) => key !== '__proto__')
const { plain } = fc.letrec<{ plain: unknown }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(smallNumber, smallText, fc.constantFrom(null, undefined, true, false)),
    fc.array(tie('plain'), { maxLength: 15 }),
    fc.dictionary(smallKey, tie('plain'), { maxKeys: 15 }),
  ),
}))

test('R4: what is checked already takes a shorter way to the same bytes', () => {
  const small = new SmallEncoder()
  let taken = 0
  const same = (value: unknown): void => {
    const bytes = new Uint8Array(encodeValue(value))
    assert.deepEqual(new Uint8Array(encodeChecked(value)), bytes)
    if (small.encode(value) !== undefined) taken += 1
  }
  fc.assert(fc.property(plain, same), { numRuns: 2_000 })
  assert.ok(taken > 1_000, `only ${taken} of 2000 were small`)
  fc.assert(fc.property(encodable, same), { numRuns: 1_000 })
})

test('T5: what the short way cannot say takes the long one', () => {
  const small = new SmallEncoder()
  const none = { __proto__: null }
  const hole = [1]
  hole.length = 2
  const tooMuch = [new Map(), 1n, 'é', 'x'.repeat(256), Array(16).fill(0), hole, new Date(0)]
  for (const value of tooMuch) assert.equal(small.encode([value]), undefined)
  assert.deepEqual(small.encode(none), Uint8Array.of(0x80))
  const wide = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`k${i}`, i]))
  assert.equal(small.encode(wide), undefined)
  assert.equal(small.encode(Array(15).fill('x'.repeat(100))), undefined)
})
