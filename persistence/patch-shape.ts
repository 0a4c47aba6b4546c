/**
 * What a turn changed, as a value: a tree that mirrors the state and names only what differs (D3).
 *
 * Owns the shape only. `actors/draft` finds patches, `patch.ts` applies them, `patch-paths.ts` spells
 * them for readers, `codec.ts` carries them as any encodable value.
 */

import type { EncodableKey } from './encodable-types.ts'

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
