/**
 * How one array becomes another, as splices and changed elements.
 *
 * Owns the alignment: which base elements still stand in the present array, in ascending order. It looks
 * for the drafts of base elements and for equal primitives; anything between two survivors is new.
 */

import { copy } from '../../persistence/copy.ts'
import { refused } from '../../persistence/kinds.ts'
import { ARRAY, type Patch, REPLACE } from '../../persistence/patch-shape.ts'
import { type DraftNode, nodeOf as nodeOfView } from './node.ts'
import { Places, trimmed } from './places.ts'

/** `differ` of `differ.ts`, handed in: the two recurse into each other. */
export type Differ = (base: unknown, value: unknown, depth: number) => Patch | undefined

/**
 * Builds an array patch from left to right: base runs that are kept, and elements that are new.
 * As many new elements as base elements fell away mean the same places with other content.
 */
export class ArrayDelta {
  readonly #base: readonly unknown[]
  readonly #depth: number
  readonly #differ: Differ
  readonly #splices: unknown[] = []
  readonly #places = new Places<number>()
  #taken = 0
  #size = 0
  #kept = 0
  #fresh: unknown[] = []

  /** @param depth of the elements */
  constructor(base: readonly unknown[], depth: number, differ: Differ) {
    this.#base = base
    this.#depth = depth
    this.#differ = differ
  }

  /** An element that is not of the base. */
  insert(value: unknown): void {
    this.#fresh.push(value)
  }

  /** Base elements `from` to before `to` stand here. Returns the present index of the first. */
  keep(from: number, to: number): number {
    this.#flush(from)
    const at = this.#size
    this.#taken = to
    this.#size += to - from
    this.#kept += to - from
    return at
  }

  /** A kept element changed, at its present index. */
  put(index: number, patch: Patch | undefined): void {
    this.#places.put(index, patch)
  }

  /** The whole patch; where nothing is kept and little would be saved, a replacement. */
  end(): Patch | undefined {
    const emptied = this.#kept === 0 && this.#fresh.length !== this.#base.length
    if (emptied) return [REPLACE, this.#fresh.map((value) => copy(value, this.#depth))]
    this.#flush(this.#base.length)
    return trimmed(ARRAY, this.#splices, this.#places.sets, this.#places.subs)
  }

  #flush(until: number): void {
    const removed = until - this.#taken
    const fresh = this.#fresh
    if (fresh.length === removed) this.#exchange(fresh)
    else
      this.#splices.push(
        this.#taken,
        removed,
        fresh.map((value) => copy(value, this.#depth)),
      )
    this.#size += fresh.length
    this.#taken = until
    if (fresh.length > 0) this.#fresh = []
  }

  #exchange(fresh: readonly unknown[]): void {
    for (const [i, value] of fresh.entries()) {
      this.put(this.#size + i, this.#differ(this.#base[this.#taken + i], value, this.#depth))
    }
  }
}

/** How far ahead a primitive is looked for when elements before it were removed. */
const LOOK_AHEAD = 32

/** The patch from a committed array to a fresh one. */
export function differArray(
  base: readonly unknown[],
  value: readonly unknown[],
  depth: number,
  differ: Differ,
): Patch | undefined {
  const delta = new ArrayDelta(base, depth + 1, differ)
  const tail = commonTail(base, value)
  const [baseEnd, valueEnd] = [base.length - tail, value.length - tail]
  let next = 0
  for (let i = 0; i < valueEnd; i++) {
    const found = findFrom(base, next, baseEnd, elementOf(value, i))
    if (found < 0) delta.insert(value[i])
    else {
      keepElement(delta, found, value[i], depth)
      next = found + 1
    }
  }
  for (let i = 0; i < tail; i++)
    keepElement(delta, baseEnd + i, elementOf(value, valueEnd + i), depth)
  return delta.end()
}

function keepElement(delta: ArrayDelta, at: number, value: unknown, depth: number): void {
  const index = delta.keep(at, at + 1)
  const node = nodeOf(value)
  if (node !== undefined) delta.put(index, node.settle(depth + 1))
}

function commonTail(base: readonly unknown[], value: readonly unknown[]): number {
  const most = Math.min(base.length, value.length)
  let length = 0
  while (length < most && isSame(base.at(-1 - length), value.at(-1 - length))) length++
  return length
}

/** A base element and what stands now are the same if equal primitives, or base and its draft. */
function isSame(base: unknown, value: unknown): boolean {
  return Object.is(base, value) || (typeof base === 'object' && nodeOf(value)?.base === base)
}

function findFrom(base: readonly unknown[], from: number, end: number, value: unknown): number {
  if (from >= end) return -1
  if (isSame(base[from], value)) return from
  const node = nodeOf(value)
  if (node !== undefined) {
    const at = node.key
    return typeof at === 'number' && at >= from && at < end && base[at] === node.base ? at : -1
  }
  if (typeof value === 'object') return -1
  const last = Math.min(end, from + LOOK_AHEAD)
  for (let at = from + 1; at < last; at++) if (Object.is(base[at], value)) return at
  return -1
}

function nodeOf(value: unknown): DraftNode | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return nodeOfView(value)
}

function elementOf(array: readonly unknown[], index: number): unknown {
  const value = array[index]
  if (value === undefined && !Object.hasOwn(array, index)) throw refused
  return value
}
