/**
 * The overlay of whatever has keys: plain objects, Maps, and Sets (whose members are their keys).
 *
 * Owns membership and order. JavaScript keeps insertion order: a key set again keeps its place, a key
 * deleted and set again goes to the end. So a base key is *kept* unless it was removed once; kept keys
 * come first in base order, then the others in the order they were added.
 */

import { copy } from '../../persistence/copy.ts'
import { differ } from './differ.ts'
import { DraftNode } from './node.ts'
import { Places } from './places.ts'

export abstract class KeyedNode<K> extends DraftNode {
  /** Values set in this turn: over a kept key, or in a new place. */
  protected own: Map<K, unknown> | undefined
  /** Base keys removed at any time in this turn. */
  protected removed: Set<K> | undefined
  /** Nodes of kept base values that were read. */
  protected children: Map<K, DraftNode> | undefined
  protected cleared = false

  protected abstract baseHas(key: K): boolean
  protected abstract baseGet(key: K): unknown
  protected abstract baseKeys(): Iterable<K>

  /** Whether the key stands where the base has it. */
  protected kept(key: K): boolean {
    return !this.cleared && this.removed?.has(key) !== true && this.baseHas(key)
  }

  has(key: K): boolean {
    return this.own?.has(key) === true || this.kept(key)
  }

  read(key: K): unknown {
    if (this.own?.has(key) === true) return this.own.get(key)
    return this.kept(key) ? this.drafted(key, this.baseGet(key)) : undefined
  }

  write(key: K, value: unknown): void {
    if (this.own === undefined) this.own = new Map()
    this.own.set(key, value)
  }

  remove(key: K): boolean {
    const existed = this.has(key)
    this.own?.delete(key)
    if (existed && !this.cleared && this.baseHas(key)) {
      if (this.removed === undefined) this.removed = new Set()
      this.removed.add(key)
    }
    return existed
  }

  /** Live, as the iterators of Map and Set are: what is added meanwhile is visited. */
  *keys(): Generator<K> {
    for (const key of this.baseKeys()) {
      if (this.cleared) break
      if (this.kept(key)) yield key
    }
    if (this.own === undefined) return
    for (const key of this.own.keys()) if (!this.kept(key)) yield key
  }

  /** A base value as handlers see it. */
  protected drafted(key: K, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    return this.child(key, value).view
  }

  protected child(key: K, value: object): DraftNode {
    const known = this.children?.get(key)
    if (known !== undefined) return known
    const node = this.scope.nodeFor(value, this, key)
    if (this.children === undefined) this.children = new Map()
    this.children.set(key, node)
    return node
  }

  /** The content of one key, plain. */
  protected plainOf(key: K, depth: number): unknown {
    if (this.own?.has(key) === true) return copy(this.own.get(key), depth)
    const child = this.children?.get(key)
    return child === undefined ? copy(this.baseGet(key), depth) : child.plain(depth)
  }

  /** Walks what was touched, not what there is (D3). */
  protected changes(depth: number): Places<K> {
    const places = new Places<K>()
    for (const [key, value] of this.own ?? []) {
      if (this.kept(key)) places.put(key, differ(this.baseGet(key), value, depth))
      else places.set(key, copy(value, depth))
    }
    for (const [key, child] of this.children ?? []) {
      const inPlace = this.own?.has(key) !== true && this.kept(key)
      if (inPlace) places.put(key, child.settle(depth))
    }
    return places
  }
}
