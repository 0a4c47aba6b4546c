/**
 * Applies patches: recovery folds records with it, and a finished turn updates the state in memory.
 *
 * Owns the check that a patch fits the state, place by place. A patch is data from disk: nothing in it
 * is believed, and the first place that does not fit is named.
 *
 * Invariants:
 * 1. Cost is the patch's size (D3); only an array's own moves may cost more.
 * 2. The order of keys, entries and members comes out as the turn left it, since it is part of the state.
 */

import { TroupeError } from '../mailbox/errors.ts'
import { type Fields, isFieldName, isKey, kindOf } from './kinds.ts'
import { ARRAY, MAP, RECORD, REPLACE, SET } from './patch-shape.ts'
import { entrySegment, indexSegment, joinPath, propertySegment } from './path.ts'

export { patchPaths } from './patch-paths.ts'
export type { Patch } from './patch-shape.ts'

/**
 * Applies a patch in place and returns the state, or the new root where the root was replaced.
 *
 * Takes ownership of the patch: its values become part of the state. Encode it before, and do not
 * use it afterwards. Costs the patch's size, apart from an array's own moves.
 *
 * @throws STORE_CORRUPT with `fields.path`, for a patch that does not fit this state. The state may
 *   then be partly patched: throw it away and fold it anew.
 */
export function applyPatch(state: unknown, patch: unknown): unknown {
  try {
    return apply(state, patch)
  } catch (error) {
    if (error instanceof Mismatch) throw error.toCorrupt()
    throw error
  }
}

/** A place where patch and state disagree; segments are collected on the way out. */
class Mismatch extends Error {
  readonly inward: string[] = []

  toCorrupt(): TroupeError {
    const path = joinPath(this.inward.toReversed())
    const where = path === '' ? 'the root' : path
    return new TroupeError(
      'STORE_CORRUPT',
      `A patch does not fit its state at ${where}: ${this.message}. The state may be partly patched: fold it anew.`,
      { fields: { path, why: this.message } },
    )
  }
}

function apply(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch) || patch.length < 2) throw new Mismatch('it is no patch')
  switch (patch[0]) {
    case REPLACE:
      return patch[1]
    case RECORD:
      return applyRecord(expectKind<Fields>(target, 'record'), patch)
    case ARRAY:
      return applyArray(expectKind<unknown[]>(target, 'array'), patch)
    case MAP:
      return applyMap(expectKind<Map<unknown, unknown>>(target, 'map'), patch)
    case SET:
      return applySet(expectKind<Set<unknown>>(target, 'set'), patch)
    default:
      throw new Mismatch(`its kind ${String(patch[0])} is unknown`)
  }
}

function expectKind<T>(target: unknown, kind: 'record' | 'array' | 'map' | 'set'): T {
  const found = typeof target === 'object' && target !== null ? kindOf(target) : typeof target
  if (found !== kind) throw new Mismatch(`it patches a ${kind}, the state holds a ${found}`)
  return target as T
}

function listAt(patch: readonly unknown[], at: number, stride: number): readonly unknown[] {
  const list = patch[at]
  if (list === undefined) return none
  if (!Array.isArray(list) || list.length % stride !== 0)
    throw new Mismatch('its list is malformed')
  return list
}

const none: readonly unknown[] = Object.freeze([])

function applyRecord(record: Fields, patch: readonly unknown[]): Fields {
  for (const key of listAt(patch, 3, 1)) delete record[existingField(record, key)]
  const sets = listAt(patch, 1, 2)
  for (let i = 0; i < sets.length; i += 2) record[fieldName(sets[i])] = sets[i + 1]
  const subs = listAt(patch, 2, 2)
  for (let i = 0; i < subs.length; i += 2) {
    const key = existingField(record, subs[i])
    record[key] = below(record[key], subs[i + 1], propertySegment, key)
  }
  return record
}

function fieldName(key: unknown): string {
  if (typeof key !== 'string' || !isFieldName(key))
    throw new Mismatch('it names a property wrongly')
  return key
}

function existingField(record: Fields, key: unknown): string {
  const name = fieldName(key)
  if (Object.hasOwn(record, name)) return name
  throw new Mismatch(`the property ${JSON.stringify(name)} is missing`)
}

