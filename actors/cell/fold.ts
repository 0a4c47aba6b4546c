/** An actor as the store has it: its records folded, with the book it has when none was written. */
import { foldChain, stateBoundOf, versionOf } from '../../persistence/fold.ts'
import type { LoadedActor } from '../../persistence/stored.ts'
import { type Book, emptyBook } from './book.ts'

export interface Folded {
  readonly turn: number
  /** Of the state (D9). */
  readonly version: number
  /** Undefined when nothing was ever written. */
  readonly state: { readonly value: unknown } | undefined
  /** At most so many bytes does the state take encoded. */
  readonly stateBound: number
  readonly book: Book
}

/** @throws STORE_CORRUPT when a change does not fit */
export function fold(loaded: LoadedActor): Folded {
  const { state, meta } = foldChain(loaded, emptyBook)
  const [version, stateBound] = [versionOf(loaded), stateBoundOf(loaded)]
  return { turn: loaded.turn, version, state, stateBound, book: meta as Book }
}
