/**
 * State from records: a snapshot and every change after it, in order (D4). The archivist, activation
 * and replay fold the same records the same way (R4).
 */
import type { Chain } from './chain-walk.ts'
import { decodeValue } from './codec.ts'
import { applyPatch } from './patch.ts'

/** An actor as its records tell. */
export interface FoldedState {
  /** Undefined when nothing was ever written. */
  readonly state: { readonly value: unknown } | undefined
  /** The runtime's own book about the actor; what `emptyMeta` gave when none was written. */
  readonly meta: unknown
}

/** False while the book is still the program's empty one, which is not written anywhere. */
export function hasMeta({ snapshot, changes }: Chain): boolean {
  return snapshot?.meta !== undefined || changes.some(({ meta }) => meta !== undefined)
}

/**
 * @param emptyMeta the book of an actor that has none, which its first patch was made from
 * @throws STORE_CORRUPT when a change does not fit
 */
export function foldChain({ snapshot, changes }: Chain, emptyMeta: () => unknown): FoldedState {
  let state = snapshot && { value: decodeValue(snapshot.state) }
  let meta = snapshot?.meta ? decodeValue(snapshot.meta) : emptyMeta()
  for (const change of changes) {
    if (change.state !== undefined) state = { value: decodeValue(change.state) }
    if (change.patch !== undefined) {
      state = { value: applyPatch(state?.value, decodeValue(change.patch)) }
    }
    if (change.meta !== undefined) meta = applyPatch(meta, decodeValue(change.meta))
  }
  return { state, meta }
}
