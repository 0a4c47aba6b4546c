import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { createDraft } from '../../actors/draft/draft.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { copyEncodable } from '../../persistence/copy.ts'
import { deepFreeze } from '../../persistence/freeze.ts'
import { PLAIN } from '../../persistence/kinds.ts'
import { applyPatch } from '../../persistence/patch.ts'

/** What one turn leaves of a state; the committed state must not notice before. */
function turn<S>(base: S, handler: (state: S) => void): S {
  const before = copyEncodable(base)
  const draft = createDraft(base)
  handler(draft.state)
  const patch = draft.finish()
  assert.deepStrictEqual(base, before, 'the base is untouched')
  if (patch === undefined) return copyEncodable(base)
  return applyPatch(copyEncodable(base), decodeValue(encodeValue(patch))) as S
}

/** ES2025, in Node 22 already. */
interface SetAlgebra {
  union(other: ReadonlySet<number>): Set<number>
  intersection(other: ReadonlySet<number>): Set<number>
}

interface Job {
  id: number
  startedAt?: number
  tags?: string[]
}
const jobs = (): { queue: Job[]; running: Job[]; last?: Job } => ({
  queue: [{ id: 1 }, { id: 2 }],
  running: [],
})

test('T3: a turn that changes nothing has no patch', () => {
  const base = {
    list: [{ n: 1 }],
    map: new Map([['k', { n: 1 }]]),
    at: new Date(0),
    bytes: Uint8Array.of(1),
  }
  const draft = createDraft(base)
  const { state } = draft
  JSON.stringify(state)
  for (const item of state.list) item.n = 1
  state.map.get('k')!.n += 0
  state.at.setTime(0)
  state.bytes[0] = 1
  state.list = [...state.list]
  state.map = new Map(state.map)
  assert.equal(draft.finish(), undefined)
})

test('a moved object stays the one the handler holds', () => {
  const after = turn(jobs(), (state) => {
    const job = state.queue.shift()!
    state.running.push(job)
    job.startedAt = 1
    assert.equal(state.running[0], job)
    assert.ok(state.running.includes(job))
    assert.equal(state.running.indexOf(job), 0)
  })
  assert.deepStrictEqual(after, { queue: [{ id: 2 }], running: [{ id: 1, startedAt: 1 }] })
})

test('a fresh object counts by reference until the turn ends', () => {
  const after = turn(jobs(), (state) => {
    const job: Job = { id: 3 }
    state.queue.push(job)
    assert.equal(state.queue.at(-1), job)
    job.startedAt = 5
    state.queue.at(-1)!.tags = ['a']
    job.tags!.push('b')
  })
  assert.deepStrictEqual(after.queue[2], { id: 3, startedAt: 5, tags: ['a', 'b'] })
})

test('at its end the state is a tree: an object in two places becomes two', () => {
  const base = jobs()
  const first = createDraft(base)
  first.state.last = first.state.queue[0]!
  first.state.last.startedAt = 7
  assert.equal(first.state.queue[0]!.startedAt, 7)
  const state = applyPatch(base, first.finish()) as typeof base
  assert.notEqual(state.last, state.queue[0])
  assert.deepStrictEqual(
    turn(state, (next) => {
      next.last!.id = 9
    }).queue[0]!.id,
    1,
  )
})

test('T5: a payload assigned to the state is never written', () => {
  const payload = { job: { id: 4, tags: ['a'] }, at: new Date(0) }
  const base: { list: (typeof payload.job)[]; at?: Date; wrapped?: { inner: typeof payload.job } } =
    { list: [] }
  const draft = createDraft(base)
  draft.share(payload)
  draft.state.list.push(payload.job)
  draft.state.list[0]!.tags.push('b')
  draft.state.at = payload.at
  draft.state.at.setTime(9)
  draft.state.wrapped = { inner: payload.job }
  draft.state.wrapped.inner.id = 5
  assert.ok(draft.state.list.includes(payload.job), 'a search by the payload finds it')
  const state = applyPatch(base, draft.finish()) as typeof base
  assert.deepStrictEqual(payload, { job: { id: 4, tags: ['a'] }, at: new Date(0) })
  const job = { id: 5, tags: ['a', 'b'] }
  assert.deepStrictEqual(state, { list: [job], at: new Date(9), wrapped: { inner: job } })
  assert.notEqual(state.list[0]!.tags, payload.job.tags)
})

