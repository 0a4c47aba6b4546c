/** Drafts of arrays: the overlay of their elements, and the proxy handlers see. */

import { inspect } from 'node:util'
import { copy } from '../../persistence/copy.ts'
import type { Patch } from '../../persistence/patch.ts'
import { arrayMethods } from './array-methods.ts'
import { differ } from './differ.ts'
import { ArrayDelta, differArray } from './differ-array.ts'
import { toIndex } from './index-key.ts'
import { DraftNode, inspectDraft, nodeOf, viewMember } from './node.ts'
import { lengthOf, type Piece, Pieces } from './pieces.ts'
import { refuseAt, type Scope } from './scope.ts'

export class ArrayNode extends DraftNode {
  readonly view: object
  declare readonly base: readonly unknown[]
  readonly pieces: Pieces
  /** Elements set over base elements, by base index. */
  #own: Map<number, unknown> | undefined
  /** Nodes of base elements that were read, by base index. */
  #children: Map<number, DraftNode> | undefined

  constructor(scope: Scope, base: object, parent: DraftNode | undefined, key: unknown) {
    super(scope, base, parent, key)
    this.pieces = new Pieces(this.base.length)
    this.view = new Proxy(new ArrayTarget(this), arrayTraps)
  }

  get length(): number {
    return this.pieces.length
  }

  at(index: number): unknown {
    if (index < 0 || index >= this.length) return undefined
    const { items, at } = this.pieces.locate(index)
    return items === undefined ? this.#readBase(at) : items[at]
  }

  #readBase(at: number): unknown {
    if (this.#own?.has(at) === true) return this.#own.get(at)
    const value = this.base[at]
    return typeof value === 'object' && value !== null ? this.#child(at, value).view : value
  }

  #child(at: number, value: object): DraftNode {
    const known = this.#children?.get(at)
    if (known !== undefined) return known
    const node = this.scope.nodeFor(value, this, at)
    if (this.#children === undefined) this.#children = new Map()
    this.#children.set(at, node)
    return node
  }

  /** Sets an existing element, or appends at the length. */
  setAt(index: number, given: unknown): void {
    if (index > this.length) throw refuseAt(this, index, 'an index that leaves a hole before it')
    const value = this.scope.adopt(given, this, index)
    if (index === this.length) this.pieces.push(value)
    else this.#put(index, value)
  }

  #put(index: number, value: unknown): void {
    const { items, at } = this.pieces.locate(index)
    if (items !== undefined) items[at] = value
    else {
      if (this.#own === undefined) this.#own = new Map()
      this.#own.set(at, value)
    }
  }

  /** Cuts the array off; growing it would leave holes. */
  setLength(wanted: unknown): void {
    const length = Number(wanted)
    const isShorter = Number.isInteger(length) && length >= 0 && length <= this.length
    if (!isShorter) throw refuseAt(this, 'length', 'a length that leaves holes')
    if (length < this.length) this.pieces.splice(length, this.length - length, [])
  }

  /** All elements, as handlers see them. */
  list(): unknown[] {
    const result: unknown[] = []
    for (let i = 0; i < this.length; i++) result.push(this.at(i))
    return result
  }

  settle(depth: number): Patch | undefined {
    const runs = this.pieces.list.filter((piece) => piece.items === undefined)
    if (runs.length === 0) return this.#settleRewritten(depth)
    const delta = new ArrayDelta(this.base, depth + 1, differ)
    const starts = this.#keepRuns(delta)
    for (const [at, value] of this.#own ?? []) {
      const index = presentIndex(runs, starts, at)
      if (index >= 0) delta.put(index, differ(this.base[at], value, depth + 1))
    }
    for (const [at, child] of this.#children ?? []) {
      const index = this.#own?.has(at) === true ? -1 : presentIndex(runs, starts, at)
      if (index >= 0) delta.put(index, child.settle(depth + 1))
    }
    return delta.end()
  }

