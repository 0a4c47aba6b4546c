/**
 * The methods of a drafted array that are not left to `Array.prototype`: mutators, which there would move
 * every element one by one, and searches and iteration, which would go through the proxy for each.
 *
 * Every other method of arrays reads through the proxy and answers plain arrays of drafts.
 */

import { TroupeError } from '../../mailbox/errors.ts'
import { type DraftNode, nodeOf as nodeOfView } from './node.ts'
import type { Pieces } from './pieces.ts'

/** The node of a drafted array, as its methods need it. */
interface ArrayNode extends DraftNode {
  readonly length: number
  readonly pieces: Pieces
  at(index: number): unknown
  setAt(index: number, given: unknown): void
  list(): unknown[]
}

function nodeOf(view: unknown): ArrayNode {
  const node = typeof view === 'object' && view !== null ? nodeOfView(view) : undefined
  if (node !== undefined) {
    const array = node as ArrayNode
    array.scope.live()
    return array
  }
  throw new TroupeError(
    'CTX_REVOKED',
    'Expected this method to be called on the state draft it was read from, as in `state.items.push(x)`.',
  )
}

/** An argument that counts from the end when negative, within 0 to length. */
function clamp(index: unknown, length: number, absent: number): number {
  if (index === undefined) return absent
  const whole = Math.trunc(Number(index)) || 0
  return whole < 0 ? Math.max(length + whole, 0) : Math.min(whole, length)
}

function splice(node: ArrayNode, start: number, removed: number, items: unknown[]): unknown[] {
  const gone: unknown[] = []
  for (let i = 0; i < removed; i++) gone.push(node.at(start + i))
  const kept = items.map((item, i) => node.scope.adopt(item, node, start + i))
  node.pieces.splice(start, removed, kept)
  return gone
}

/** Lets a native method rearrange all elements; the array counts as rewritten. */
function rewrite(view: unknown, change: (list: unknown[]) => void): unknown {
  const node = nodeOf(view)
  const list = node.list()
  change(list)
  node.pieces.replace(list)
  return view
}

type Compare = (a: unknown, b: unknown) => number

export const arrayMethods: Readonly<Record<PropertyKey, unknown>> = Object.freeze({
  push(this: unknown, ...items: unknown[]): number {
    const node = nodeOf(this)
    for (const item of items) node.setAt(node.length, item)
    return node.length
  },
  pop(this: unknown): unknown {
    const node = nodeOf(this)
    return node.length === 0 ? undefined : splice(node, node.length - 1, 1, [])[0]
  },
  shift(this: unknown): unknown {
    const node = nodeOf(this)
    return node.length === 0 ? undefined : splice(node, 0, 1, [])[0]
  },
  unshift(this: unknown, ...items: unknown[]): number {
    const node = nodeOf(this)
    splice(node, 0, 0, items)
    return node.length
  },
  splice(this: unknown, ...given: unknown[]): unknown[] {
    const node = nodeOf(this)
    const [from, count, ...items] = given
    const start = clamp(from, node.length, 0)
    const rest = node.length - start
    const wanted = given.length === 1 ? rest : Math.max(Math.trunc(Number(count)) || 0, 0)
    return splice(node, start, given.length === 0 ? 0 : Math.min(wanted, rest), items)
  },
  sort(this: unknown, compare?: Compare): unknown {
    return rewrite(this, (list) => list.sort(compare))
  },
  reverse(this: unknown): unknown {
    return rewrite(this, (list) => list.reverse())
  },
  fill(this: unknown, value: unknown, start?: number, end?: number): unknown {
    const node = nodeOf(this)
    const last = clamp(end, node.length, node.length)
    for (let i = clamp(start, node.length, 0); i < last; i++) node.setAt(i, value)
    return this
  },
  copyWithin(this: unknown, target: number, start: number, end?: number): unknown {
    return rewrite(this, (list) => list.copyWithin(target, start, end))
  },
  includes(this: unknown, value: unknown, from?: number): boolean {
    const node = nodeOf(this)
    return (
      find(node, from, (item, wanted) => Object.is(item, wanted) || item === wanted, value) >= 0
    )
  },
  indexOf(this: unknown, value: unknown, from?: number): number {
    return find(nodeOf(this), from, (item, wanted) => item === wanted, value)
  },
  lastIndexOf(this: unknown, value: unknown, ...from: number[]): number {
    const node = nodeOf(this)
    const wanted = node.scope.standIn(value)
    const at = from.length === 0 ? node.length - 1 : Math.trunc(Number(from[0])) || 0
    for (let i = Math.min(at < 0 ? node.length + at : at, node.length - 1); i >= 0; i--) {
      if (node.at(i) === wanted) return i
    }
    return -1
  },
  values,
  [Symbol.iterator]: values,
})

function find(
  node: ArrayNode,
  from: number | undefined,
  matches: (item: unknown, wanted: unknown) => boolean,
  value: unknown,
): number {
  const wanted = node.scope.standIn(value)
  for (let i = clamp(from, node.length, 0); i < node.length; i++) {
    if (matches(node.at(i), wanted)) return i
  }
  return -1
}

/** Live, as the iterator of an array is. */
function* values(this: unknown): Generator<unknown> {
  const node = nodeOf(this)
  for (let i = 0; i < node.length; i++) {
    yield node.at(i)
    node.scope.live()
  }
}
