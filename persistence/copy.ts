/**
 * A deep copy of an encodable value (T5), drafts made plain.
 *
 * Owns the walk that copies. Where a value is refused, and why, is said by `encodable.ts`: this walk
 * carries no path.
 */

import { refusalOf } from './encodable.ts'
import type { EncodableBytes } from './encodable-types.ts'
import {
  extraName,
  type Fields,
  fieldOf,
  fieldsOf,
  isKey,
  kindOf,
  MAX_DEPTH,
  plainOf,
  refused,
} from './kinds.ts'

/**
 * A deep copy that shares nothing mutable with its input; drafts in it become plain.
 *
 * Objects without a prototype come back with the usual one, a Buffer as `Uint8Array`: what a restart
 * would give.
 *
 * @param what names the value in the message of an error
 * @throws NOT_ENCODABLE as `assertEncodable`
 */
export function copyEncodable<T>(value: T, what = 'value'): T {
  try {
    return copy(value, 0) as T
  } catch (error) {
    throw refusalOf(value, what, error)
  }
}

/**
 * {@link copyEncodable} for a walk of its own: the value sits `depth` levels below the root.
 *
 * @throws {@link refused}
 */
export function copy(value: unknown, depth: number): unknown {
  if (typeof value === 'object') return value === null ? null : copyObject(value, depth)
  if (typeof value === 'function' || typeof value === 'symbol') throw refused
  return value
}

function copyObject(value: object, depth: number): unknown {
  if (depth === MAX_DEPTH) throw refused
  const plain = plainOf(value)
  if (plain !== undefined) return plain.call(value, depth)
  switch (kindOf(value)) {
    case 'record':
      return copyRecord(value as Fields, depth + 1)
    case 'array':
      return copyArray(value as unknown[], depth + 1)
    case 'map':
      return copyMap(value as Map<unknown, unknown>, depth + 1)
    case 'set':
      return copySet(value as Set<unknown>)
    case 'date':
      return copyDate(value as Date)
    case 'bytes':
      return copyBytes(value as EncodableBytes)
    case 'secret':
      return value
    case undefined:
      throw refused
  }
}

function copyRecord(record: Fields, depth: number): Fields {
  const result: Fields = {}
  for (const key of fieldsOf(record)) result[key] = copy(fieldOf(record, key), depth)
  return result
}

function copyArray(array: unknown[], depth: number): unknown[] {
  const result: unknown[] = []
  for (let i = 0; i < array.length; i++) {
    const item = array[i]
    if (item === undefined && !Object.hasOwn(array, i)) throw refused
    result.push(copy(item, depth))
  }
  if (extraName(array, array.length) !== undefined) throw refused
  return result
}

function copyMap(map: Map<unknown, unknown>, depth: number): Map<unknown, unknown> {
  const result = new Map<unknown, unknown>()
  for (const [key, item] of map) {
    if (!isKey(key)) throw refused
    result.set(key, copy(item, depth))
  }
  if (extraName(map, 0) !== undefined) throw refused
  return result
}

function copySet(set: Set<unknown>): Set<unknown> {
  const result = new Set<unknown>()
  for (const member of set) {
    if (!isKey(member)) throw refused
    result.add(member)
  }
  if (extraName(set, 0) !== undefined) throw refused
  return result
}

function copyDate(date: Date): Date {
  const time = date.getTime()
  if (Number.isNaN(time)) throw refused
  return new Date(time)
}

/** A typed array of the same type over memory of its own; a Buffer becomes a `Uint8Array`. */
export function copyBytes(bytes: EncodableBytes): EncodableBytes {
  if (bytes instanceof Uint8Array) return Uint8Array.from(bytes)
  return bytes.slice()
}