test('T3: the base may be frozen', () => {
  const base = deepFreeze({ list: [{ n: 1 }], map: new Map([['k', [1]]]), at: new Date(0) })
  const after = turn(base, (state) => {
    state.list[0]!.n++
    state.map.get('k')!.push(2)
    state.at.setTime(5)
  })
  assert.deepStrictEqual(after, {
    list: [{ n: 2 }],
    map: new Map([['k', [1, 2]]]),
    at: new Date(5),
  })
})

test('immutable-style updates cost their delta too (D3)', () => {
  const items = Array.from({ length: 5_000 }, (_, id) => ({ id, done: false }))
  const cases: [string, (state: { items: typeof items; by: Record<string, number> }) => void][] = [
    [
      'append',
      (state) => {
        state.items = [...state.items, { id: -1, done: false }]
      },
    ],
    [
      'filter',
      (state) => {
        state.items = state.items.filter(({ id }) => id !== 2_500)
      },
    ],
    [
      'map',
      (state) => {
        state.items = state.items.map((item) => (item.id === 9 ? { ...item, done: true } : item))
      },
    ],
    [
      'spread',
      (state) => {
        state.by = { ...state.by, k7: 0, fresh: 1 }
      },
    ],
  ]
  for (const [name, handler] of cases) {
    const state = { items, by: Object.fromEntries(items.map(({ id }) => [`k${id}`, id])) }
    const native = copyEncodable(state)
    handler(native)
    assert.deepStrictEqual(turn(state, handler), native, name)
    const draft = createDraft(state)
    handler(draft.state)
    const size = encodeValue(draft.finish()).length
    assert.ok(size < 60, `${name} takes ${size} bytes`)
  }
})

test('every reader of arrays works on a draft', () => {
  const base = { n: [3, 1, 2], o: [{ id: 1 }, { id: 2 }], nested: [[1], [2, [3]]] }
  const { state } = createDraft(base)
  const [first, ...rest] = state.n
  assert.deepEqual([first, rest], [3, [1, 2]])
  assert.ok(Array.isArray(state.n))
  assert.deepEqual([...state.n], [3, 1, 2])
  assert.deepEqual(
    state.n.map((n) => n * 2),
    [6, 2, 4],
  )
  assert.deepEqual(
    state.n.filter((n) => n > 1),
    [3, 2],
  )
  assert.equal(
    state.n.reduce((sum, n) => sum + n),
    6,
  )
  assert.deepEqual(state.n.concat([9], state.n), [3, 1, 2, 9, 3, 1, 2])
  assert.deepEqual([0].concat(state.n), [0, 3, 1, 2])
  assert.deepEqual(state.n.toSorted(), [1, 2, 3])
  assert.deepEqual(state.n.with(0, 7), [7, 1, 2])
  assert.deepEqual(state.n.slice(-2), [1, 2])
  assert.equal(state.n.at(-1), 2)
  assert.equal(state.n.join('-'), '3-1-2')
  assert.deepEqual(state.nested.flat(2), [1, 2, 3])
  assert.equal(
    state.o.find(({ id }) => id === 2),
    state.o[1],
  )
  assert.equal(
    state.o.findLast(() => true),
    state.o[1],
  )
  assert.equal(state.o.lastIndexOf(state.o[1]!), 1)
  assert.deepEqual(
    [...state.n.entries()],
    [
      [0, 3],
      [1, 1],
      [2, 2],
    ],
  )
  assert.deepEqual(Array.from(state.n, String), ['3', '1', '2'])
  assert.equal(JSON.stringify(state), JSON.stringify(base))
  assert.deepEqual(Object.keys(state.n), ['0', '1', '2'])
  assert.ok(1 in state.n && !(3 in state.n) && 'length' in state.n)
})

