/** Drafts of Maps: the overlay of their entries, and a view with every method of Map. */

import { isKey } from '../../persistence/kinds.ts'
import { MAP, type Patch, REPLACE } from '../../persistence/patch-shape.ts'
import { KeyedNode } from './keyed.ts'
import type { DraftNode } from './node.ts'
import { trimmed } from './places.ts'
import { refuseAt, type Scope } from './scope.ts'
import { nodeBehind, viewTraps } from './view.ts'

export class MapNode extends KeyedNode<unknown> {
  readonly view: object
  readonly #entries: ReadonlyMap<unknown, unknown>
  size: number

  constructor(scope: Scope, base: object, parent: DraftNode | undefined, key: unknown) {
    super(scope, base, parent, key)
    this.#entries = base as ReadonlyMap<unknown, unknown>
    this.size = this.#entries.size
    this.view = new Proxy<MapNode>(this, mapTraps)
  }

  protected override baseHas(key: unknown): boolean {
    return this.#entries.has(key)
  }

  protected override baseGet(key: unknown): unknown {
    return this.#entries.get(key)
  }

  protected override baseKeys(): Iterable<unknown> {
    return this.#entries.keys()
  }

  override write(key: unknown, value: unknown): void {
    if (!this.has(key)) this.size++
    super.write(key, value)
  }

  override remove(key: unknown): boolean {
    const existed = super.remove(key)
    if (existed) this.size--
    return existed
  }

  clear(): void {
    this.cleared = true
    this.size = 0
    this.own?.clear()
    this.removed = undefined
    this.children = undefined
  }

  settle(depth: number): Patch | undefined {
    if (this.cleared)
      return this.#entries.size + this.size === 0 ? undefined : [REPLACE, this.plain(depth)]
    const { sets, subs } = this.changes(depth + 1)
    return trimmed(MAP, sets, subs, [...(this.removed ?? [])])
  }

  plain(depth: number): Map<unknown, unknown> {
    this.enter(depth)
    const result = new Map<unknown, unknown>()
    for (const key of this.keys()) result.set(key, this.plainOf(key, depth + 1))
    return result
  }
}

const nodeOf = (view: unknown): MapNode => nodeBehind(view, MapNode)

/** The methods of a drafted Map; `this` is the view. */
const mapMethods = {
  get(this: unknown, key: unknown): unknown {
    return nodeOf(this).read(key)
  },
  has(this: unknown, key: unknown): boolean {
    return nodeOf(this).has(key)
  },
  set(this: unknown, key: unknown, value: unknown): unknown {
    const node = nodeOf(this)
    if (!isKey(key)) throw refuseAt(node, key, 'an object as a Map key; use a string')
    node.write(key === 0 ? 0 : key, node.scope.adopt(value, node, key))
    return this
  },
  delete(this: unknown, key: unknown): boolean {
    return nodeOf(this).remove(key)
  },
  clear(this: unknown): void {
    nodeOf(this).clear()
  },
  forEach(
    this: unknown,
    visit: (value: unknown, key: unknown, map: unknown) => void,
    self?: unknown,
  ): void {
    const node = nodeOf(this)
    for (const key of node.keys()) visit.call(self, node.read(key), key, this)
  },
  keys(this: unknown): Generator<unknown> {
    return nodeOf(this).keys()
  },
  *values(this: unknown): Generator<unknown> {
    const node = nodeOf(this)
    for (const key of node.keys()) yield node.read(key)
  },
  *entries(this: unknown): Generator<[unknown, unknown]> {
    const node = nodeOf(this)
    for (const key of node.keys()) yield [key, node.read(key)]
  },
}

const mapTraps = viewTraps<MapNode>(Map.prototype, (node, key) => {
  if (key === 'size') return node.size
  if (key === Symbol.iterator) return mapMethods.entries
  return Object.hasOwn(mapMethods, key) ? mapMethods[key as keyof typeof mapMethods] : undefined
})
