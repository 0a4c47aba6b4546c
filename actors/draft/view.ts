/**
 * What the views of Map and Set have in common: they look like one, but their content sits in a node,
 * where the built-in methods would not find it.
 */

import { TroupeError } from '../../mailbox/errors.ts'
import { type DraftNode, nodeOf, viewMember } from './node.ts'
import { refuseAt } from './scope.ts'

/** Traps of a view with a prototype's looks. `find` answers its members; undefined falls through. */
export function viewTraps<N extends DraftNode>(
  prototype: object,
  find: (node: N, key: string | symbol) => unknown,
): ProxyHandler<N> {
  return {
    get(node, key) {
      const member = typeof key === 'symbol' ? viewMember(node, key) : undefined
      if (member !== undefined) return member
      node.scope.live()
      const found = find(node, key)
      if (found !== undefined) return found
      const isLooks = key === 'constructor' || key === Symbol.toStringTag
      return Reflect.get(isLooks ? prototype : Object.prototype, key)
    },
    has(node, key) {
      node.scope.live()
      return Reflect.has(prototype, key)
    },
    ownKeys: () => [],
    getOwnPropertyDescriptor: () => undefined,
    getPrototypeOf(node) {
      node.scope.live()
      return prototype
    },
    set: refuseProperty,
    defineProperty: refuseProperty,
    deleteProperty: refuseProperty,
    setPrototypeOf: (node) => refuseProperty(node, 'prototype'),
    preventExtensions: (node) => refuseProperty(node, 'frozen'),
  }
}

function refuseProperty(node: DraftNode, key: string | symbol): never {
  node.scope.live()
  throw refuseAt(
    node,
    String(key),
    'a property of a Map, Set or array itself, not one of its entries',
  )
}

/** The node behind the view a method was called on. */
export function nodeBehind<N extends DraftNode>(
  view: unknown,
  Node: abstract new (...args: never[]) => N,
): N {
  const node = typeof view === 'object' && view !== null ? nodeOf(view) : undefined
  if (node instanceof Node) {
    node.scope.live()
    return node
  }
  throw new TroupeError(
    'CTX_REVOKED',
    'Expected this method to be called on the state draft it was read from, as in `state.items.push(x)`.',
  )
}
