import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDraft } from '../../actors/draft/draft.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { applyPatch } from '../../persistence/patch.ts'

/** Counts how often code touches an array or object of a state. */
function counted<T extends object>(target: T, count: { touches: number }): T {
  const touch =
    <A extends unknown[], R>(trap: (...args: A) => R) =>
    (...args: A): R => {
      count.touches++
      return trap(...args)
    }
  return new Proxy(target, {
    get: touch(Reflect.get),
    set: touch(Reflect.set),
    has: touch(Reflect.has),
    deleteProperty: touch(Reflect.deleteProperty),
    defineProperty: touch(Reflect.defineProperty),
    getOwnPropertyDescriptor: touch(Reflect.getOwnPropertyDescriptor),
    ownKeys(inner) {
      count.touches += Object.keys(inner).length
      return Reflect.ownKeys(inner)
    },
  })
}

/** A Map or Set on which walking over all entries is an error. */
function neverWalked<T extends Map<unknown, unknown> | Set<unknown>>(target: T): T {
  for (const name of ['keys', 'values', 'entries', 'forEach', Symbol.iterator]) {
    Object.defineProperty(target, name, {
      value: () => assert.fail('a turn walked over a container it did not touch'),
    })
  }
  return target
}

interface State {
  items: number[]
  jobs: { n: number }[]
  fields: Record<string, number>
  map: Map<string, number>
  set: Set<number>
  nested: { byKey: Map<string, { log: number[] }> }
}

/** A state with `size` elements in each container, all counted. */
function stateOf(size: number, count: { touches: number }): State {
  const numbers = Array.from({ length: size }, (_, i) => i)
  const entries = numbers.map((n) => [`k${n}`, n] as const)
  return {
    items: counted([...numbers], count),
    jobs: counted(
      numbers.map((n) => ({ n })),
      count,
    ),
    fields: counted(Object.fromEntries(entries), count),
    map: neverWalked(new Map(entries)),
    set: neverWalked(new Set(numbers)),
    nested: { byKey: neverWalked(new Map([['a', { log: counted([...numbers], count) }]])) },
  }
}

const turns: Record<string, (state: State) => void> = {
  push: ({ items }) => void items.push(1, 2),
  pop: ({ items }) => void items.pop(),
  'set by index': ({ items }) => {
    items[50] = -1
  },
  length: ({ items }) => {
    items.length -= 3
  },
  'change an element': ({ jobs }) => void jobs[7]!.n++,
  'move an element': ({ jobs }) => void jobs.push(...jobs.splice(50, 1)),
  'set a property': ({ fields }) => {
    fields['k7'] = -1
  },
  'add a property': ({ fields }) => {
    fields['new'] = 1
  },
  'delete a property': ({ fields }) => void delete fields['k7'],
  'set an entry': ({ map }) => void map.set('k7', -1),
  'add an entry': ({ map }) => void map.set('new', 1),
  'delete an entry': ({ map }) => void map.delete('k7'),
  'add a member': ({ set }) => void set.add(-1),
  'delete a member': ({ set }) => void set.delete(7),
  'append below a Map below an object': ({ nested }) => void nested.byKey.get('a')!.log.push(1),
  shift: ({ items }) => void items.shift(),
  unshift: ({ items }) => void items.unshift(1),
  'splice in the middle': ({ items }) => void items.splice(40, 2, 1, 2, 3),
  'a queue': ({ jobs }) => void jobs.push({ n: jobs.shift()!.n }),
}

/** Native arrays move their elements for these, in the turn's end but not in its patch. */
const moving = new Set(['move an element', 'shift', 'unshift', 'splice in the middle', 'a queue'])

function costOf(
  size: number,
  handler: (state: State) => void,
): { turn: number; apply: number; bytes: number } {
  const count = { touches: 0 }
  const state = stateOf(size, count)
  const draft = createDraft(state)
  handler(draft.state)
  const patch = draft.finish()
  const turn = count.touches
  const bytes = encodeValue(patch).length
  count.touches = 0
  applyPatch(state, patch)
  return { turn, bytes, apply: count.touches }
}

for (const [name, handler] of Object.entries(turns)) {
  test(`D3: ${name}: a turn on 100,000 elements touches no more than one on 100`, () => {
    const small = costOf(100, handler)
    const large = costOf(100_000, handler)
    assert.equal(large.turn, small.turn, 'touches during the turn and its end')
    assert.ok(large.bytes <= small.bytes + 8, `${large.bytes} bytes against ${small.bytes}`)
    if (!moving.has(name)) assert.equal(large.apply, small.apply, 'touches when applied')
  })
}
