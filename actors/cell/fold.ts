/**
 * State from records: the newest snapshot and every change after it, in order (D4). The same fold
 * serves activation, snapshots and replay (R4).
 */
import { decodeValue } from '../../persistence/codec.ts'
import { applyPatch } from '../../persistence/patch.ts'
import type { LoadedActor } from '../../persistence/stored.ts'
import { type Book, emptyBook } from './book.ts'

export interface Folded {
  readonly turn: number
  /** Of the state (D9). */
  readonly version: number
  /** Undefined when nothing was ever written. */
  readonly state: { readonly value: unknown } | undefined
  readonly book: Book
}

/** @throws STORE_CORRUPT when a change does not fit */
export function fold({ snapshot, changes, turn }: LoadedActor): Folded {
  let state = snapshot && { value: decodeValue(snapshot.state) }
  let book: unknown = snapshot?.meta ? decodeValue(snapshot.meta) : emptyBook()
  for (const change of changes) {
    if (change.state !== undefined) state = { value: decodeValue(change.state) }
    if (change.patch !== undefined) {
      state = { value: applyPatch(state?.value, decodeValue(change.patch)) }
    }
    if (change.meta !== undefined) book = applyPatch(book, decodeValue(change.meta))
  }
  const version = changes.at(-1)?.version ?? snapshot?.version ?? 0
  return { turn, version, state, book: book as Book }
}
