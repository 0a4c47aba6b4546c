/**
 * T5 at run time: which values may be payload, reply or durable state, and how they are copied.
 *
 * Owns the list of kinds, the check that names the offending path, the deep copy and development
 * mode's freeze. Does not own bytes (`codec.ts`) nor drafts (`actors/draft`): a draft answers the
 * {@link PLAIN} symbol with a plain copy of itself, and that is all this room knows of it.
 *
 * Invariants:
 * 1. A value that passes is a finite tree: a cycle is found as depth beyond {@link MAX_DEPTH}, so the
 *    usual case pays for no bookkeeping. A value met twice is two values.
 * 2. The fast walk carries no path. A refusal collects its segments on the way out.
 * 3. Map keys and Set members are compared by value, since identity does not survive a restart.
 */

import { TroupeError } from '../mailbox/errors.ts'
import type { EncodableBytes, EncodableKey } from './encodable-types.ts'
import { entrySegment, indexSegment, joinPath, memberSegment, propertySegment } from './path.ts'

export type {
  CheckedEncodable,
  Encodable,
  EncodableBytes,
  EncodableKey,
  EncodableOf,
  NotEncodable,
} from './encodable-types.ts'

/** A draft answers this symbol with what stands behind it. */
export const PLAIN: unique symbol = Symbol('troupe.plain')

/** What stands behind a draft. */
export interface Drafted {
  /** A plain deep copy of the present content, which sits `depth` levels below its root. */
  plain(depth: number): unknown
}

/** What stands behind a value, if it is a draft. */
export function draftedOf(value: object): Drafted | undefined {
  return (value as { readonly [PLAIN]?: Drafted })[PLAIN]
}

/** How deep a value may nest: 1,000 containers. */
export const MAX_DEPTH = 1_000

/** What the draft, the codec and the patch distinguish. */
export type Kind = 'record' | 'array' | 'map' | 'set' | 'date' | 'bytes'

/** A plain object, seen from inside these walks. */
export type Fields = Record<string, unknown>

/** Why a value is refused, and where: segments innermost first. */
interface Problem {
  readonly why: string
  readonly inward: string[]
}

/**
 * The kind of a container or leaf object; undefined for what the codec does not list (class
 * instances, promises, errors, buffers without a view). Answers for drafts as for what they stand for.
 */
export function kindOf(value: object): Kind | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return 'record'
  if (prototype === Array.prototype) return 'array'
  if (prototype === Map.prototype) return 'map'
  if (prototype === Set.prototype) return 'set'
  if (prototype === Date.prototype) return 'date'
  if (bytesPrototypes.has(prototype)) return 'bytes'
  return isPlainElsewhere(prototype) ? 'record' : undefined
}

/** Asked by prototype, because a draft is a proxy and no view. */
const bytesPrototypes: ReadonlySet<unknown> = new Set([
  Uint8Array.prototype,
  Buffer.prototype,
  Int8Array.prototype,
  Uint8ClampedArray.prototype,
  Int16Array.prototype,
  Uint16Array.prototype,
  Int32Array.prototype,
  Uint32Array.prototype,
  Float32Array.prototype,
  Float64Array.prototype,
  BigInt64Array.prototype,
  BigUint64Array.prototype,
])

/** Plain objects of another realm, for example rows of a native module seen from a test sandbox. */
function isPlainElsewhere(prototype: unknown): boolean {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'isPrototypeOf')
  )
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
      return refuse(describe(value))
  }
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

/** Whether a string may name a property: `__proto__` and lone surrogates may not. */
export function isFieldName(key: string): boolean {
  return key !== '__proto__' && key.isWellFormed()
}

/** Whether a value may be a Map key or a Set member. */
export function isKey(value: unknown): value is EncodableKey {
  if (typeof value === 'object') return value === null
  return typeof value !== 'function' && typeof value !== 'symbol'
}

/** Names what a refused object is: `an instance of URL`. */
export function describe(value: object): string {
  if (value instanceof Promise) return 'a promise, await it first'
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'a class instance'
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

/** Thrown by walks that carry no path; {@link assertEncodable} then names the place. */
export const refused = Object.freeze(new Error('Expected plain data no deeper than its limit.'))

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
  const drafted = draftedOf(value)
  if (drafted !== undefined) return drafted.plain(depth)
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

/** The keys of a plain object. @throws {@link refused} where it has symbol keys */
export function fieldsOf(record: object): string[] {
  if (Object.getOwnPropertySymbols(record).length > 0) throw refused
  return Object.keys(record)
}

/** The value of one property, without running code. @throws {@link refused} for an accessor */
export function fieldOf(record: object, key: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(record, key)!
  if (descriptor.get !== undefined || descriptor.set !== undefined) throw refused
  if (!isFieldName(key)) throw refused
  return descriptor.value
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
