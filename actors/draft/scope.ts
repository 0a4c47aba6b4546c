/**
 * What the drafts of one turn have in common: their end, their identity, and who owns what.
 *
 * Owns revocation (T6), the one draft per committed object (so `s.a === s.a`), and the rule for values
 * a handler assigns. Three sorts of value can stand in a drafted place:
 *
 * - a draft: the same node wherever it stands, as a reference would be;
 * - a shared value (payload, reply: T5 says immutable): it gets a draft of its own, never written;
 * - anything else is the handler's fresh object: kept by reference, read back as itself, copied at the
 *   end of the turn.
 */

import { TroupeError } from '../../mailbox/errors.ts'
import { describe, type Fields, kindOf, plainOf } from '../../persistence/kinds.ts'
import { notEncodable } from '../../persistence/not-encodable.ts'
import { entrySegment, indexSegment, propertySegment } from '../../persistence/path.ts'
import { type DraftNode, nodeOf } from './node.ts'

/** Makes the node for a committed or shared object. */
export type MakeNode = (
  scope: Scope,
  base: object,
  parent: DraftNode | undefined,
  key: unknown,
) => DraftNode

export class Scope {
  readonly #make: MakeNode
  /** The state's own, mostly: many turns look no deeper. */
  #firstNode: DraftNode | undefined
  #otherNodes: Map<object, DraftNode> | undefined
  #handed: object[] | undefined
  #shared: SharedValues | undefined
  #ended: string | undefined

  constructor(make: MakeNode) {
    this.#make = make
  }

  /** Throws once the turn has ended. Every trap calls it first. */
  live(): void {
    if (this.#ended === undefined) return
    throw new TroupeError(
      'CTX_REVOKED',
      `Expected no use of a state draft after its turn: ${this.#ended}. Copy what you need before, or send the actor a message.`,
      { fields: { why: this.#ended } },
    )
  }

  get isOver(): boolean {
    return this.#ended !== undefined
  }

  end(why: string): void {
    this.#ended ??= why
  }

  share(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    this.#handed ??= []
    this.#handed.push(value)
  }

  /** The node for an object, always the same one. */
  nodeFor(base: object, parent?: DraftNode, key?: unknown): DraftNode {
    const known = this.#nodeOf(base)
    if (known !== undefined) return known
    const node = this.#make(this, base, parent, key)
    if (this.#firstNode === undefined) this.#firstNode = node
    else {
      this.#otherNodes ??= new Map()
      this.#otherNodes.set(base, node)
    }
    return node
  }

  #nodeOf(base: object): DraftNode | undefined {
    return this.#firstNode?.base === base ? this.#firstNode : this.#otherNodes?.get(base)
  }

  /** What a search of an array looks for: a shared object stands there as its draft. */
  standIn(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    return this.#nodeOf(value)?.view ?? value
  }

  /**
   * What to keep in a place for a value a handler assigned to it.
   *
   * @throws NOT_ENCODABLE for what can be told at once; the rest is found when the turn ends
   */
  adopt(value: unknown, into?: DraftNode, key?: unknown): unknown {
    if (typeof value === 'object')
      return value === null ? null : this.#adoptObject(value, into, key)
    if (typeof value === 'function') throw refuseAt(into, key, 'a function')
    if (typeof value === 'symbol') throw refuseAt(into, key, 'a symbol')
    return value
  }

  #adoptObject(value: object, into: DraftNode | undefined, key: unknown): unknown {
    const node = nodeOf(value)
    if (node !== undefined) return this.#adoptDraft(value, node)
    if (kindOf(value) === undefined) return this.#adoptStandIn(value, into, key)
    if (this.#handed === undefined) return value
    this.#shared ??= new SharedValues()
    while (this.#handed.length > 0) this.#shared.add(this.#handed.pop() as object)
    return this.#guardShared(value, this.#shared)
  }

  /** A ref is kept as its address. */
  #adoptStandIn(value: object, into: DraftNode | undefined, key: unknown): unknown {
    const plain = plainOf(value)
    if (plain === undefined) throw refuseAt(into, key, describe(value))
    return plain.call(value, 0)
  }

  #adoptDraft(value: object, node: DraftNode): unknown {
    node.scope.live()
    return node.scope === this ? value : node.plain(0)
  }

  /** Puts drafts in place of shared objects, in a fresh value too, so that no write can reach them. */
  #guardShared(value: object, shared: SharedValues): unknown {
    if (shared.has(value)) return this.nodeFor(value).view
    this.#guardInside(value, shared, new Set())
    return value
  }

  #guardInside(value: object, shared: SharedValues, seen: Set<object>): void {
    if (seen.has(value) || Object.isFrozen(value)) return
    seen.add(value)
    const guard = (item: unknown, put: (view: unknown) => void): void => {
      if (typeof item !== 'object' || item === null || nodeOf(item) !== undefined) return
      if (shared.has(item)) put(this.nodeFor(item).view)
      else this.#guardInside(item, shared, seen)
    }
    switch (kindOf(value)) {
      case 'record': {
        const record = value as Fields
        for (const key of Object.keys(record)) guard(record[key], (view) => (record[key] = view))
        return
      }
      case 'array': {
        const array = value as unknown[]
        for (const [i, item] of array.entries()) guard(item, (view) => (array[i] = view))
        return
      }
      case 'map': {
        const map = value as Map<unknown, unknown>
        for (const [key, item] of map) guard(item, (view) => map.set(key, view))
        return
      }
      case 'set':
      case 'date':
      case 'bytes':
      case 'secret':
      case undefined:
        return
    }
  }
}

/** Every object inside what the turn was handed; walked only when a handler assigns an object. */
class SharedValues {
  readonly #objects = new Set<object>()
  #unread: object[] = []

  add(value: object): void {
    this.#unread.push(value)
  }

  has(value: object): boolean {
    while (this.#unread.length > 0) this.#read(this.#unread.pop()!)
    return this.#objects.has(value)
  }

  #read(value: object): void {
    if (this.#objects.has(value) || nodeOf(value) !== undefined) return
    this.#objects.add(value)
    for (const item of itemsOf(value)) {
      if (typeof item === 'object' && item !== null) this.#unread.push(item)
    }
  }
}

function itemsOf(value: object): Iterable<unknown> {
  switch (kindOf(value)) {
    case 'record':
      return Object.values(value)
    case 'array':
      return value as unknown[]
    case 'map':
      return (value as Map<unknown, unknown>).values()
    default:
      return []
  }
}

/** A refusal at the place of the assignment, as far as its way from the root was recorded. */
export function refuseAt(node: DraftNode | undefined, key: unknown, why: string): TroupeError {
  const inward: string[] = []
  let [holder, at] = [node, key]
  while (holder !== undefined) {
    inward.push(segmentOf(holder.base, at))
    ;[holder, at] = [holder.parent, holder.key]
  }
  return notEncodable('state', why, inward.toReversed())
}

function segmentOf(holder: object, key: unknown): string {
  if (holder instanceof Map || holder instanceof Set) return entrySegment(key)
  return typeof key === 'number' ? indexSegment(key) : propertySegment(String(key))
}
