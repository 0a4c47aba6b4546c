/**
 * The kinds of values that payloads, replies and states are made of (T5), and how to look at one.
 *
 * Owns the list. Every walk over values (check, copy, codec, freeze, draft, patch) asks here what it
 * sees, so that they agree. Runs no code of the value: an accessor is noticed, not called.
 */

import type { EncodableKey } from './encodable-types.ts'
import { Secret } from './secret.ts'

/**
 * What stands for something plain answers this symbol with it: a draft with its present content, a ref
 * with its address. Called with how many containers the answer will stand in.
 */
export const PLAIN: unique symbol = Symbol('troupe.plain')

/** How an object answers {@link PLAIN}, if it does. */
export function plainOf(value: object): ((depth: number) => unknown) | undefined {
  return (value as { readonly [PLAIN]?: (depth: number) => unknown })[PLAIN]
}

/** How deep a value may nest: 512 containers. Twice that overflows the stack of an old Node. */
export const MAX_DEPTH = 512

/** What the draft, the codec and the patch distinguish. */
export type Kind = 'record' | 'array' | 'map' | 'set' | 'date' | 'bytes' | 'secret'

/** A plain object, seen from inside these walks. */
export type Fields = Record<string, unknown>

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
  if (prototype === Secret.prototype) return 'secret'
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

/** Thrown by walks that carry no path; {@link assertEncodable} then names the place. */
export const refused = Object.freeze(new Error('Expected plain data no deeper than its limit.'))

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

/**
 * The first property of an array, Map or Set that is none of its elements: it would be lost in bytes.
 *
 * @param elements how many own names its elements take
 */
export function extraName(container: object, elements: number): string | symbol | undefined {
  return Object.keys(container)[elements] ?? Object.getOwnPropertySymbols(container)[0]
}
