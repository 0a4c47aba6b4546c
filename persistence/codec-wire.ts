/**
 * Before msgpackr sees a value: checks it (T5) and replaces what msgpackr cannot say.
 *
 * Owns the replacements. A value that holds nothing special is returned as it is, uncopied; otherwise
 * only the containers on the way to the special place are copied. Drafts become plain.
 */

import { MAX_WIRE_DEPTH, typedArrays } from './codec-guard.ts'
import { copyBytes } from './copy.ts'
import { refusalOf } from './encodable.ts'
import type { EncodableBytes } from './encodable-types.ts'
import {
  extraName,
  type Fields,
  fieldOf,
  fieldsOf,
  isKey,
  kindOf,
  plainOf,
  refused,
} from './kinds.ts'
import { type LargeValues, largeFrom } from './large-values.ts'
import type { Secret } from './secret.ts'
import { tooLarge } from './too-large.ts'

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
export class SealedValue extends Packed {}

/** Stands in a frame for a value that travels beside it: its number, then whether its bytes are a text. */
export class Beside extends Packed {}

/** Written as the float it is; msgpackr alone writes an integer, without the sign. */
export class NegativeZero {}

const negativeZero = Object.freeze(new NegativeZero())

/** How one value is prepared. */
export class Wiring {
  /** Names the value in errors. */
  readonly what: string
  /** Encodes the inside of a Map or Set. */
  readonly pack: (items: unknown[]) => Uint8Array
  /** Whether objects were checked before, so that looking for accessors and symbols can be spared. */
  readonly checked: boolean
  /** Where large values go; undefined where all of it has to be in one place. */
  readonly large: LargeValues | undefined
  readonly #limit: number
  #size = 0

  /** @param limit most bytes of texts and typed arrays in it */
  constructor(
    what: string,
    pack: (items: unknown[]) => Uint8Array,
    checked: boolean,
    limit: number,
    large?: LargeValues,
  ) {
    this.what = what
    this.pack = pack
    this.checked = checked
    this.large = large
    this.#limit = limit
  }

  /** For what stands in an encoding of its own. */
  get nested(): Wiring {
    return this.large === undefined
      ? this
      : new Wiring(this.what, this.pack, this.checked, this.#limit)
  }

  /**
   * Something large comes: what is beyond the limit for sure costs no memory to find out.
   * @throws PAYLOAD_TOO_LARGE
   */
  take(bytes: number): void {
    this.#size += bytes
    if (this.#size > this.#limit) throw tooLarge(this.what, this.#size)
  }
}

/**
 * The value in a form msgpackr encodes without loss.
 *
 * @throws NOT_ENCODABLE with `fields.path`; PAYLOAD_TOO_LARGE
 */
export function toWire(value: unknown, how: Wiring): unknown {
  try {
    return wire(value, 0, how)
  } catch (error) {
    throw refusalOf(value, how.what, error)
  }
}

function wire(value: unknown, depth: number, how: Wiring): unknown {
  switch (typeof value) {
    case 'object':
      return value === null ? null : wireObject(value, depth, how)
    case 'string':
      how.take(value.length)
      if (value.length >= largeFrom && how.large !== undefined) return beside(value, how.large)
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

function wireObject(value: object, depth: number, how: Wiring): unknown {
  if (depth === MAX_WIRE_DEPTH) throw refused
  const plain = plainOf(value)
  if (plain !== undefined) return wire(plain.call(value, depth), depth, how)
  switch (kindOf(value)) {
    case 'record':
      return wireRecord(value as Fields, depth + 1, how)
    case 'array':
      return wireArray(value as unknown[], depth + 1, how)
    case 'map':
      return wireMap(value as Map<unknown, unknown>, depth + 1, how.nested)
    case 'set':
      return wireSet(value as Set<unknown>, depth + 1, how.nested)
    case 'date':
      if (Number.isNaN((value as Date).getTime())) throw refused
      return value
    case 'bytes':
      how.take((value as EncodableBytes).byteLength)
      return wireBytes(value as EncodableBytes, how.large)
    case 'secret': {
      const { bytes } = value as Secret
      how.take(bytes.length)
      return new SealedValue(bytes)
    }
    case undefined:
      throw refused
  }
}

function wireRecord(record: Fields, depth: number, how: Wiring): Fields {
  let result = record
  for (const key of how.checked ? Object.keys(record) : fieldsOf(record)) {
    const value = how.checked ? record[key] : fieldOf(record, key)
    const wired = wire(value, depth, how)
    if (Object.is(wired, value)) continue
    if (result === record) result = { ...record }
    result[key] = wired
  }
  return result
}

function wireArray(array: unknown[], depth: number, how: Wiring): unknown[] {
  let result = array
  for (let i = 0; i < array.length; i++) {
    const item = array[i]
    if (item === undefined && !Object.hasOwn(array, i)) throw refused
    const wired = wire(item, depth, how)
    if (Object.is(wired, item)) continue
    if (result === array) result = array.slice()
    result[i] = wired
  }
  if (!how.checked && extraName(array, array.length) !== undefined) throw refused
  return result
}

function wireMap(map: Map<unknown, unknown>, depth: number, how: Wiring): PackedMap {
  const items: unknown[] = []
  for (const [key, item] of map) {
    if (!isKey(key)) throw refused
    items.push(wire(key, depth, how), wire(item, depth, how))
  }
  if (!how.checked && extraName(map, 0) !== undefined) throw refused
  return new PackedMap(how.pack(items))
}

function wireSet(set: Set<unknown>, depth: number, how: Wiring): PackedSet {
  const items: unknown[] = []
  for (const member of set) {
    if (!isKey(member)) throw refused
    items.push(wire(member, depth, how))
  }
  if (!how.checked && extraName(set, 0) !== undefined) throw refused
  return new PackedSet(how.pack(items))
}

function wireBytes(bytes: EncodableBytes, large: LargeValues | undefined): unknown {
  if (bytes instanceof Uint8Array) {
    return large === undefined || bytes.byteLength < largeFrom ? bytes : beside(bytes, large)
  }
  const own = copyBytes(bytes)
  const code = typedArrays.findIndex((type) => own instanceof type)
  return new Elements(Buffer.concat([Buffer.of(code), Buffer.from(own.buffer)]))
}

function beside(value: string | Uint8Array, large: LargeValues): Beside {
  const { index, isText } = large.put(value)
  const place = Buffer.allocUnsafe(5)
  place.writeUInt32LE(index)
  place[4] = isText ? 1 : 0
  return new Beside(place)
}
