import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { applyPatch, patchPaths } from '../../persistence/patch.ts'
import { ARRAY, MAP, type Patch, RECORD, REPLACE, SET } from '../../persistence/patch-shape.ts'

const state = () => ({
  balance: 1,
  items: ['a', 'b', 'c', 'd'],
  users: new Map([['ada', { age: 36 }]]),
  tags: new Set(['x', 'y']),
})

test('D3: a patch changes the state in place and leaves the rest as it is', () => {
  const before = state()
  const { users, items } = before
  const patch: Patch = [
    RECORD,
    ['fresh', 1],
    [
      'items',
      [ARRAY, [0, 1, [], 3, 0, ['new']], [0, 'B']],
      'users',
      [MAP, ['bob', { age: 1 }], ['ada', [RECORD, ['age', 37]]]],
      'tags',
      [SET, ['z', 'x'], ['x']],
    ],
    ['balance'],
  ]
  const after = applyPatch(before, patch)
  assert.equal(after, before)
  assert.deepEqual([before.users, before.items], [users, items])
  assert.deepEqual(Object.keys(before), ['items', 'users', 'tags', 'fresh'])
  assert.deepEqual(items, ['B', 'c', 'new', 'd'])
  assert.deepEqual(
    [...users],
    [
      ['ada', { age: 37 }],
      ['bob', { age: 1 }],
    ],
  )
  assert.deepEqual([...before.tags], ['y', 'z', 'x'])
})

test('a patch of the root answers the new root', () => {
  assert.equal(applyPatch({ a: 1 }, [REPLACE, 7]), 7)
})

test('splices give the same array one by one and rebuilt in one pass', () => {
  const cut = fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 5 }), fc.array(fc.nat(), { maxLength: 3 }))
  fc.assert(
    fc.property(fc.nat({ max: 90 }), fc.array(cut, { maxLength: 40 }), (length, cuts) => {
      const base = Array.from({ length }, (_, i) => -i)
      const splices: unknown[] = []
      const expected: number[] = []
      let taken = 0
      for (const [gap, wanted, items] of cuts) {
        const at = Math.min(taken + gap, length)
        const removed = Math.min(wanted, length - at)
        splices.push(at, removed, items)
        expected.push(...base.slice(taken, at), ...items)
        taken = at + removed
      }
      expected.push(...base.slice(taken))
      assert.deepEqual(applyPatch(base, [ARRAY, splices]), expected)
    }),
  )
})

test('D4: a patch for another state is STORE_CORRUPT and names the place', () => {
  const cases: [unknown, string][] = [
    [null, ''],
    [[], ''],
    [[9, []], ''],
    [[ARRAY, []], ''],
    [[RECORD, ['a']], ''],
    [[RECORD, ['__proto__', { polluted: true }]], ''],
    [[RECORD, [], ['missing', [RECORD, ['a', 1]]]], ''],
    [[RECORD, [], [], ['missing']], ''],
    [[RECORD, [], ['balance', [RECORD, ['a', 1]]]], 'balance'],
    [[RECORD, [], ['items', [ARRAY, [9, 1, []]]]], 'items'],
    [[RECORD, [], ['items', [ARRAY, [2, 1, [], 1, 1, []]]]], 'items'],
    [[RECORD, [], ['items', [ARRAY, [], [4, 'x']]]], 'items'],
    [[RECORD, [], ['items', [ARRAY, [], ['length', 4e9]]]], 'items'],
    [[RECORD, [], ['items', [ARRAY, [], [], [1, [RECORD, ['a', 1]]]]]], 'items[1]'],
    [[RECORD, [], ['users', [MAP, [{}, 1]]]], 'users'],
    [[RECORD, [], ['users', [MAP, [], ['bob', [RECORD, ['a', 1]]]]]], 'users'],
    [[RECORD, [], ['users', [MAP, [], ['ada', [SET, ['a']]]]]], 'users.get("ada")'],
    [[RECORD, [], ['tags', [SET, [], ['nobody']]]], 'tags'],
  ]
  for (const [patch, path] of cases) {
    assert.throws(
      () => applyPatch(state(), patch),
      ({ code, fields }: { code: string; fields: { path: string } }) => {
        assert.deepEqual({ code, path: fields.path }, { code: 'STORE_CORRUPT', path })
        return true
      },
      JSON.stringify(patch),
    )
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

test('D4: any value at all as a patch is applied or is STORE_CORRUPT', () => {
  const place = fc.constantFrom<unknown>('balance', 'items', 'users', 'tags', 'ada', 0, 1, 9)
  const patch: fc.Arbitrary<unknown> = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      place,
      fc.array(tie('node'), { maxLength: 6 }),
      fc.tuple(
        fc.nat({ max: 5 }),
        fc.array(place, { maxLength: 4 }),
        fc.array(tie('node'), { maxLength: 4 }),
      ),
      fc.tuple(fc.constant(RECORD), fc.constant([]), fc.tuple(place, tie('node'))),
    ),
  })).node
  fc.assert(
    fc.property(patch, (value) => {
      try {
        applyPatch(state(), decodeValue(encodeValue(value)))
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'STORE_CORRUPT', String(error))
      }
    }),
    { numRuns: 1_500 },
  )
})

test('the changed places of a patch are readable', () => {
  const patch: Patch = [
    RECORD,
    ['balance', 3],
    [
      'items',
      [ARRAY, [0, 1, [], 2, 0, ['p', 'q']], [0, 'x'], [3, [RECORD, ['done', true]]]],
      'users',
      [MAP, ['bob', {}], [], ['eve']],
      'tags',
      [SET, ['z']],
    ],
    ['old key'],
  ]
  assert.deepEqual(patchPaths(patch), [
    '["old key"]',
    'balance',
    'items[0]',
    'items[1..2]',
    'items[0]',
    'items[3].done',
    'users.get("eve")',
    'users.get("bob")',
    'tags{"z"}',
  ])
  assert.deepEqual(patchPaths([REPLACE, 1]), [''])
})
