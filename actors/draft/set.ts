/** Drafts of Sets: the overlay of their members, and a view with every method of Set. */

import { isKey } from '../../persistence/kinds.ts'
import { type Patch, REPLACE, SET } from '../../persistence/patch-shape.ts'
import { KeyedNode } from './keyed.ts'
import type { DraftNode } from './node.ts'
import { trimmed } from './places.ts'
import { refuseAt, type Scope } from './scope.ts'
import { nodeBehind, viewTraps } from './view.ts'

export class SetNode extends KeyedNode<unknown> {
  readonly view: object
  readonly #members: ReadonlySet<unknown>
  size: number

  constructor(scope: Scope, base: object, parent: DraftNode | undefined, key: unknown) {
    super(scope, base, parent, key)
    this.#members = base as ReadonlySet<unknown>
    this.size = this.#members.size
    this.view = new Proxy<SetNode>(this, setTraps)
  }

  protected override baseHas(member: unknown): boolean {
    return this.#members.has(member)
  }

  protected override baseGet(): undefined {
    return undefined
  }

  protected override baseKeys(): Iterable<unknown> {
    return this.#members
  }

  add(member: unknown): void {
    if (this.has(member)) return
    this.size++
    this.write(member, undefined)
  }

  override remove(member: unknown): boolean {
    const existed = super.remove(member)
    if (existed) this.size--
    return existed
  }

  clear(): void {
    this.cleared = true
    this.size = 0
    this.own?.clear()
    this.removed = undefined
  }

  settle(): Patch | undefined {
    if (this.cleared)
      return this.#members.size + this.size === 0 ? undefined : [REPLACE, this.plain()]
    return trimmed(SET, [...(this.own?.keys() ?? [])], [...(this.removed ?? [])])
  }

  plain(): Set<unknown> {
    this.enter(0)
    return new Set(this.keys())
  }
}

const nodeOf = (view: unknown): SetNode => nodeBehind(view, SetNode)

/** The methods of a drafted Set; `this` is the view. */
const setMethods = {
  has(this: unknown, member: unknown): boolean {
    return nodeOf(this).has(member)
  },
  add(this: unknown, member: unknown): unknown {
    const node = nodeOf(this)
    if (!isKey(member)) throw refuseAt(node, member, 'an object in a Set; use a Map or an array')
    node.add(member === 0 ? 0 : member)
    return this
  },
  delete(this: unknown, member: unknown): boolean {
    return nodeOf(this).remove(member)
  },
  clear(this: unknown): void {
    nodeOf(this).clear()
  },
  forEach(
    this: unknown,
    visit: (value: unknown, key: unknown, set: unknown) => void,
    self?: unknown,
  ): void {
    for (const member of nodeOf(this).keys()) visit.call(self, member, member, this)
  },
  values(this: unknown): Generator<unknown> {
    return nodeOf(this).keys()
  },
  *entries(this: unknown): Generator<[unknown, unknown]> {
    for (const member of nodeOf(this).keys()) yield [member, member]
  },
}

/** Union and its kin read both sides and answer a new Set: done on a plain one. */
const setAlgebra = [
  'union',
  'intersection',
  'difference',
  'symmetricDifference',
  'isSubsetOf',
  'isSupersetOf',
  'isDisjointFrom',
] as const

const algebra = Object.fromEntries(
  setAlgebra.map((name) => [
    name,
    function (this: unknown, other: unknown): unknown {
      return Reflect.apply(Reflect.get(Set.prototype, name), nodeOf(this).plain(), [other])
    },
  ]),
)

const members: Readonly<Record<PropertyKey, unknown>> = Object.freeze({
  ...setMethods,
  ...algebra,
  keys: setMethods.values,
  [Symbol.iterator]: setMethods.values,
})

const setTraps = viewTraps<SetNode>(Set.prototype, (node, key) => {
  if (key === 'size') return node.size
  return Object.hasOwn(members, key) ? members[key] : undefined
})
