/**
 * Dates and typed arrays: a handler gets a copy of its own, so that every method and every library
 * works on it; what it did to the copy is seen when the turn ends. Reading one costs its size.
 */

import { copy } from '../../persistence/copy.ts'
import type { EncodableBytes } from '../../persistence/encodable-types.ts'
import type { Patch } from '../../persistence/patch.ts'
import { differ } from './differ.ts'
import { DraftNode } from './node.ts'
import type { Scope } from './scope.ts'

export class LeafNode extends DraftNode {
  readonly view: object

  constructor(scope: Scope, base: object, parent: DraftNode | undefined, key: unknown) {
    super(scope, base, parent, key)
    this.view = copy(base, 0) as Date | EncodableBytes
  }

  settle(depth: number): Patch | undefined {
    return differ(this.base, this.view, depth)
  }

  plain(depth: number): unknown {
    this.scope.live()
    return copy(this.view, depth)
  }
}
