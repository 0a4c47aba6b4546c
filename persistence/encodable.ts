/**
 * T5 at run time: which values may be payload, reply or durable state, and how they are copied.
 *
 * Owns the check that names the offending path, and the deep copy. Does not own the list of kinds
 * (`kinds.ts`), bytes (`codec.ts`) nor drafts (`actors/draft`): a draft answers the symbol PLAIN with
 * what stands behind it, and that is all this room knows of it.
 *
 * Invariants:
 * 1. A value that passes is a finite tree: a cycle is found as depth beyond {@link MAX_DEPTH}, so the
 *    usual case pays for no bookkeeping. A value met twice is two values.
 * 2. The fast walk carries no path. A refusal collects its segments on the way out.
 * 3. Map keys and Set members are compared by value, since identity does not survive a restart.
 */

import { TroupeError } from '../mailbox/errors.ts'
import type { EncodableBytes } from './encodable-types.ts'
import {
  describe,
  type Fields,
  fieldOf,
  fieldsOf,
  isFieldName,
  isKey,
  kindOf,
  MAX_DEPTH,
  plainOf,
  refused,
} from './kinds.ts'

export { PLAIN } from './kinds.ts'

import { entrySegment, indexSegment, joinPath, memberSegment, propertySegment } from './path.ts'

export type {
  CheckedEncodable,
  Encodable,
  EncodableBytes,
  EncodableKey,
  EncodableOf,
  NotEncodable,
} from './encodable-types.ts'

/** Why a value is refused, and where: segments innermost first. */
interface Problem {
  readonly why: string
  readonly inward: string[]
}

/**
 * Throws unless the codec can carry the value (T5).
 *
 * @param what names the value in the message, for example `payload of account.deposit`
 * @throws NOT_ENCODABLE with `fields.path` such as `items[3].at`, empty for the value itself
 */
export function assertEncodable(value: unknown, what: string): void {
  const problem = problemIn(value, 0)
  if (problem !== undefined) throw notEncodable(what, problem.why, problem.inward.toReversed())
}

/** The error of T5, for whoever found the place. Segments outermost first. */
export function notEncodable(what: string, why: string, segments: readonly string[]): TroupeError {
  const path = joinPath(segments)
  const where = path === '' ? what : `${what}: ${path}`
  return new TroupeError(
    'NOT_ENCODABLE',
    `${where} is ${why}; expected plain data (objects, arrays, Map, Set, Date, typed arrays and primitives)`,
    { fields: { path, why } },
  )
}

function refuse(why: string): Problem {
  return { why, inward: [] }
}

function inside(problem: Problem, segment: string): Problem {
  problem.inward.push(segment)
  return problem
}

function problemIn(value: unknown, depth: number): Problem | undefined {
  if (typeof value === 'object') return value === null ? undefined : problemInObject(value, depth)
  if (typeof value === 'function') return refuse('a function')
  if (typeof value === 'symbol') return refuse('a symbol')
  return undefined
}

function problemInObject(value: object, depth: number): Problem | undefined {
  if (depth === MAX_DEPTH) return refuse(`nested deeper than ${MAX_DEPTH} levels, or a cycle`)
  switch (kindOf(value)) {
    case 'record':
      return problemInRecord(value as Fields, depth + 1)
    case 'array':
      return problemInArray(value as unknown[], depth + 1)
    case 'map':
      return problemInMap(value as Map<unknown, unknown>, depth + 1)
    case 'set':
      return problemInSet(value as Set<unknown>)
    case 'date':
      return Number.isNaN((value as Date).getTime()) ? refuse('an invalid Date') : undefined
    case 'bytes':
      return undefined
    case undefined:
      return problemInStandIn(value, depth)
  }
}

/** A draft is walked as what it looks like, for the path; a ref only through what it stands for. */
function problemInStandIn(value: object, depth: number): Problem | undefined {
  const plain = plainOf(value)
  return plain === undefined ? refuse(describe(value)) : problemIn(plain.call(value, depth), depth)
}

function problemInRecord(record: Fields, depth: number): Problem | undefined {
  if (Object.getOwnPropertySymbols(record).length > 0) return refuse('an object with symbol keys')
  for (const key of Object.keys(record)) {
    const problem = problemInField(record, key, depth)
    if (problem !== undefined) return inside(problem, propertySegment(key))
  }
  return undefined
}

function problemInField(record: Fields, key: string, depth: number): Problem | undefined {
  if (!isFieldName(key))
    return refuse('under a key that is refused: "__proto__" or a lone surrogate')
  const descriptor = Object.getOwnPropertyDescriptor(record, key)!
  if (descriptor.get !== undefined || descriptor.set !== undefined) return refuse('an accessor')
  return problemIn(descriptor.value, depth)
}

function problemInArray(array: unknown[], depth: number): Problem | undefined {
  for (let i = 0; i < array.length; i++) {
    const item = array[i]
    const hole = item === undefined && !Object.hasOwn(array, i)
    const problem = hole ? refuse('a hole in an array') : problemIn(item, depth)
    if (problem !== undefined) return inside(problem, indexSegment(i))
  }
  return undefined
}

function problemInMap(map: Map<unknown, unknown>, depth: number): Problem | undefined {
  for (const [key, item] of map) {
    if (!isKey(key)) return inside(refuse('no primitive, as a Map key must be'), memberSegment(key))
    const problem = problemIn(item, depth)
    if (problem !== undefined) return inside(problem, entrySegment(key))
  }
  return undefined
}

function problemInSet(set: Set<unknown>): Problem | undefined {
  for (const member of set) {
    if (isKey(member)) continue
    return inside(refuse('no primitive, as a Set member must be'), memberSegment(member))
  }
  return undefined
}

/**
 * A deep copy that shares nothing mutable with its input; drafts in it become plain.
 *
 * Objects without a prototype come back with the usual one, a Buffer as `Uint8Array`: what a restart
 * would give.
 *
 * @param what names the value in the message of an error
 * @throws NOT_ENCODABLE as {@link assertEncodable}
 */
export function copyEncodable<T>(value: T, what = 'value'): T {
  try {
    return copy(value, 0) as T
  } catch (error) {
    if (error === refused) assertEncodable(value, what)
    throw error
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
  return result
}

function copyMap(map: Map<unknown, unknown>, depth: number): Map<unknown, unknown> {
  const result = new Map<unknown, unknown>()
  for (const [key, item] of map) {
    if (!isKey(key)) throw refused
    result.set(key, copy(item, depth))
  }
  return result
}

function copySet(set: Set<unknown>): Set<unknown> {
  const result = new Set<unknown>()
  for (const member of set) {
    if (!isKey(member)) throw refused
    result.add(member)
  }
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