  #settleRewritten(depth: number): Patch | undefined {
    const items = this.pieces.list.flatMap((piece) => piece.items ?? [])
    return differArray(this.base, items, depth, differ)
  }

  /** Tells the delta what stands where; returns the present index at which each run starts. */
  #keepRuns(delta: ArrayDelta): number[] {
    const starts: number[] = []
    for (const { items, from, to } of this.pieces.list) {
      if (items === undefined) starts.push(delta.keep(from, to))
      else for (const item of items) delta.insert(item)
    }
    return starts
  }

  plain(depth: number): unknown[] {
    this.enter(depth)
    const result: unknown[] = []
    for (const piece of this.pieces.list) {
      for (let i = 0; i < lengthOf(piece); i++) result.push(this.#plainOf(piece, i, depth + 1))
    }
    return result
  }

  #plainOf({ items, from }: Piece, offset: number, depth: number): unknown {
    if (items !== undefined) return copy(items[offset], depth)
    const at = from + offset
    if (this.#own?.has(at) === true) return copy(this.#own.get(at), depth)
    return this.#children?.get(at)?.plain(depth) ?? copy(this.base[at], depth)
  }
}

/** Where a base index stands now, or -1 if it is gone. Runs are ascending: halve them. */
function presentIndex(runs: readonly Piece[], starts: readonly number[], at: number): number {
  let low = 0
  let high = runs.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const run = runs[middle]!
    if (at < run.from) high = middle - 1
    else if (at >= run.to) low = middle + 1
    else return starts[middle]! + at - run.from
  }
  return -1
}

/** A proxy is an array to `Array.isArray` and JSON only if its target is one. */
class ArrayTarget extends Array<unknown> {
  readonly node: ArrayNode

  constructor(node: ArrayNode) {
    super()
    this.node = node
  }

  [inspect.custom](): unknown {
    return inspectDraft(nodeOf(this) ?? this.node)
  }
}

const arrayTraps: ProxyHandler<ArrayTarget> = {
  get({ node }, key) {
    const member = typeof key === 'symbol' ? viewMember(node, key) : undefined
    if (member !== undefined) return member
    node.scope.live()
    if (typeof key === 'string') {
      const index = toIndex(key)
      if (index >= 0) return node.at(index)
      if (key === 'length') return node.length
    }
    return Object.hasOwn(arrayMethods, key) ? arrayMethods[key] : Reflect.get(Array.prototype, key)
  },
  set({ node }, key, value) {
    node.scope.live()
    setElement(node, key, value)
    return true
  },
  has({ node }, key) {
    node.scope.live()
    const index = typeof key === 'string' ? toIndex(key) : -1
    return index >= 0 ? index < node.length : Reflect.has(Array.prototype, key)
  },
  deleteProperty({ node }, key) {
    node.scope.live()
    const index = typeof key === 'string' ? toIndex(key) : -1
    if (index < 0 || index >= node.length) return true
    throw refuseAt(node, index, 'a hole; use splice to remove an element')
  },
  ownKeys({ node }) {
    node.scope.live()
    return [...Array.from({ length: node.length }, (_, index) => String(index)), 'length']
  },
  getOwnPropertyDescriptor({ node }, key) {
    node.scope.live()
    if (key === 'length') {
      return { value: node.length, writable: true, enumerable: false, configurable: false }
    }
    const index = typeof key === 'string' ? toIndex(key) : -1
    if (index < 0 || index >= node.length) return undefined
    return { value: node.at(index), writable: true, enumerable: true, configurable: true }
  },
  defineProperty({ node }, key, descriptor) {
    node.scope.live()
    const { value, writable, enumerable, configurable } = descriptor
    const isOpen = writable !== false && enumerable !== false && configurable !== false
    if (!isOpen || !('value' in descriptor))
      throw refuseAt(node, String(key), 'a hidden or read-only element')
    setElement(node, key, value)
    return true
  },
  getPrototypeOf({ node }) {
    node.scope.live()
    return Array.prototype
  },
  setPrototypeOf({ node }) {
    throw refuseAt(node, 'prototype', 'a change of prototype')
  },
  preventExtensions({ node }) {
    throw refuseAt(node, 'frozen', 'a draft, which cannot be frozen')
  },
}

function setElement(node: ArrayNode, key: string | symbol, value: unknown): void {
  const index = typeof key === 'string' ? toIndex(key) : -1
  if (index >= 0) node.setAt(index, value)
  else if (key === 'length') node.setLength(value)
  else throw refuseAt(node, String(key), 'a named property of an array')
}
