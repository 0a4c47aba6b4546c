/**
 * What a turn changed, as a value: a tree that mirrors the state and names only what differs (D3).
 *
 * Owns the shape of a patch, its application and its spelling as paths. Does not own how it is found
 * (`actors/draft`) nor its bytes (`codec.ts` carries it as any encodable value).
 */

import type { EncodableKey } from './encodable.ts'

/** The first element of a patch: what kind of place it changes. */
export const REPLACE = 0
export const RECORD = 1
export const ARRAY = 2
export const MAP = 3
export const SET = 4

/** The place gets a new value. */
export type ReplacePatch = readonly [typeof REPLACE, unknown]

/**
 * An object: removes keys, then sets keys in order (new ones go to the end), then patches below.
 * Pairs lie flat: `['balance', 3, 'name', 'Ada']`.
 */
export type RecordPatch = readonly [
  typeof RECORD,
  sets: readonly unknown[],
  subs?: readonly unknown[],
  removed?: readonly string[],
]

/**
 * An array: splices in ascending order of the index they have before any of them is applied, flat
 * triples `index, deleteCount, items`; then elements set and elements patched, by final index.
 */
export type ArrayPatch = readonly [
  typeof ARRAY,
  splices: readonly unknown[],
  sets?: readonly unknown[],
  subs?: readonly unknown[],
]

/** A Map: removes keys, then sets entries in order, then patches the values below. */
export type MapPatch = readonly [
  typeof MAP,
  sets: readonly unknown[],
  subs?: readonly unknown[],
  removed?: readonly EncodableKey[],
]

/** A Set: removes members, then adds members in order. */
export type SetPatch = readonly [
  typeof SET,
  added: readonly EncodableKey[],
  removed?: readonly EncodableKey[],
]

/** What a turn changed. Encodable; treat it as opaque and use the functions of this file. */
export type Patch = ReplacePatch | RecordPatch | ArrayPatch | MapPatch | SetPatch

/**
 * Applies a patch in place and returns the state, or the new root where the root was replaced.
 *
 * Takes ownership of the patch: its values become part of the state. Encode it before, and do not
 * use it afterwards. Costs the patch's size, apart from an array's own moves.
 *
 * @throws STORE_CORRUPT with `fields.path`, for a patch that does not fit this state. The state may
 *   then be partly patched: throw it away and fold it anew.
 */
export declare function applyPatch(state: unknown, patch: unknown): unknown

/** The places a patch changes, readable: `accounts.alice.balance`. For diffs and blame. */
export declare function patchPaths(patch: Patch): string[]
