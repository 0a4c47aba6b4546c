/** The ring under every lane against an array that does the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Ring } from '../../mailbox/ring.ts'
import { countSlotAccess, slotsOf } from './support.ts'

type Op =
  | { readonly op: 'push' | 'unshift'; readonly value: number }
  | { readonly op: 'shift' | 'pop' }
  | { readonly op: 'at' | 'removeAt'; readonly index: number }

const value = fc.integer({ min: 1, max: 1_000 })
const index = fc.integer({ min: -2, max: 40 })
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constantFrom('push', 'unshift'), value }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('shift', 'pop') }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('at', 'removeAt'), index }) },
) as fc.Arbitrary<Op>

function onRing(ring: Ring<number>, step: Op): number | undefined {
  switch (step.op) {
    case 'push':
    case 'unshift':
      ring[step.op](step.value)
      return undefined
    case 'shift':
    case 'pop':
      return ring[step.op]()
    case 'at':
    case 'removeAt':
      return ring[step.op](step.index)
    default:
      return step satisfies never
  }
}

function onArray(array: number[], step: Op): number | undefined {
  switch (step.op) {
    case 'push':
    case 'unshift':
      array[step.op](step.value)
      return undefined
    case 'shift':
    case 'pop':
      return array[step.op]()
    case 'at':
      return array[step.index]
    case 'removeAt':
      return step.index < 0 ? undefined : array.splice(step.index, 1)[0]
    default:
      return step satisfies never
  }
}

test('T2: a ring answers as an array does, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(op, { maxLength: 200 }), (steps) => {
      const ring = new Ring<number>()
      const array: number[] = []
      for (const step of steps) {
        assert.equal(onRing(ring, step), onArray(array, step))
        assert.equal(ring.length, array.length)
        assert.deepEqual([...ring], array)
      }
    }),
  )
})

test('a ring keeps nothing alive that left it', () => {
  fc.assert(
    fc.property(fc.array(op, { maxLength: 200 }), (steps) => {
      const ring = new Ring<number>()
      for (const step of steps) {
        onRing(ring, step)
        const held = slotsOf(ring).filter((slot) => slot !== undefined)
        assert.equal(held.length, ring.length)
      }
    }),
  )
})

test('there is nothing before the front of a full ring', () => {
  const ring = new Ring<number>()
  for (const item of [1, 2, 3, 4]) ring.push(item)
  assert.equal(slotsOf(ring).length, ring.length)
  assert.equal(ring.at(-1), undefined)
  assert.equal(ring.removeAt(-1), undefined)
  assert.equal(ring.at(4), undefined)
})

test('an unused ring has no room yet, and growing doubles it', () => {
  const ring = new Ring<number>()
  assert.equal(slotsOf(ring).length, 0)
  const sizes = new Set<number>()
  for (let i = 0; i < 1_000; i += 1) {
    ring.push(i)
    sizes.add(slotsOf(ring).length)
  }
  assert.deepEqual([...sizes], [4, 8, 16, 32, 64, 128, 256, 512, 1_024])
})

test('both ends of a ring cost the same at any length, the middle at most half of it', () => {
  const costs = [10, 10_000].map((length) => {
    const ring = new Ring<number>()
    for (let i = 0; i < length + 1; i += 1) ring.push(i)
    ring.shift()
    const tally = { count: 0 }
    countSlotAccess(ring, tally)
    const cost = (action: () => void): number => {
      tally.count = 0
      action()
      return tally.count
    }
    return {
      push: cost(() => ring.push(1)),
      shift: cost(() => ring.shift()),
      unshift: cost(() => ring.unshift(1)),
      pop: cost(() => ring.pop()),
      removeFirst: cost(() => ring.removeAt(0)),
      removeLast: cost(() => ring.removeAt(ring.length - 1)),
    }
  })
  assert.deepEqual(costs[0], costs[1])
  assert.ok(Object.values(costs[0] ?? {}).every((cost) => cost <= 4))
})
