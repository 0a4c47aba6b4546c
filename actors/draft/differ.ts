/**
 * What changed in one place, when the turn ends: the committed value against what stands there now.
 *
 * A draft in its own place says itself what changed. A fresh value is compared with the committed one,
 * because `s.items = [...s.items, item]` and `s.user = { ...s.user, name }` are how much code is written:
 * the elements it did not touch are recognised (as the drafts they are, or as equal primitives), and the
 * patch holds the rest (D3). The comparison costs no more than building the fresh value did.
 */

import { copy } from '../../persistence/copy.ts'
import type { EncodableBytes } from '../../persistence/encodable-types.ts'
import {
  extraName,
  type Fields,
  fieldOf,
  fieldsOf,
  isKey,
  kindOf,
  refused,
} from '../../persistence/kinds.ts'
import { MAP, type Patch, RECORD, REPLACE, SET } from '../../persistence/patch-shape.ts'
import type { Secret } from '../../persistence/secret.ts'
import { differArray } from './differ-array.ts'
import { toIndex } from './index-key.ts'
import { nodeOf } from './node.ts'
import { Places, trimmed } from './places.ts'

/** The patch that leads from the committed value to the present one; undefined for none. */
export function differ(base: unknown, value: unknown, depth: number): Patch | undefined {
  if (Object.is(base, value)) return undefined
  if (typeof value === 'object' && value !== null) {
    const node = nodeOf(value)
    if (node !== undefined && node.base === base) return node.settle(depth)
    const isFresh = node === undefined && typeof base === 'object' && base !== null
    if (isFresh && kindOf(base) === kindOf(value)) return differFresh(base, value, depth)
  }
  return [REPLACE, copy(value, depth)]
}

function differFresh(base: object, value: object, depth: number): Patch | undefined {
  switch (kindOf(base)) {
    case 'record':
      return differRecord(base as Fields, value as Fields, depth)
    case 'array':
      requireNoExtra(value, (value as unknown[]).length)
      return differArray(base as unknown[], value as unknown[], depth, differ)
    case 'map':
      requireNoExtra(value, 0)
      return differMap(
        base as ReadonlyMap<unknown, unknown>,
        value as typeof base & Map<unknown, unknown>,
        depth,
      )
    case 'set':
      requireNoExtra(value, 0)
      return differSet(base as ReadonlySet<unknown>, value as Set<unknown>, depth)
    case 'date':
      if ((base as Date).getTime() === (value as Date).getTime()) return undefined
      break
    case 'bytes':
      if (equalBytes(base as EncodableBytes, value as EncodableBytes)) return undefined
      break
    case 'secret':
      if (equalBytes((base as Secret).bytes, (value as Secret).bytes)) return undefined
      break
    case undefined:
      break
  }
  return [REPLACE, copy(value, depth)]
}

function differRecord(base: Fields, value: Fields, depth: number): Patch | undefined {
  const keys = fieldsOf(value)
  const has = (key: string): boolean => Object.hasOwn(value, key)
  const order = compareOrder(Object.keys(base), keys, (key) => Object.hasOwn(base, key), has, true)
  if (order === undefined) return [REPLACE, copy(value, depth)]
  const places = new Places<string>()
  for (const key of keys) {
    const item = fieldOf(value, key)
    if (Object.hasOwn(base, key)) places.put(key, differ(base[key], item, depth + 1))
    else places.set(key, copy(item, depth + 1))
  }
  return trimmed(RECORD, places.sets, places.subs, order.removed)
}

function differMap(
  base: ReadonlyMap<unknown, unknown>,
  value: ReadonlyMap<unknown, unknown>,
  depth: number,
): Patch | undefined {
  const order = compareOrder(
    base.keys(),
    value.keys(),
    (key) => base.has(key),
    (key) => value.has(key),
  )
  if (order === undefined) return [REPLACE, copy(value, depth)]
  const places = new Places<unknown>()
  for (const [key, item] of value) {
    if (base.has(key)) places.put(key, differ(base.get(key), item, depth + 1))
    else places.set(requireKey(key), copy(item, depth + 1))
  }
  return trimmed(MAP, places.sets, places.subs, order.removed)
}

function differSet(
  base: ReadonlySet<unknown>,
  value: ReadonlySet<unknown>,
  depth: number,
): Patch | undefined {
  const order = compareOrder(
    base,
    value,
    (key) => base.has(key),
    (key) => value.has(key),
  )
  if (order === undefined) return [REPLACE, copy(value, depth)]
  return trimmed(SET, order.added.map(requireKey), order.removed)
}

function equalBytes(base: EncodableBytes, value: EncodableBytes): boolean {
  const isSameType = base[Symbol.toStringTag] === value[Symbol.toStringTag]
  return isSameType && bufferOver(base).equals(bufferOver(value))
}

function bufferOver({ buffer, byteOffset, byteLength }: EncodableBytes): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function requireNoExtra(value: object, elements: number): void {
  if (extraName(value, elements) !== undefined) throw refused
}

function requireKey(key: unknown): unknown {
  if (!isKey(key)) throw refused
  return key
}

interface Order<K> {
  readonly added: K[]
  readonly removed: K[]
}

/**
 * What to remove and add so that the base's keys become the present ones in their order; undefined if
 * removing and appending cannot give that order. Objects sort keys that look like an index themselves.
 */
function compareOrder<K>(
  base: Iterable<K>,
  present: Iterable<K>,
  isInBase: (key: K) => boolean,
  isPresent: (key: K) => boolean,
  sortsItself = false,
): Order<K> | undefined {
  const kept: K[] = []
  const removed: K[] = []
  for (const key of base) (isPresent(key) ? kept : removed).push(key)
  const added: K[] = []
  let next = 0
  let appending = false
  for (const key of present) {
    if (!isInBase(key)) {
      added.push(key)
      appending ||= !(sortsItself && toIndex(key as string) >= 0)
    } else if (appending || !Object.is(key, kept[next++])) return undefined
  }
  return kept.length === 0 && removed.length > 0 ? undefined : { added, removed }
}