test('every reader of objects works on a draft', () => {
  const { state } = createDraft<Record<string, unknown>>({ b: 1, a: { x: 1 } })
  state['7'] = 'seven'
  assert.deepEqual(Object.keys(state), ['7', 'b', 'a'])
  assert.deepEqual(Object.entries({ ...state }).length, 3)
  assert.ok('a' in state && Object.hasOwn(state, 'a') && !Object.hasOwn(state, 'toString'))
  assert.equal(String(state), '[object Object]')
  assert.equal(state['a'], state['a'])
  assert.deepEqual(Object.getOwnPropertyDescriptor(state, 'b'), {
    value: 1,
    writable: true,
    enumerable: true,
    configurable: true,
  })
  Object.defineProperty(state, 'c', {
    value: 1,
    writable: true,
    enumerable: true,
    configurable: true,
  })
  assert.equal(state['c'], 1)
  assert.equal(state instanceof Object, true)
})

test('every method of Map and Set works on a draft, live iteration too', () => {
  const base = {
    map: new Map([
      ['a', { n: 1 }],
      ['b', { n: 2 }],
    ]),
    set: new Set([1, 2]),
  }
  const after = turn(base, ({ map, set }) => {
    assert.ok(map instanceof Map && set instanceof Set)
    assert.equal(map.size + set.size, 4)
    const seen: string[] = []
    for (const [key, value] of map) {
      seen.push(key)
      value.n += 10
      if (key === 'a') map.delete('b')
      if (seen.length < 3) map.set(`more${seen.length}`, { n: 0 })
    }
    assert.deepEqual(seen, ['a', 'more1', 'more2'])
    map.forEach((value, key, self) => {
      assert.equal(self.get(key), value)
    })
    assert.deepEqual([...map.keys()].length, [...map.values()].length)
    const { union } = set as unknown as SetAlgebra
    assert.deepEqual(union.call(set, new Set([5])), new Set([1, 2, 5]))
    const other = new Set([2, 3]) as unknown as SetAlgebra
    assert.deepEqual(other.intersection(set), new Set([2]))
    assert.equal(set.add(3), set)
    assert.ok(set.delete(1) && !set.delete(1))
    assert.deepEqual(
      [...set.entries()],
      [
        [2, 2],
        [3, 3],
      ],
    )
  })
  assert.deepStrictEqual([...after.map.keys()], ['a', 'more1', 'more2'])
  assert.deepStrictEqual(after.map.get('a'), { n: 11 })
  assert.deepStrictEqual([...after.set], [2, 3])
})

test('dates and typed arrays are the handler’s own copies, and their changes count', () => {
  const base = { at: new Date(0), bytes: Uint8Array.of(1, 2), floats: new Float32Array(2) }
  const after = turn(base, (state) => {
    state.at.setUTCFullYear(2001)
    state.bytes.subarray(1)[0] = 9
    state.floats.set([1, 2])
    assert.ok(structuredClone(state.at) instanceof Date)
  })
  assert.equal(after.at.getUTCFullYear(), 2001)
  assert.deepStrictEqual(
    [after.bytes, after.floats],
    [Uint8Array.of(1, 9), new Float32Array([1, 2])],
  )
})