function below<K>(target: unknown, patch: unknown, segment: (key: K) => string, key: K): unknown {
  try {
    return apply(target, patch)
  } catch (error) {
    if (error instanceof Mismatch) error.inward.push(segment(key))
    throw error
  }
}

function applyArray(array: unknown[], patch: readonly unknown[]): unknown[] {
  applySplices(array, listAt(patch, 1, 3))
  const sets = listAt(patch, 2, 2)
  for (let i = 0; i < sets.length; i += 2) array[existingIndex(array, sets[i])] = sets[i + 1]
  const subs = listAt(patch, 3, 2)
  for (let i = 0; i < subs.length; i += 2) {
    const index = existingIndex(array, subs[i])
    array[index] = below(array[index], subs[i + 1], indexSegment, index)
  }
  return array
}

function existingIndex(array: readonly unknown[], index: unknown): number {
  if (isWithin(index, array.length - 1)) return index
  throw new Mismatch(`the index ${String(index)} lies outside of ${array.length} elements`)
}

function isWithin(value: unknown, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max
}

/** From this many splices, or inserted elements, one pass over the rest beats moving it each time. */
const REBUILD_FROM = 16

function applySplices(array: unknown[], splices: readonly unknown[]): void {
  const inserted = checkSplices(array, splices)
  if (splices.length > 3 * REBUILD_FROM || inserted > REBUILD_FROM) rebuild(array, splices)
  else {
    for (let i = splices.length - 3; i >= 0; i -= 3) {
      array.splice(splices[i] as number, splices[i + 1] as number, ...(splices[i + 2] as unknown[]))
    }
  }
}

/** Returns how many elements are inserted. */
function checkSplices(array: readonly unknown[], splices: readonly unknown[]): number {
  let free = 0
  let inserted = 0
  for (let i = 0; i < splices.length; i += 3) {
    const [at, removed, items] = [splices[i], splices[i + 1], splices[i + 2]]
    const fits = isWithin(at, array.length) && at >= free && isWithin(removed, array.length - at)
    if (!fits || !Array.isArray(items)) {
      throw new Mismatch(`a splice at ${String(at)} does not fit ${array.length} elements`)
    }
    free = at + removed
    inserted += items.length
  }
  return inserted
}

function rebuild(array: unknown[], splices: readonly unknown[]): void {
  const first = splices[0] as number
  const rest = array.slice(first)
  array.length = first
  let taken = first
  for (let i = 0; i < splices.length; i += 3) {
    const at = splices[i] as number
    while (taken < at) array.push(rest[taken++ - first])
    for (const item of splices[i + 2] as unknown[]) array.push(item)
    taken += splices[i + 1] as number
  }
  while (taken - first < rest.length) array.push(rest[taken++ - first])
}

function applyMap(map: Map<unknown, unknown>, patch: readonly unknown[]): Map<unknown, unknown> {
  for (const key of listAt(patch, 3, 1)) {
    if (!map.delete(key)) throw new Mismatch(`the key ${entrySegment(key)} is missing`)
  }
  const sets = listAt(patch, 1, 2)
  for (let i = 0; i < sets.length; i += 2) map.set(keyOf(sets[i]), sets[i + 1])
  const subs = listAt(patch, 2, 2)
  for (let i = 0; i < subs.length; i += 2) {
    const key = subs[i]
    map.set(key, below(existingEntry(map, key), subs[i + 1], entrySegment, key))
  }
  return map
}

function existingEntry(map: ReadonlyMap<unknown, unknown>, key: unknown): unknown {
  if (map.has(key)) return map.get(key)
  throw new Mismatch(`the key ${entrySegment(key)} is missing`)
}

function keyOf(key: unknown): unknown {
  if (isKey(key)) return key
  throw new Mismatch('a key or member is no primitive')
}

function applySet(set: Set<unknown>, patch: readonly unknown[]): Set<unknown> {
  for (const member of listAt(patch, 2, 1)) {
    if (!set.delete(member)) throw new Mismatch('a member to remove is missing')
  }
  for (const member of listAt(patch, 1, 1)) set.add(keyOf(member))
  return set
}
