/** R5: what a key makes of a value, and what is to be seen of it without the key. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { createDraft } from '../../actors/draft/draft.ts'
import { decodeFrame, decodeValue, encodeFrame, encodeValue } from '../../persistence/codec.ts'
import { copyEncodable } from '../../persistence/copy.ts'
import { assertEncodable } from '../../persistence/encodable.ts'
import { deepFreeze } from '../../persistence/freeze.ts'
import { Keyring } from '../../persistence/keyring.ts'
import { applyPatch } from '../../persistence/patch.ts'
import { differences } from '../../persistence/replay/differences.ts'
import { Secret } from '../../persistence/secret.ts'
import { code } from '../durable/support.ts'

const first = new Uint8Array(32).fill(1)
const second = new Uint8Array(32).fill(2)
const ring = new Keyring([first])

test('R5: what was sealed comes back equal, wherever a value may stand, also between threads', () => {
  const content = fc.oneof(fc.string(), fc.integer(), fc.array(fc.string()), fc.uint8Array())
  fc.assert(
    fc.property(content, (value) => {
      const secret = ring.seal(value)
      const around = { list: [secret], map: new Map([['k', { secret }]]), secret }
      assertEncodable(around, 'value')
      for (const copy of [
        decodeValue(encodeValue(around)),
        (decodeFrame(encodeFrame([around])) as unknown[])[0],
        copyEncodable(around),
        deepFreeze(decodeValue(encodeValue(around))),
      ] as (typeof around)[]) {
        assert.deepEqual(ring.open(copy.secret), value)
        assert.deepEqual(ring.open(copy.list[0] as Secret), value)
        assert.deepEqual(ring.open(copy.map.get('k')?.secret as Secret), value)
      }
    }),
    { numRuns: 200 },
  )
})

test('R5: nothing that prints a secret prints its content', () => {
  const secret = ring.seal('hunter2')
  const shown = [String(secret), `${secret}`, JSON.stringify({ secret }), inspect({ secret })]
  shown.push(inspect(secret, { showHidden: true, customInspect: false, depth: 9 }))
  shown.push(Buffer.from(encodeValue(secret)).toString('latin1'))
  shown.push(JSON.stringify(structuredClone({ ...secret })))
  for (const text of shown) assert.doesNotMatch(text, /hunter2/)
})

test('R5: equal contents have equal bytes and hashes under one key, others and other keys differ', () => {
  const rotated = new Keyring([second, first])
  assert.deepEqual(ring.seal('a').bytes, ring.seal('a').bytes)
  assert.notEqual(ring.seal('a').hash, ring.seal('b').hash)
  assert.notEqual(ring.seal('a').hash, rotated.seal('a').hash)
  assert.deepEqual(rotated.seal('a', ring.newest).bytes, ring.seal('a').bytes)
  assert.deepEqual([...differences({ s: ring.seal('a') }, { s: ring.seal('a') })], [])
  assert.equal([...differences({ s: ring.seal('a') }, { s: ring.seal('b') })][0]?.path, 's')
})

test('R5: a changed byte is found, whichever it is, and the error tells nothing of the content', () => {
  const { bytes } = ring.seal({ pin: 'hunter2' })
  for (let i = 1; i < bytes.length; i += 1) {
    const changed = bytes.slice()
    changed[i] = (changed[i] as number) ^ 1
    assert.throws(
      () => ring.open(new Secret(changed)),
      (error: Error & { code: string }) => {
        assert.match(error.code, /STORE_CORRUPT|SECRET_KEY_MISSING/)
        assert.doesNotMatch(inspect(error), /hunter2/)
        return true
      },
    )
  }
  assert.throws(() => ring.open('hunter2' as never), /expected a Secret, got string/)
})

test('R5: bytes that are no secret are refused by the decoder', () => {
  const encoded = Buffer.from(encodeValue(ring.seal('x')))
  assert.throws(() => decodeValue(encoded.subarray(0, -1)), code('STORE_CORRUPT'))
  // A fixext of one byte, and a form that is not known.
  assert.throws(() => decodeValue(Uint8Array.of(0xd4, 0x45, 1)), code('STORE_CORRUPT'))
  encoded[3] = 9
  assert.throws(() => decodeValue(encoded), code('STORE_CORRUPT'))
  const key = [ring.seal('x')] as unknown
  assert.throws(() => encodeValue(new Set(key as [])), code('NOT_ENCODABLE'))
})

test('R5: the state of a turn holds secrets like any value: kept, moved, replaced', () => {
  const [a, b] = [ring.seal('a'), ring.seal('b')]
  const base = { one: a, list: [a], other: undefined as Secret<string> | undefined }
  const draft = createDraft(base)
  assert.equal(ring.open(draft.state.one), 'a')
  assert.equal(draft.finish(), undefined)
  draft.state.one = ring.seal('a')
  draft.state.other = draft.state.list[0]
  draft.state.list = [...draft.state.list, b]
  const patch = draft.finish()
  assert.ok(patch !== undefined)
  const now = applyPatch(base, decodeValue(encodeValue(patch)) as never) as typeof base
  assert.deepEqual(
    [now.one, now.other as Secret<string>, ...now.list].map((secret) => ring.open(secret)),
    ['a', 'a', 'a', 'b'],
  )
})

test('R5: no key, no secret; a withheld one keeps its hash', () => {
  assert.throws(() => new Keyring().seal('x'), code('SECRET_KEY_MISSING'))
  assert.throws(() => new Keyring([second]).open(ring.seal('x')), code('SECRET_KEY_MISSING'))
  const secret = ring.seal('x')
  const withheld = decodeValue(encodeValue(secret.withheld())) as Secret
  assert.equal(withheld.hash, secret.hash)
  assert.ok(withheld.bytes.length < secret.bytes.length)
  assert.throws(() => ring.open(withheld), code('SECRET_WITHHELD'))
})