test('T5: an assignment the state cannot hold fails at once, or at the end with its path', () => {
  const refused = (path: string) => (error: { code: string; fields: { path: string } }) => {
    assert.deepEqual([error.code, error.fields.path], ['NOT_ENCODABLE', path])
    return true
  }
  const draft = createDraft<
    Record<string, unknown> & { list: unknown[]; map: Map<unknown, unknown> }
  >({
    list: [{ a: 1 }],
    map: new Map(),
  })
  const { state } = draft
  assert.throws(() => {
    state['x'] = () => 0
  }, refused('x'))
  assert.throws(() => state.list.push(Promise.resolve()), refused('list[1]'))
  assert.throws(
    () => ((state.list[0] as Record<string, unknown>)['b'] = Symbol('s')),
    refused('list[0].b'),
  )
  assert.throws(() => state.map.set({}, 1), { code: 'NOT_ENCODABLE' })
  assert.throws(() => {
    state.list[5] = 1
  }, refused('list[5]'))
  assert.throws(() => {
    state.list.length = 5
  }, refused('list.length'))
  assert.throws(() => delete state.list[0], refused('list[0]'))
  assert.throws(() => Object.freeze(state), { code: 'NOT_ENCODABLE' })
  assert.throws(() => Object.defineProperty(state, 'x', { get: () => 1 }), refused('x'))
  assert.throws(() => ((state.map as unknown as { x: number }).x = 1), { code: 'NOT_ENCODABLE' })
  assert.throws(() => structuredClone(state), { name: 'DataCloneError' })
  assert.equal(draft.finish(), undefined)
  state['deep'] = { list: [0, { fn: () => 0 }] }
  assert.throws(() => draft.finish(), refused('deep.list[1].fn'))
  state['deep'] = { state }
  assert.throws(() => draft.finish(), { code: 'NOT_ENCODABLE' })
})

test('T6: after its turn every use of a draft says why it is over', () => {
  const draft = createDraft({ list: [{ n: 1 }], map: new Map([['k', 1]]), set: new Set([1]) })
  const { list, map, set } = draft.state
  const { push } = list
  const iterator = map.values()
  const item = list[0]!
  draft.revoke('account/alice deposit ended')
  const over = { code: 'CTX_REVOKED', message: /account\/alice deposit ended/ }
  for (const use of [
    () => draft.state,
    () => draft.finish(),
    () => list.length,
    () => item.n,
    () => {
      item.n = 2
    },
    () => delete (item as { n?: number }).n,
    () => Object.keys(item),
    () => push.call(list, { n: 2 }),
    () => map.get('k'),
    () => iterator.next(),
    () => set.add(2),
    () => JSON.stringify(list),
    () => encodeValue({ item }),
    () => {
      createDraft({ x: item }).state.x = item
    },
  ]) {
    assert.throws(use, over, String(use))
  }
  assert.match(inspect(list), /ended/)
})

test('a draft prints and encodes as its content', () => {
  const { state } = createDraft({ list: [1], map: new Map([['k', { n: 1 }]]) })
  state.list.push(2)
  state.map.get('k')!.n = 2
  assert.equal(inspect(state), "{ list: [ 1, 2 ], map: Map(1) { 'k' => { n: 2 } } }")
  assert.deepStrictEqual(decodeValue(encodeValue({ reply: state.list })), { reply: [1, 2] })
  assert.deepStrictEqual(copyEncodable({ reply: state.map }), { reply: new Map([['k', { n: 2 }]]) })
})

test('the whole state can be replaced, by a value or by parts of itself', () => {
  const draft = createDraft<{ a?: { n: number }; b?: { n: number } }>({ a: { n: 1 } })
  draft.replace({ b: draft.state.a! })
  draft.state.b!.n = 2
  assert.deepStrictEqual(applyPatch({ a: { n: 1 } }, draft.finish()), { b: { n: 2 } })
  const counter = createDraft(0)
  counter.replace(counter.state + 1)
  assert.equal(applyPatch(0, counter.finish()), 1)
})

test('what stands for something plain, such as a ref, is kept as that', () => {
  class Ref {
    [PLAIN](): unknown {
      return { type: 'account', key: 'ada' }
    }
    ask(): void {}
  }
  const address = { type: 'account', key: 'ada' }
  const draft = createDraft<Record<string, unknown>>({ list: [] })
  draft.state['owner'] = new Ref()
  draft.state['inner'] = { refs: [new Ref()] }
  assert.deepStrictEqual(draft.state['owner'], address)
  const state = applyPatch({ list: [] }, draft.finish())
  assert.deepStrictEqual(state, { list: [], owner: address, inner: { refs: [address] } })
  assert.deepStrictEqual(decodeValue(encodeValue([new Ref()])), [address])
  assert.deepStrictEqual(copyEncodable([new Ref()]), [address])
  assert.throws(() => encodeValue([new Ref(), Symbol('s')]), {
    fields: { path: '[1]', why: 'a symbol' },
  })
})
