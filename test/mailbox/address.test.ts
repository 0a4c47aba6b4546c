/** Addresses and message ids: one text for one thing, for ever. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  checkKey,
  checkType,
  formatAddress,
  hashAddress,
  maxKeyLength,
  maxTypeLength,
  parseAddress,
} from '../../mailbox/address.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import {
  checkOwnId,
  formatMessageId,
  maxOwnIdLength,
  parseMessageId,
} from '../../mailbox/message-id.ts'

const type = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,40}$/)
const key = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((text) => !/\p{Cc}/u.test(text))
/** What a caller without types might pass. */
const notText = fc.anything().filter((value) => typeof value !== 'string')

const refuses = (code: string) => (error: unknown) =>
  error instanceof TroupeError && error.code === code && error.message.length < 300

test('an address survives its text form, slashes in the key included', () => {
  fc.assert(
    fc.property(type, key, (type, key) => {
      const address = { type, key }
      assert.deepEqual(parseAddress(formatAddress(address)), address)
    }),
  )
  assert.deepEqual(parseAddress('account/a/b/'), { type: 'account', key: 'a/b/' })
})

test('ADDRESS_INVALID: what is no address is refused', () => {
  for (const text of [
    '',
    'account',
    '/alice',
    'account/',
    '1a/b',
    'a b/c',
    'a/b\n',
    'é/x',
    'a\n/b',
  ]) {
    assert.throws(() => parseAddress(text), refuses('ADDRESS_INVALID'), JSON.stringify(text))
  }
  const long = [`${'a'.repeat(maxTypeLength + 1)}/k`, `a/${'k'.repeat(maxKeyLength + 1)}`]
  for (const text of long) assert.throws(() => parseAddress(text), refuses('ADDRESS_INVALID'))
  assert.ok(parseAddress(`${'a'.repeat(maxTypeLength)}/${'k'.repeat(maxKeyLength)}`))
})

test('ADDRESS_INVALID: control characters and half characters in a key are refused', () => {
  for (const text of ['\u0000', 'a\tb', '\u007f', '\u009b', '\ud800', 'x\udc00']) {
    assert.throws(() => checkKey(text), refuses('ADDRESS_INVALID'), JSON.stringify(text))
  }
})

test('ADDRESS_INVALID: any other value is refused with this error and no other', () => {
  fc.assert(
    fc.property(notText, (value) => {
      assert.throws(() => checkKey(value), refuses('ADDRESS_INVALID'))
      assert.throws(() => checkType(value), refuses('ADDRESS_INVALID'))
    }),
  )
  for (const value of [10n, Symbol('x'), () => 1]) {
    assert.throws(() => checkKey(value), refuses('ADDRESS_INVALID'))
  }
})

test('F4: the slot hash of an address never changes', () => {
  const golden = [
    ['', 2166136261],
    ['a', 3826002220],
    ['foobar', 3214735720],
    ['account/alice', 1632831987],
    ['account/bob', 2007543176],
    ['konto/Jürgen 🦊', 168644795],
  ] as const
  for (const [text, hash] of golden) assert.equal(hashAddress(text), hash, text)
})

test('F4: hashes spread numbered keys evenly over slots', () => {
  const slots = 4
  const counts = new Array<number>(slots).fill(0)
  for (let i = 0; i < 10_000; i += 1) {
    const slot = hashAddress(`account/${i}`) % slots
    counts[slot] = (counts[slot] ?? 0) + 1
  }
  assert.ok(
    counts.every((count) => count > 2_250 && count < 2_750),
    counts.join(),
  )
})

test('a message id survives its text form', () => {
  const part = fc.maxSafeNat()
  fc.assert(
    fc.property(fc.maxSafeInteger(), part, (a, b) => {
      const pair = { a: a + 0, b }
      assert.deepEqual(parseMessageId(formatMessageId(a, b)), pair)
    }),
  )
  assert.equal(formatMessageId(1042, 0), '@p1042.0')
  assert.equal(formatMessageId(-3, 17), '@v3.17')
})

test('one identity has one text: what reads as an id writes as the same text', () => {
  const text = fc.stringMatching(/^@[pv]\d{1,20}\.\d{1,20}$/)
  fc.assert(
    fc.property(text, (id) => {
      const pair = parseMessageId(id)
      if (pair !== undefined) assert.equal(formatMessageId(pair.a, pair.b), id)
    }),
    { numRuns: 1_000 },
  )
  for (const id of [
    '@p07.1',
    '@p7.01',
    '@p0.1',
    '@p9007199254740993.0',
    '@v1',
    '@x1.2',
    ' @p1.2',
  ]) {
    assert.equal(parseMessageId(id), undefined, id)
  }
})

test('an own id and a runtime id never meet', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
      const own = isOwnId(text)
      assert.ok(!(own && parseMessageId(text) !== undefined))
      assert.equal(own, text.length > 0 && !text.startsWith('@'))
    }),
  )
  for (const text of ['@p1.0', '@', 'x'.repeat(maxOwnIdLength + 1), '\ud800']) {
    assert.throws(() => checkOwnId(text), refuses('OPTION_INVALID'))
  }
  checkOwnId('x'.repeat(maxOwnIdLength))
})

test('OPTION_INVALID: an own id of any other type is refused with this error and no other', () => {
  fc.assert(
    fc.property(notText, (value) => {
      assert.throws(() => checkOwnId(value), refuses('OPTION_INVALID'))
    }),
  )
  assert.throws(() => checkOwnId(1n), refuses('OPTION_INVALID'))
})

function isOwnId(text: string): boolean {
  try {
    checkOwnId(text)
    return true
  } catch {
    return false
  }
}
