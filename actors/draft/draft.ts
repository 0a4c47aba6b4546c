/**
 * The recorded draft of a durable turn (D3, T3, T6): an overlay over the committed state.
 *
 * Owns a turn's view of the state and, at its end, the patch. Writes nothing: the state changes when
 * `applyPatch` applies that patch, after the turn succeeded.
 *
 * Invariants:
 * 1. The base is not written, whatever the handler does.
 * 2. Inside the turn, objects have reference semantics: a draft moved or stored twice is one object.
 *    At its end the state is a tree again, each place with its own copy, which is what a restart gives.
 * 3. Cost is what the handler touched: no container is copied or walked because it is large.
 */

import { TroupeError } from '../../mailbox/errors.ts'
import { assertEncodable, refusalOf } from '../../persistence/encodable.ts'
import { kindOf, refused } from '../../persistence/kinds.ts'
import type { Patch } from '../../persistence/patch.ts'
import { ArrayNode } from './array.ts'
import { differ } from './differ.ts'
import { LeafNode } from './leaf.ts'
import { MapNode } from './map.ts'
import type { DraftNode } from './node.ts'
import { RecordNode } from './record.ts'
import { Scope } from './scope.ts'
import { SetNode } from './set.ts'

/** One turn's draft. */
export interface Draft<S = unknown> {
  /** What handlers read and write. */
  readonly state: S
  /** Puts another value in place of the whole state. */
  replace(value: S): void
  /**
   * Declares a value the handler was handed and must not change: its payload, a reply, a step's result.
   * Assigned to the state, it is overlaid instead of written. Costs nothing until then.
   */
  share(value: unknown): void
  /**
   * What changed; undefined for nothing. The draft stays usable.
   *
   * @throws NOT_ENCODABLE with the path of a value the state cannot hold
   */
  finish(): Patch | undefined
  /** Ends the turn: every later use of a draft throws CTX_REVOKED and says why. */
  revoke(why?: string): void
}

/**
 * A draft over a committed state, which must be a tree of encodable values and is never written.
 *
 * @param base what the last committed turn left
 */
export function createDraft<S>(base: S): Draft<S> {
  return new RecordedDraft(base)
}

class RecordedDraft<S> implements Draft<S> {
  readonly #scope = new Scope(makeNode)
  readonly #base: S
  #current: unknown

  constructor(base: S) {
    this.#base = base
    this.#current = isObject(base) ? this.#scope.nodeFor(base).view : base
  }

  get state(): S {
    this.#scope.live()
    return this.#current as S
  }

  replace(value: S): void {
    this.#scope.live()
    this.#current = this.#scope.adopt(value)
  }

  share(value: unknown): void {
    this.#scope.share(value)
  }

  finish(): Patch | undefined {
    this.#scope.live()
    try {
      return differ(this.#base, this.#current, 0)
    } catch (error) {
      if (error !== refused) throw refusalOf(this.#current, 'state', error)
      assertEncodable(this.#current, 'state')
      throw tooDeep()
    }
  }

  revoke(why = 'the turn has ended'): void {
    this.#scope.end(why)
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function tooDeep(): TroupeError {
  return new TroupeError('NOT_ENCODABLE', 'state is nested too deep; expected at most 512 levels', {
    fields: { path: '' },
  })
}

function makeNode(
  scope: Scope,
  base: object,
  parent: DraftNode | undefined,
  key: unknown,
): DraftNode {
  switch (kindOf(base)) {
    case 'record':
      return new RecordNode(scope, base, parent, key)
    case 'array':
      return new ArrayNode(scope, base, parent, key)
    case 'map':
      return new MapNode(scope, base, parent, key)
    case 'set':
      return new SetNode(scope, base, parent, key)
    case 'date':
    case 'bytes':
    case 'secret':
      return new LeafNode(scope, base, parent, key)
    case undefined:
      assertEncodable(base, 'state')
      throw refused
  }
}
