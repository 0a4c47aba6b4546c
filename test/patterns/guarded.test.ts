/** The row "validator deletes characters" of the seed patterns. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { type GuardOptions, guarded } from '../../actors/patterns/guarded.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'

const Input = z.object({
  query: z.string().min(1),
  context: z.record(z.string(), z.unknown()).optional(),
})

const keys = { context: ['locale', 'plan'] }

function check(value: unknown, options: GuardOptions = { keys }) {
  const result = guarded(Input, options)['~standard'].validate(value)
  assert.ok(!(result instanceof Promise))
  return result
}

/** `path: message` of each issue. */
function reasons(value: unknown, options?: GuardOptions): string[] {
  const { issues = [] } = check(value, options)
  return issues.map(({ path = [], message }) => `${path.join('.')}: ${message}`)
}

/** A text of its own, with nothing invisible in this file. */
const char = (code: number): string => String.fromCodePoint(code)

test('pattern input validation: names, code and every language pass as they are', () => {
  const queries = [
    "O'Brien & Søns <info@o-brien.example>; 100%",
    `if (a < b && c > d) { return "x" + 'y'; } -- DROP TABLE users; \\n`,
    'line one\nline two\ttabbed\r\n',
    'नमस्ते مرحبا שלום 你好 Ελληνικά cafe\u0301 café',
    `👩${char(0x200d)}👩${char(0x200d)}👧 ${char(0x1f3f4)}${[0xe0067, 0xe0062, 0xe0065, 0xe006e, 0xe0067, 0xe007f].map(char).join('')}`,
    `می${char(0x200c)}خواهم ${char(0x200f)}שלום`,
  ]
  for (const query of queries) {
    const result = check({ query })
    assert.deepEqual(result, { value: { query } })
  }
})

test('pattern input validation: what passes is unchanged, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (query) => {
      const result = check({ query })
      if (result.issues === undefined) assert.deepEqual(result.value, { query })
      else assert.ok(result.issues.every(({ message }) => message.length > 0))
    }),
    { numRuns: 200 },
  )
})

test('pattern input validation: what cannot be seen is refused, and it says what and where', () => {
  const context = { locale: 'en' }
  assert.deepEqual(reasons({ query: `a${char(0)}b`, context }), [
    'query: has a control character other than tab and new line (U+0000)',
  ])
  assert.deepEqual(reasons({ query: 'q', context: { locale: `${char(0x202e)}gpj.exe` } }), [
    'context.locale: has a character that turns the direction of the text (U+202E)',
  ])
  assert.deepEqual(reasons({ query: `ok${char(0xe0049)}${char(0xe0047)}` }), [
    'query: has hidden tag characters (U+E0049)',
  ])
  assert.deepEqual(reasons({ query: '\ud800' }), ['query: is no Unicode: half of a surrogate pair'])
  assert.deepEqual(reasons({ query: char(0xffff) }), [
    'query: has a code point that is no character (U+FFFF)',
  ])
  assert.equal(
    reasons({ query: 'q', context: { [`a${char(0)}`]: 1 } }, {}).length,
    1,
    'in a key too',
  )
  assert.deepEqual(reasons({ query: `a${char(1)}` }, { text: 'any' }), [])
})

test('pattern input validation: only the keys that are listed, and the nearest is suggested', () => {
  const context = { local: 'en', is_admin: true }
  assert.deepEqual(reasons({ query: 'q', context }), [
    'context.local: is no accepted key; did you mean "locale"?',
    'context.is_admin: is no accepted key; accepted are locale, plan',
  ])
  assert.deepEqual(reasons({ query: 'q', context: { locale: 'en' } }), [])
  assert.deepEqual(reasons({ query: 'q', context: 'none' }).length, 1, 'the schema says the rest')
  assert.deepEqual(
    reasons(JSON.parse('{"query":"q","context":{"__proto__":{"admin":true}}}')).length,
    1,
  )
})

test('pattern input validation: too large, too deep, cyclic or no data at all is refused before its schema runs', () => {
  assert.deepEqual(reasons({ query: 'é'.repeat(60) }, { maxBytes: 100 }), [
    ': has 132 bytes, at most 100 are accepted',
  ])
  assert.deepEqual(reasons({ query: 'é'.repeat(40) }, { maxBytes: 100 }), [])
  const cyclic: { query: string; context?: unknown } = { query: 'q' }
  cyclic.context = cyclic
  assert.match(reasons(cyclic)[0] ?? '', /cycle/)
  let deep: unknown = 'q'
  for (let n = 0; n < 600; n += 1) deep = [deep]
  assert.match(reasons({ query: deep })[0] ?? '', /deeper/)
  assert.match(reasons({ query: () => 'q' })[0] ?? '', /a function/)
  const many = {
    query: 'q',
    context: Object.fromEntries(Array.from({ length: 99 }, (_, n) => [n, n])),
  }
  assert.equal(reasons(many).length, 20, 'the refusal itself is bounded')
  assert.throws(() => guarded(Input, { maxByte: 1 } as GuardOptions), { message: /"maxBytes"/ })
})

test('pattern input validation: as the schema of a message it keeps input from the handler, with its reasons', async (t) => {
  const Desk = contract('desk', { ask: message({ input: guarded(Input, { keys }) }) })
  const seen: unknown[] = []
  const desk = actor(Desk, { on: { ask: (_, input) => void seen.push(input) } })
  const system = await createTestSystem(app(import.meta.url, { actors: [desk] }))
  t.after(() => system.close())
  const ask = system.ref(Desk, 'd').ask
  const bad = await ask.ask({ query: `a${char(7)}` }).catch((error: unknown) => error)
  assert.ok(bad instanceof TroupeError)
  assert.equal(bad.code, 'PAYLOAD_INVALID')
  assert.match(bad.message, /query: has a control character/)
  assert.match(String(JSON.stringify(bad.fields['issues'])), /"path":"query"/)
  await ask.ask({ query: "O'Brien" })
  assert.deepEqual(seen, [{ query: "O'Brien" }])
})
