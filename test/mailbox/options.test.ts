/** Options are checked once, at the edge, and a misspelt one is an error. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TroupeError } from '../../mailbox/errors.ts'
import {
  aBoolean,
  aDuration,
  anInteger,
  checkOptions,
  nearest,
  oneOf,
} from '../../mailbox/options.ts'

const checks = {
  capacity: anInteger(1),
  strict: aBoolean,
  within: aDuration,
  overflow: oneOf('reject', 'drop-oldest'),
}

const check = (given: unknown): void => checkOptions('mailbox', given, checks)

const refuses =
  (...parts: readonly string[]) =>
  (error: unknown) =>
    error instanceof TroupeError &&
    error.code === 'OPTION_INVALID' &&
    parts.every((part) => error.message.includes(part))

test('OPTION_INVALID names the call, the option, what was expected and what came', () => {
  assert.throws(() => check({ capacity: 0 }), refuses('mailbox', '"capacity"', 'at least 1', '0'))
  assert.throws(() => check({ capacity: '5' }), refuses('"capacity"', '"5"'))
  assert.throws(() => check({ within: Number.NaN }), refuses('"within"', 'NaN'))
  assert.throws(() => check({ overflow: 'drop' }), refuses('"reject", "drop-oldest"', '"drop"'))
  assert.throws(() => check(null), refuses('mailbox', 'null'))
})

test('OPTION_INVALID suggests the nearest name for an unknown option', () => {
  assert.throws(() => check({ capcity: 5 }), refuses('"capcity"', 'did you mean "capacity"?'))
  assert.throws(() => check({ zzzzzz: 5 }), refuses('"zzzzzz"', 'capacity'))
  assert.throws(() => check({ toString: 5 }), refuses('unknown option "toString"'))
})

test('good options, absent ones and undefined pass', () => {
  check({})
  check({ capacity: 1, strict: false, within: 0, overflow: 'reject' })
  check({ capacity: undefined })
})

test('OPTION_INVALID is the only error, whatever is given', () => {
  const ring: { capacity?: unknown } = {}
  ring.capacity = ring
  const anything = fc.anything({ withBigInt: true })
  fc.assert(
    fc.property(
      fc.oneof(anything, fc.record({ capacity: anything }), fc.constant(ring)),
      (given) => {
        try {
          check(given)
        } catch (error) {
          assert.ok(refuses()(error), String(error))
        }
      },
    ),
  )
})

test('nearest finds a name one slip away and nothing for a stranger', () => {
  const names = ['capacity', 'overflow', 'strict']
  assert.equal(nearest('Strict', names), 'strict')
  assert.equal(nearest('overflw', names), 'overflow')
  assert.equal(nearest('banana', names), undefined)
})
