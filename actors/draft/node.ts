/**
 * A node of the overlay: what a turn changed about one committed object, and how a handler sees it.
 *
 * Invariants:
 * 1. `base` is never written. Reads fall through to it (so a failed turn has nothing to undo, T3).
 * 2. A node remembers its own changes only; where it stands is its holder's business. Hence moving a
 *    draft costs nothing, and nothing ever computes a path during a turn.
 * 3. `settle` answers what happened to the node in its committed place, `plain` what it is now. Neither
 *    result shares anything mutable with base, payloads or drafts.
 */

import { inspect } from 'node:util'
import { MAX_DEPTH, PLAIN, refused } from '../../persistence/kinds.ts'
import type { Patch } from '../../persistence/patch.ts'

/** What a node needs of the turn it belongs to; `scope.ts` is it. */
export interface NodeScope {
  readonly isOver: boolean
  /** @throws CTX_REVOKED once the turn has ended */
  live(): void
  /** The node for an object, always the same one. */
  nodeFor(base: object, parent?: DraftNode, key?: unknown): DraftNode
  /** What to keep in a place for a value a handler assigned to it. */
  adopt(value: unknown, into?: DraftNode, key?: unknown): unknown
  /** What a search looks for in place of a value. */
  standIn(value: unknown): unknown
}

export abstract class DraftNode {
  readonly scope: NodeScope
  readonly base: object
  /** Where it was first read, for messages: its holder, and its key or index there. */
  readonly parent: DraftNode | undefined
  readonly key: unknown
  /** What a handler holds. */
  abstract readonly view: object

  constructor(scope: NodeScope, base: object, parent: DraftNode | undefined, key: unknown) {
    this.scope = scope
    this.base = base
    this.parent = parent
    this.key = key
  }

  /** What changed, if this node still stands in its committed place, `depth` levels below the root. */
  abstract settle(depth: number): Patch | undefined

  abstract plain(depth: number): unknown

  /** Before the whole content is read: the turn must be on, and the depth within bounds. */
  protected enter(depth: number): void {
    this.scope.live()
    if (depth >= MAX_DEPTH) throw refused
  }

  /** `console.log` shows content: Node finds this on a proxy's target and calls it on the proxy. */
  [inspect.custom](): unknown {
    return inspectDraft(this)
  }
}

/** A view answers this symbol with its node; nothing outside of this folder asks. */
export const NODE: unique symbol = Symbol('troupe.draft.node')

/** The node of a view; undefined for anything else. */
export function nodeOf(value: object): DraftNode | undefined {
  return (value as { readonly [NODE]?: DraftNode })[NODE]
}

/** What a view answers {@link PLAIN} with. */
export function plainView(this: object, depth: number): unknown {
  return nodeOf(this)!.plain(depth)
}

/** What `console.log` prints for a draft, given its view or its node. */
export function inspectDraft(draft: object): unknown {
  const node = nodeOf(draft) ?? (draft as DraftNode)
  return node.scope.isOver ? '[draft of a turn that has ended]' : node.plain(0)
}

/** The two members every view has; undefined for any other key. */
export function viewMember(node: DraftNode, key: symbol): unknown {
  if (key === NODE) return node
  return key === PLAIN ? plainView : undefined
}
