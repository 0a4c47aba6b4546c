/** Drafts of plain objects: the overlay of their properties, and the proxy handlers see. */

import { isFieldName } from '../../persistence/kinds.ts'
import { type Patch, RECORD } from '../../persistence/patch-shape.ts'
import { toIndex } from './index-key.ts'
import { KeyedNode } from './keyed.ts'
import { type DraftNode, viewMember } from './node.ts'
import { trimmed } from './places.ts'
import { refuseAt, type Scope } from './scope.ts'

type Fields = Record<string, unknown>

export class RecordNode extends KeyedNode<string> {
  readonly view: object
  readonly #fields: Fields

  constructor(scope: Scope, base: object, parent: DraftNode | undefined, key: unknown) {
    super(scope, base, parent, key)
    this.#fields = base as Fields
    this.view = new Proxy(this, recordTraps)
  }

  protected override baseHas(key: string): boolean {
    return Object.hasOwn(this.#fields, key)
  }

  protected override baseGet(key: string): unknown {
    return this.#fields[key]
  }

  protected override baseKeys(): Iterable<string> {
    return Object.keys(this.#fields)
  }

  override write(key: string, value: unknown): void {
    const isUntouched = this.own === undefined && this.removed === undefined
    if (isUntouched && value !== undefined && Object.is(this.#fields[key], value)) return
    super.write(key, value)
  }

  /** Objects list keys that look like an index first, in ascending order. */
  orderedKeys(): string[] {
    const keys = [...this.keys()]
    const sortsItself = this.own !== undefined && keys.some((key) => toIndex(key) >= 0)
    if (!sortsItself) return keys
    const probe: Fields = {}
    for (const key of keys) probe[key] = undefined
    return Object.keys(probe)
  }

  settle(depth: number): Patch | undefined {
    const { sets, subs } = this.changes(depth + 1)
    return trimmed(RECORD, sets, subs, this.removed && [...this.removed])
  }

  plain(depth: number): Fields {
    this.enter(depth)
    const result: Fields = {}
    for (const key of this.keys()) result[key] = this.plainOf(key, depth + 1)
    return result
  }
}

const recordTraps: ProxyHandler<RecordNode> = {
  get(node, key, receiver) {
    const member = typeof key === 'symbol' ? viewMember(node, key) : undefined
    if (member !== undefined) return member
    node.scope.live()
    if (typeof key === 'string') {
      const value = node.read(key)
      if (value !== undefined || node.has(key)) return value
    }
    return Reflect.get(Object.prototype, key, receiver)
  },
  set(node, key, value) {
    node.scope.live()
    setField(node, key, value)
    return true
  },
  has(node, key) {
    node.scope.live()
    return (typeof key === 'string' && node.has(key)) || Reflect.has(Object.prototype, key)
  },
  deleteProperty(node, key) {
    node.scope.live()
    if (typeof key === 'string') node.remove(key)
    return true
  },
  ownKeys(node) {
    node.scope.live()
    return node.orderedKeys()
  },
  getOwnPropertyDescriptor(node, key) {
    node.scope.live()
    if (typeof key !== 'string' || !node.has(key)) return undefined
    return { value: node.read(key), writable: true, enumerable: true, configurable: true }
  },
  defineProperty(node, key, descriptor) {
    node.scope.live()
    requirePlainProperty(node, key, descriptor)
    setField(node, key, descriptor.value)
    return true
  },
  getPrototypeOf(node) {
    node.scope.live()
    return Object.prototype
  },
  setPrototypeOf(node) {
    throw refuseAt(node, 'prototype', 'a change of prototype')
  },
  preventExtensions(node) {
    throw refuseAt(node, 'frozen', 'a draft, which cannot be frozen')
  },
}

function setField(node: RecordNode, key: string | symbol, value: unknown): void {
  if (typeof key === 'symbol') throw refuseAt(node, key, 'a property under a symbol')
  if (!isFieldName(key)) throw refuseAt(node, key, 'a property under a refused name')
  node.write(key, node.scope.adopt(value, node, key))
}

/** State holds values only: no accessors, nothing hidden, nothing read-only. */
function requirePlainProperty(
  node: RecordNode,
  key: string | symbol,
  wanted: PropertyDescriptor,
): void {
  const exists = typeof key === 'string' && node.has(key)
  const flags = [wanted.writable, wanted.enumerable, wanted.configurable]
  const isPlain = 'value' in wanted && flags.every((flag) => flag ?? exists)
  if (!isPlain) throw refuseAt(node, key, 'an accessor, or a hidden or read-only property')
}
