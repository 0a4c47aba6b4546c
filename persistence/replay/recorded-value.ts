/**
 * A value as a record holds it, decoded when asked for, or the reason why its bytes are no value.
 */
import { decodeValue } from '../codec.ts'
import { isSecret } from '../secret.ts'

/** A value from a record. Secrets in it are still sealed (R5). */
export type RecordedValue =
  | { readonly kind: 'value'; readonly bytes: number; readonly value: unknown }
  | { readonly kind: 'unreadable'; readonly bytes: number; readonly why: string }

/** Decodes a recorded value, or says why it cannot be shown. */
export function recordedValue(bytes: Uint8Array): RecordedValue {
  try {
    return { kind: 'value', bytes: bytes.length, value: decodeValue(bytes) }
  } catch (error) {
    return { kind: 'unreadable', bytes: bytes.length, why: (error as Error).message }
  }
}

/** A value that JSON can say, without losing what kind it was: a Map comes as `{ $map: [...] }`, a secret by its hash. */
export function toJson(value: unknown): unknown {
  switch (typeof value) {
    case 'undefined':
      return { $undefined: true }
    case 'bigint':
      return { $bigint: String(value) }
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: spelled(value) }
    case 'object':
      return value === null ? null : objectToJson(value)
    default:
      return value
  }
}

function spelled(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function objectToJson(value: object): unknown {
  if (Array.isArray(value)) return value.map(toJson)
  if (value instanceof Map)
    return { $map: [...value].map(([key, one]) => [toJson(key), toJson(one)]) }
  if (value instanceof Set) return { $set: [...value].map(toJson) }
  if (isSecret(value)) return value.toJSON()
  if (value instanceof Date) return { $date: isoOf(value) }
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value
    const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64')
    return value instanceof Uint8Array
      ? { $bytes: base64 }
      : { $bytes: base64, type: value.constructor.name }
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toJson(one)]))
}

function isoOf(date: Date): string | null {
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/** A recorded value as JSON shows it. */
export function recordedToJson(recorded: RecordedValue): unknown {
  switch (recorded.kind) {
    case 'value':
      return toJson(recorded.value)
    case 'unreadable':
      return { $unreadable: recorded.why, bytes: recorded.bytes }
    default:
      return recorded satisfies never
  }
}
