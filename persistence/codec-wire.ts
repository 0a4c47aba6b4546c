/**
 * Before msgpackr sees a value: checks it (T5) and replaces what msgpackr cannot say.
 *
 * Owns the replacements. A value that holds nothing special is returned as it is, uncopied; otherwise
 * only the containers on the way to the special place are copied. Drafts become plain.
 */

import { MAX_WIRE_DEPTH, typedArrays } from './codec-guard.ts'
import { assertEncodable, copyBytes, type EncodableBytes } from './encodable.ts'
import { type Fields, fieldOf, fieldsOf, isKey, kindOf, plainOf, refused } from './kinds.ts'

/** Content of an extension: already bytes. */
export class Packed {
  readonly bytes: Buffer

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
}
export class PackedMap extends Packed {}
export class PackedSet extends Packed {}
export class Utf16 extends Packed {}
export class Elements extends Packed {}

/** Written as the float it is; msgpackr alone writes an integer, without the sign. */
export class NegativeZero {}

const negativeZero = Object.freeze(new NegativeZero())

/** Encodes the inside of a Map or Set. */
export type PackItems = (items: unknown[]) => Uint8Array

/**
 * The value in a form msgpackr encodes without loss.
 *
 * @throws NOT_ENCODABLE with `fields.path`
 */
export function toWire(value: unknown, what: string, pack: PackItems): unknown {
  try {
    return wire(value, 0, pack)
  } catch (error) {
    if (error === refused) assertEncodable(value, what)
    throw error
  }
}

function wire(value: unknown, depth: number, pack: PackItems): unknown {
  switch (typeof value) {
    case 'object':
      return value === null ? null : wireObject(value, depth, pack)
    case 'string':
      return survivesUtf8(value) ? value : new Utf16(Buffer.from(value, 'utf16le'))
    case 'number':
      return value === 0 && 1 / value < 0 ? negativeZero : value
    case 'function':
    case 'symbol':
      throw refused
    default:
      return value
  }
}

/** Decoders of UTF-8 replace lone surrogates and drop a leading byte order mark. */
function survivesUtf8(text: string): boolean {
  return text.isWellFormed() && text.charCodeAt(0) !== 0xfeff
}

function wireObject(value: object, depth: number, pack: PackItems): unknown {
  if (depth === MAX_WIRE_DEPTH) throw refused
  const plain = plainOf(value)
  if (plain !== undefined) return wire(plain.call(value, depth), depth, pack)
  switch (kindOf(value)) {
    case 'record':
      return wireRecord(value as Fields, depth + 1, pack)
    case 'array':
      return wireArray(value as unknown[], depth + 1, pack)
    case 'map':
      return wireMap(value as Map<unknown, unknown>, depth + 1, pack)
    case 'set':
      return wireSet(value as Set<unknown>, depth + 1, pack)
    case 'date':
      if (Number.isNaN((value as Date).getTime())) throw refused
      return value
    case 'bytes':
      return wireBytes(value as EncodableBytes)
    case undefined:
      throw refused
  }
}

function wireRecord(record: Fields, depth: number, pack: PackItems): Fields {
  let result = record
  for (const key of fieldsOf(record)) {
    const value = fieldOf(record, key)
    const wired = wire(value, depth, pack)
    if (Object.is(wired, value)) continue
    if (result === record) result = { ...record }
    result[key] = wired
  }
  return result
}

function wireArray(array: unknown[], depth: number, pack: PackItems): unknown[] {
  let result = array
  for (let i = 0; i < array.length; i++) {
    const item = array[i]
    if (item === undefined && !Object.hasOwn(array, i)) throw refused
    const wired = wire(item, depth, pack)
    if (Object.is(wired, item)) continue
    if (result === array) result = array.slice()
    result[i] = wired
  }
  return result
}

function wireMap(map: Map<unknown, unknown>, depth: number, pack: PackItems): PackedMap {
  const items: unknown[] = []
  for (const [key, item] of map) {
    if (!isKey(key)) throw refused
    items.push(wire(key, depth, pack), wire(item, depth, pack))
  }
  return new PackedMap(pack(items))
}

function wireSet(set: Set<unknown>, depth: number, pack: PackItems): PackedSet {
  const items: unknown[] = []
  for (const member of set) {
    if (!isKey(member)) throw refused
    items.push(wire(member, depth, pack))
  }
  return new PackedSet(pack(items))
}

function wireBytes(bytes: EncodableBytes): unknown {
  if (bytes instanceof Uint8Array) return bytes
  const own = copyBytes(bytes)
  const code = typedArrays.findIndex((type) => own instanceof type)
  return new Elements(Buffer.concat([Buffer.of(code), Buffer.from(own.buffer)]))
}
