/**
 * What the compiler knows about T5: the listed types, and a check that names what is wrong.
 *
 * Types only, no code. The run-time half is `encodable.ts`. The compiler cannot tell a class instance
 * without methods from a plain object, nor see a hole, a cycle or an accessor: those are run time's.
 */

import type { Secret } from './secret.ts'

/** What a Map key or a Set member may be: anything compared by value. */
export type EncodableKey = undefined | null | boolean | number | bigint | string

/** The typed arrays the codec carries. A Buffer is a `Uint8Array` and comes back as one. */
export type EncodableBytes =
  | Uint8Array
  | Int8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

/** Every value the codec lists (T5). */
export type Encodable =
  | EncodableKey
  | Date
  | EncodableBytes
  | Secret
  | readonly Encodable[]
  | ReadonlyMap<EncodableKey, Encodable>
  | ReadonlySet<EncodableKey>
  | { readonly [key: string]: Encodable }

declare const notEncodable: unique symbol

/** Stands where a member cannot be encoded, so that the compiler's message carries the reason. */
export interface NotEncodable<Why extends string> {
  readonly [notEncodable]: Why
}

type AnyFunction = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown)

/** A ref is bound to its system: recognised by its verbs. */
interface BoundRef {
  readonly tell: object
  readonly ask: object
}

type Opaque =
  | RegExp
  | ArrayBuffer
  | SharedArrayBuffer
  | DataView
  | WeakMap<WeakKey, unknown>
  | WeakSet<WeakKey>
  | WeakRef<WeakKey>

/**
 * The bound that keeps a type parameter encodable: `P extends EncodableOf<P>`. Interfaces, optional and
 * readonly members, unions, tuples, recursive types and branded strings pass unchanged; a member that
 * cannot be encoded becomes a {@link NotEncodable}, which the compiler's message then names.
 *
 * It is a mapped type, because a bound may refer to itself only inside one. For that reason a bare
 * function or symbol passes as the whole value, and so does `any`; the run-time check sees them.
 */
export type EncodableOf<T> = {
  [K in keyof T]: T extends BuiltIn
    ? [T] extends [CheckedEncodable<T>]
      ? T[K]
      : CheckedEncodable<T>
    : K extends symbol
      ? NotEncodable<'under a symbol key'>
      : CheckedEncodable<T[K]>
}

type BuiltIn =
  | EncodableKey
  | Date
  | EncodableBytes
  | Secret
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>

/** `T` itself if it can be encoded, else what stands for the reason. */
export type CheckedEncodable<T> = unknown extends T
  ? NotEncodable<'unknown: declare the type of this value'>
  : T extends Encodable
    ? T
    : T extends symbol
      ? NotEncodable<'a symbol'>
      : T extends AnyFunction
        ? NotEncodable<'a function'>
        : T extends PromiseLike<unknown>
          ? NotEncodable<'a promise: await it first'>
          : T extends BoundRef
            ? NotEncodable<'a bound ref: send its address instead'>
            : T extends Opaque
              ? NotEncodable<'an object without data of its own'>
              : EncodableContainer<T>

type EncodableContainer<T> =
  T extends ReadonlyMap<infer K, infer V>
    ? [K] extends [EncodableKey]
      ? CheckedMap<V>
      : NotEncodable<'a Map whose keys are objects: use strings'>
    : T extends ReadonlySet<infer M>
      ? [M] extends [EncodableKey]
        ? T
        : NotEncodable<'a Set whose members are objects: use a Map or an array'>
      : T extends Error
        ? 'stack' extends keyof T
          ? NotEncodable<'an Error: send its code and message'>
          : EncodableMembers<T>
        : T extends readonly (infer E)[]
          ? number extends T['length']
            ? CheckedArray<E>
            : EncodableMembers<T>
          : EncodableMembers<T>

// Interfaces, because the compiler unfolds them only as far as it is asked: types may be recursive.
// They name one way to read and no more, to keep its messages short.
interface CheckedArray<E> {
  readonly [index: number]: CheckedEncodable<E>
}
interface CheckedMap<V> {
  get(key: never): CheckedEncodable<V> | undefined
}

type EncodableMembers<T> = {
  [K in keyof T]: K extends symbol ? NotEncodable<'under a symbol key'> : CheckedEncodable<T[K]>
}
