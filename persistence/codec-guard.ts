/**
 * Which bytes are admitted to the decoder: exactly what `encodeValue` can write.
 *
 * Owns the numbers of the extensions and the check. msgpackr is lenient: it follows references into
 * cycles, builds errors and regular expressions, renames `__proto__` and recurses as deep as the bytes
 * say. So every byte is accounted for here first, without allocating, in one pass.
 */

import { MAX_DEPTH } from './kinds.ts'
import { isSecretForm } from './secret.ts'

/** Extension types of stored values. Never renumbered: stores in the field hold them. */
export const EXTENSION = Object.freeze({
  UNDEFINED: 0,
  BIGINT: 0x42,
  /** B for beside: in frames alone, never in values. */
  BESIDE: 0x62,
  /** E for encrypted (R5). */
  SECRET: 0x45,
  MAP: 0x4d,
  SET: 0x53,
  UTF16: 0x55,
  TYPED: 0x56,
  /** Claimed, but never in bytes: -0 is written as a float. */
  NEGATIVE_ZERO: 0x5a,
  TIMESTAMP: 0xff,
})

/** Typed arrays by the number that stands for them in bytes. Append only. */
export const typedArrays = Object.freeze([
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const)

/** A patch nests about twice as deep as the state it mirrors. */
export const MAX_WIRE_DEPTH = 2 * MAX_DEPTH + 16

/** What is wrong with the bytes, and where. */
export class BadBytes extends Error {
  readonly offset: number

  constructor(why: string, offset: number) {
    super(`${why} at byte ${offset}`)
    this.offset = offset
  }
}

/** Throws {@link BadBytes} unless the bytes are one complete, listed value and nothing else. */
export function guardBytes(bytes: Uint8Array): void {
  const end = new Guard(bytes).value(0, bytes.length, 0)
  if (end !== bytes.length) throw new BadBytes('trailing bytes', end)
}

/** Walks one encoding. Each method takes an offset and returns the one behind what it checked. */
class Guard {
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  value(at: number, end: number, depth: number): number {
    if (at >= end) throw new BadBytes('unexpected end', at)
    const token = this.bytes[at]!
    if (token < 0x80 || token >= 0xe0) return at + 1
    if (token < 0x90) return this.fields(at + 1, end, token & 0x0f, depth + 1)
    if (token < 0xa0) return this.items(at + 1, end, token & 0x0f, depth + 1)
    if (token < 0xc0) return this.skip(at + 1, end, token & 0x1f)
    switch (token) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return at + 1
      case 0xc4: // bin 8
      case 0xd9: // str 8
        return this.skip(at + 2, end, this.length(at + 1, end, 1))
      case 0xc5: // bin 16
      case 0xda: // str 16
        return this.skip(at + 3, end, this.length(at + 1, end, 2))
      case 0xc6: // bin 32
      case 0xdb: // str 32
        return this.skip(at + 5, end, this.length(at + 1, end, 4))
      case 0xca: // float 32
      case 0xce: // uint 32
      case 0xd2: // int 32
        return this.skip(at + 1, end, 4)
      case 0xcb: // float 64
      case 0xcf: // uint 64
      case 0xd3: // int 64
        return this.skip(at + 1, end, 8)
      case 0xcc: // uint 8
      case 0xd0: // int 8
        return this.skip(at + 1, end, 1)
      case 0xcd: // uint 16
      case 0xd1: // int 16
        return this.skip(at + 1, end, 2)
      case 0xdc: // array 16
        return this.items(at + 3, end, this.length(at + 1, end, 2), depth + 1)
      case 0xdd: // array 32
        return this.items(at + 5, end, this.length(at + 1, end, 4), depth + 1)
      case 0xde: // map 16
        return this.fields(at + 3, end, this.length(at + 1, end, 2), depth + 1)
      case 0xdf: // map 32
        return this.fields(at + 5, end, this.length(at + 1, end, 4), depth + 1)
      case 0xd4: // fixext 1, 2, 4, 8, 16
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.extension(at + 1, end, 1 << (token - 0xd4), depth)
      case 0xc7: // ext 8
        return this.extension(at + 2, end, this.length(at + 1, end, 1), depth)
      case 0xc8: // ext 16
        return this.extension(at + 3, end, this.length(at + 1, end, 2), depth)
      case 0xc9: // ext 32
        return this.extension(at + 5, end, this.length(at + 1, end, 4), depth)
      default:
        throw new BadBytes('a byte that is never used', at)
    }
  }

  private length(at: number, end: number, size: 1 | 2 | 4): number {
    if (at + size > end) throw new BadBytes('unexpected end', at)
    let length = 0
    for (let i = 0; i < size; i++) length = length * 0x100 + this.bytes[at + i]!
    return length
  }

  private skip(at: number, end: number, length: number): number {
    if (length > end - at) throw new BadBytes('a length beyond the end', at)
    return at + length
  }

  private items(at: number, end: number, count: number, depth: number): number {
    if (depth > MAX_WIRE_DEPTH) throw new BadBytes('nested too deep', at)
    if (count > end - at) throw new BadBytes('a length beyond the end', at)
    let next = at
    for (let i = 0; i < count; i++) next = this.value(next, end, depth)
    return next
  }

  private fields(at: number, end: number, count: number, depth: number): number {
    if (depth > MAX_WIRE_DEPTH) throw new BadBytes('nested too deep', at)
    if (count > (end - at) / 2) throw new BadBytes('a length beyond the end', at)
    let next = at
    for (let i = 0; i < count; i++) next = this.value(this.fieldName(next, end), end, depth)
    return next
  }

  private fieldName(at: number, end: number): number {
    const token = at < end ? this.bytes[at]! : 0
    const isString = (token >= 0xa0 && token < 0xc0) || (token >= 0xd9 && token <= 0xdb)
    if (!isString) throw new BadBytes('an object key that is no string', at)
    const next = this.value(at, end, 0)
    const header = token < 0xc0 ? 1 : 1 + (1 << (token - 0xd9))
    if (next - at - header === PROTO.length && this.isProto(at + header)) {
      throw new BadBytes('the key "__proto__"', at)
    }
    return next
  }

  private isProto(start: number): boolean {
    return PROTO.every((byte, i) => this.bytes[start + i] === byte)
  }

  private extension(at: number, end: number, length: number, depth: number): number {
    const start = at + 1
    const next = this.skip(start, end, length)
    switch (this.bytes[at]) {
      case EXTENSION.UNDEFINED:
        if (length !== 1 || this.bytes[at - 1] !== 0xd4) break
        return next
      case EXTENSION.BIGINT:
        if (length === 0) break
        return next
      case EXTENSION.UTF16:
        if (length % 2 !== 0) break
        return next
      case EXTENSION.TYPED:
        if (length === 0 || !this.isTyped(start, length)) break
        return next
      case EXTENSION.SECRET:
        if (!isSecretForm(this.bytes[start], length)) break
        return next
      case EXTENSION.TIMESTAMP:
        if (!this.isTimestamp(start, length)) break
        return next
      case EXTENSION.MAP:
        if (this.list(start, next, depth, 2) !== next) break
        return next
      case EXTENSION.SET:
        if (this.list(start, next, depth, 1) !== next) break
        return next
      default:
        throw new BadBytes(`an unknown extension (${this.bytes[at]})`, at)
    }
    throw new BadBytes(`a malformed extension (${this.bytes[at]})`, at)
  }

  private isTyped(start: number, length: number): boolean {
    const type = typedArrays[this.bytes[start]!]
    return type !== undefined && (length - 1) % type.BYTES_PER_ELEMENT === 0
  }

  /** Of 32, 64 or 96 bits; less than a second of nanoseconds, and within what a Date can hold. */
  private isTimestamp(start: number, length: number): boolean {
    if (length === 4) return true
    if (length !== 8 && length !== 12) return false
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + start, length)
    const nanoseconds = view.getUint32(0) >>> (length === 8 ? 2 : 0)
    if (nanoseconds >= 1e9) return false
    if (length === 8) return true
    return Math.abs(Number(view.getBigInt64(4)) * 1_000 + nanoseconds / 1e6) <= 8.64e15
  }

  /** The array inside a Map or Set extension: keys and members must be primitives. */
  private list(at: number, end: number, depth: number, stride: 1 | 2): number {
    const token = at < end ? this.bytes[at]! : 0
    const size = token === 0xdc ? 2 : token === 0xdd ? 4 : 0
    if (size === 0 && token >> 4 !== 0x9) throw new BadBytes('an extension without its array', at)
    const count = size === 0 ? token & 0x0f : this.length(at + 1, end, size)
    if (count % stride !== 0) throw new BadBytes('a Map with half an entry', at)
    if (depth >= MAX_WIRE_DEPTH) throw new BadBytes('nested too deep', at)
    let next = at + 1 + size
    if (count > end - next) throw new BadBytes('a length beyond the end', at)
    for (let i = 0; i < count; i += stride) {
      this.requirePrimitive(next, end)
      next = this.value(next, end, depth + 1)
      if (stride === 2) next = this.value(next, end, depth + 1)
    }
    return next
  }

  private requirePrimitive(at: number, end: number): void {
    const token = at < end ? this.bytes[at]! : 0
    const container = token >= 0x80 && token < 0xa0
    const bytes = token >= 0xc4 && token <= 0xc6
    const large = token >= 0xdc && token <= 0xdf
    if (container || bytes || large || this.isObjectExtension(token, at)) {
      throw new BadBytes('a Map key or Set member that is no primitive', at)
    }
  }

  private isObjectExtension(token: number, at: number): boolean {
    if (token >= 0xd4 && token <= 0xd8) return !primitiveExtensions.has(this.bytes[at + 1]!)
    if (token < 0xc7 || token > 0xc9) return false
    return !primitiveExtensions.has(this.bytes[at + 1 + (1 << (token - 0xc7))]!)
  }
}

const primitiveExtensions: ReadonlySet<number> = new Set([
  EXTENSION.UNDEFINED,
  EXTENSION.BIGINT,
  EXTENSION.UTF16,
])

const PROTO = Buffer.from('__proto__')
