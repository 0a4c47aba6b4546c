/**
 * One text for one value, in whatever order its fields were set: what keys of caches are hashes of.
 *
 * JSON as RFC 8785 writes it, fields ordered by UTF-16 code units. What the codec carries beyond JSON (T5)
 * has forms that no JSON text has, such as `undefined`, `-0`, `1n`, `Date(0)`: two values with one text
 * are one value. Lists are ordered; Maps and Sets, like fields, are not.
 */
import { createHash } from 'node:crypto'
import { assertEncodable } from '../../persistence/encodable.ts'
import { type Fields, kindOf, plainOf } from '../../persistence/kinds.ts'
import type { Secret } from '../../persistence/secret.ts'

/**
 * The canonical text of a value.
 *
 * @param what names the value in the error
 * @throws NOT_ENCODABLE with the path of what has no content to compare: a function, a class instance
 */
export function canonicalText(value: unknown, what = 'value'): string {
  assertEncodable(value, what)
  return text(value)
}

/**
 * SHA-256 of the canonical text, in hex.
 * @throws NOT_ENCODABLE
 */
export function canonicalHash(value: unknown, what?: string): string {
  return createHash('sha256').update(canonicalText(value, what)).digest('hex')
}

function text(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      return value === null ? 'null' : textOfObject(value)
    default:
      return String(value)
  }
}

function textOfObject(value: object): string {
  const plain = plainOf(value)
  if (plain !== undefined) return text(plain.call(value, 0))
  switch (kindOf(value)) {
    case 'array':
      return `[${Array.from(value as unknown[], text).join()}]`
    case 'map':
      return `Map(${Array.from(value as Map<unknown, unknown>, text)
        .sort()
        .join()})`
    case 'set':
      return `Set(${Array.from(value as Set<unknown>, text)
        .sort()
        .join()})`
    case 'date':
      return `Date(${(value as Date).getTime()})`
    case 'bytes':
      return textOfBytes(value as Uint8Array)
    case 'secret':
      return `Secret(${(value as Secret).key} ${(value as Secret).hash})`
    default:
      return textOfFields(value as Fields)
  }
}

function textOfFields(record: Fields): string {
  const names = Object.keys(record).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${text(record[name])}`).join()}}`
}

/** A Buffer is a Uint8Array here: that is what a restart makes of it. */
function textOfBytes(view: Uint8Array): string {
  const kind = view[Symbol.toStringTag]
  return `${kind}(${Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64')})`
}
