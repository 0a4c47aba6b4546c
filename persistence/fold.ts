/**
 * State from records: a snapshot and every change after it, in order (D4). The archivist, activation
 * and replay fold the same records the same way (R4).
 */
import type { Chain } from './chain-walk.ts'
import { eachSection } from './changes.ts'
import { decodeValue } from './codec.ts'
import { applyPatch } from './patch.ts'
import { Section } from './record.ts'

/** An actor as its records tell. */
export interface FoldedState {
  /** Undefined when nothing was ever written. */
  readonly state: { readonly value: unknown } | undefined
  /** The runtime's own book about the actor; what `emptyMeta` gave when none was written. */
  readonly meta: unknown
}

/** False while the book is still the program's empty one, which is not written anywhere. */
export function hasMeta({ snapshot, changes }: Chain): boolean {
  let found = snapshot?.meta !== undefined
  eachSection(changes, (tag) => {
    found ||= tag === Section.meta
  })
  return found
}

/** Version of the state that a chain folds to; 0 for none (D9). */
export function versionOf({ snapshot, changes }: Chain): number {
  return changes.last?.version ?? snapshot?.version ?? 0
}

/** At most so many bytes does the state take, encoded, that a chain folds to (T5). */
export function stateBoundOf({ snapshot, changes }: Chain): number {
  let bound = snapshot?.state.length ?? 0
  eachSection(changes, (tag, bytes) => {
    if (tag === Section.state) bound = bytes.length
    else if (tag === Section.patch) bound += bytes.length
  })
  return bound
}

/**
 * @param emptyMeta the book of an actor that has none, which its first patch was made from
 * @throws STORE_CORRUPT when a change does not fit
 */
export function foldChain({ snapshot, changes }: Chain, emptyMeta: () => unknown): FoldedState {
  let state = stateIn(snapshot)
  let meta = snapshot?.meta ? decodeValue(snapshot.meta) : emptyMeta()
  eachSection(changes, (tag, bytes) => {
    if (tag === Section.meta) meta = applyPatch(meta, decodeValue(bytes))
    else state = changed(state, tag, bytes)
  })
  return { state: state === nothing ? undefined : { value: state }, meta }
}

/**
 * The state alone, without the runtime's book.
 * @throws STORE_CORRUPT when a change does not fit
 */
export function foldState({ snapshot, changes }: Chain): FoldedState['state'] {
  let state = stateIn(snapshot)
  eachSection(changes, (tag, bytes) => {
    if (tag !== Section.meta) state = changed(state, tag, bytes)
  })
  return state === nothing ? undefined : { value: state }
}

/** No state was ever written: a state may itself be undefined. */
const nothing: unique symbol = Symbol('nothing')

function stateIn(snapshot: Chain['snapshot']): unknown {
  return snapshot === undefined ? nothing : decodeValue(snapshot.state)
}

function changed(state: unknown, tag: number, bytes: Uint8Array): unknown {
  const value = decodeValue(bytes)
  if (tag === Section.state) return value
  return applyPatch(state === nothing ? undefined : state, value)
}
