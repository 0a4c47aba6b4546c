/** The error base: what every code, and every error, carries. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type ErrorCode,
  errorCodes,
  isTerminal,
  shown,
  TroupeError,
  terminal,
} from '../../mailbox/errors.ts'

const codes = Object.keys(errorCodes) as ErrorCode[]

test('every code makes an error that shows it in its name, its text and its stack', () => {
  for (const code of codes) {
    const error = new TroupeError(code, 'what happened')
    assert.ok(error instanceof Error)
    assert.equal(error.code, code)
    assert.equal(String(error), `TroupeError [${code}]: what happened`)
    assert.ok(error.stack?.startsWith(`TroupeError [${code}]: what happened`))
  }
})

test('the code table is in order, every line is a sentence', () => {
  assert.deepEqual(codes, [...codes].sort())
  for (const [code, { summary }] of Object.entries(errorCodes)) {
    assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
    assert.match(summary, /^[A-Z`a-z].*\.$/)
  }
})

test('F2: the code decides whether a retry can help, unless the error says otherwise', () => {
  for (const code of codes) {
    const { disposition } = errorCodes[code]
    assert.equal(new TroupeError(code, 'x').disposition, disposition)
    assert.equal(isTerminal(new TroupeError(code, 'x')), disposition === 'terminal')
    assert.equal(isTerminal(new TroupeError(code, 'x', { disposition: 'terminal' })), true)
    assert.equal(isTerminal(new TroupeError(code, 'x', { disposition: 'retryable' })), false)
  }
})

test('F2: what user code throws is retryable', () => {
  for (const thrown of [new Error('x'), 'x', undefined, null, { disposition: 'terminal' }]) {
    assert.equal(isTerminal(thrown), false)
  }
})

test('an error keeps its fields and its cause, also a cause of undefined', () => {
  const cause = new Error('below')
  const error = new TroupeError('ACTOR_FAILED', 'x', { cause, fields: { path: 'items[3]' } })
  assert.equal(error.cause, cause)
  assert.deepEqual(error.fields, { path: 'items[3]' })
  assert.equal('cause' in new TroupeError('ACTOR_FAILED', 'x', { cause: undefined }), true)
  assert.equal('cause' in new TroupeError('ACTOR_FAILED', 'x'), false)
  assert.deepEqual(new TroupeError('ACTOR_FAILED', 'x').fields, {})
})

test('F2: terminal refuses for good, with facts for the asker', () => {
  const error = terminal('insufficient funds', { balance: 3 })
  assert.deepEqual([error.code, error.message], ['TERMINAL', 'insufficient funds'])
  assert.deepEqual(error.fields, { balance: 3 })
  assert.equal(isTerminal(error), true)
  assert.deepEqual(terminal('no').fields, {})
})

test('any value can be shown in a message, briefly', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => {
      assert.ok(shown(value).length <= 500)
    }),
  )
  const ring: { self?: unknown } = {}
  ring.self = ring
  const values = ['a\n', 5n, null, undefined, ring, [], () => 1, Number.NaN, 'x'.repeat(1_000_000)]
  assert.deepEqual(values.map(shown), [
    '"a\\n"',
    '5n',
    'null',
    'undefined',
    'an object',
    'an array',
    'a function',
    'NaN',
    `"${'x'.repeat(80)}..."`,
  ])
})
