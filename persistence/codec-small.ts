/**
 * Small plain values in one pass: what most patches, payloads and replies are. Gives the very bytes that
 * msgpackr would, or nothing at all where a value holds anything it does not know; then the codec takes
 * its usual way (`codec.ts`).
 *
 * Knows null, undefined, booleans, numbers, short ASCII texts, and plain objects and arrays of those.
 *
 * Invariant: looks at values that were checked before (T5). It reads properties, so that an accessor would
 * run, and leaves symbol keys and extra names out.
 */
import { kindOf, plainOf } from './kinds.ts'

/** Bytes of the largest encoding; what needs more is not small. */
const capacity = 1024
/** Bytes of the pool that encodings are views of. */
const poolSize = 16 * 1024
/** The longest text, and the most fields or elements, whose head is one byte or two. */
const longestText = 255
const mostFields = 15
const deepest = 16

/** Room for the head and body of a number. */
const numberBytes = 9

export class SmallEncoder {
  #bytes = new Uint8Array(poolSize)
  #view = new DataView(this.#bytes.buffer)
  #at = 0
  /** Where the present encoding must end. */
  #end = 0

  /** A view on a pool that is not written again; undefined for what is not small or not plain. */
  encode(value: unknown): Uint8Array | undefined {
    if (this.#at + capacity > poolSize) this.#newPool()
    const start = this.#at
    this.#end = start + capacity
    if (this.#put(value, 0)) return this.#bytes.subarray(start, this.#at)
    this.#at = start
    return undefined
  }

  #newPool(): void {
    this.#bytes = new Uint8Array(poolSize)
    this.#view = new DataView(this.#bytes.buffer)
    this.#at = 0
  }

  /** False when it cannot say it. */
  #put(value: unknown, depth: number): boolean {
    if (this.#at > this.#end - numberBytes) return false
    switch (typeof value) {
      case 'number':
        return this.#number(value)
      case 'string':
        return this.#text(value)
      case 'object':
        return value === null ? this.#byte(0xc0) : depth < deepest && this.#object(value, depth + 1)
      case 'boolean':
        return this.#byte(value ? 0xc3 : 0xc2)
      case 'undefined':
        return this.#byte(0xd4) && this.#byte(0) && this.#byte(0)
      default:
        return false
    }
  }

  #byte(byte: number): boolean {
    this.#bytes[this.#at] = byte
    this.#at += 1
    return true
  }

  #number(value: number): boolean {
    if (value >> 0 === value && !Object.is(value, -0)) {
      return value >= 0 ? this.#positive(value) : this.#negative(value)
    }
    return value >>> 0 === value && value !== 0 ? this.#positive(value) : this.#float(value)
  }

  #positive(value: number): boolean {
    if (value < 0x80) return this.#byte(value)
    const at = this.#head(value < 0x100 ? 0xcc : value < 0x10000 ? 0xcd : 0xce)
    if (value < 0x100) return this.#byte(value)
    this.#at += value < 0x10000 ? 2 : 4
    if (value < 0x10000) this.#view.setUint16(at, value)
    else this.#view.setUint32(at, value)
    return true
  }

  #negative(value: number): boolean {
    if (value >= -0x20) return this.#byte(value & 0xff)
    const at = this.#head(value >= -0x80 ? 0xd0 : value >= -0x8000 ? 0xd1 : 0xd2)
    if (value >= -0x80) return this.#byte(value & 0xff)
    this.#at += value >= -0x8000 ? 2 : 4
    if (value >= -0x8000) this.#view.setInt16(at, value)
    else this.#view.setInt32(at, value)
    return true
  }

  #float(value: number): boolean {
    this.#view.setFloat64(this.#head(0xcb), value)
    this.#at += 8
    return true
  }

  /** Returns where what it announces begins. */
  #head(byte: number): number {
    this.#byte(byte)
    return this.#at
  }

  #text(text: string): boolean {
    const { length } = text
    if (length > longestText || this.#at + length + 2 > this.#end) return false
    if (length < 0x20) this.#byte(0xa0 | length)
    else if (this.#byte(0xd9)) this.#byte(length)
    const bytes = this.#bytes
    let at = this.#at
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return false
      bytes[at++] = code
    }
    this.#at = at
    return true
  }

  #object(value: object, depth: number): boolean {
    // A draft, or what stands for something else.
    if (plainOf(value) !== undefined) return false
    switch (kindOf(value)) {
      case 'record':
        return this.#record(value as Record<string, unknown>, depth)
      case 'array':
        return this.#array(value as readonly unknown[], depth)
      default:
        return false
    }
  }

  #record(record: Record<string, unknown>, depth: number): boolean {
    const head = this.#head(0x80)
    let fields = 0
    for (const key in record) {
      if (!Object.hasOwn(record, key)) continue
      fields += 1
      if (key === '__proto__' || !this.#text(key) || !this.#put(record[key], depth)) return false
    }
    this.#bytes[head - 1] = 0x80 | fields
    return fields <= mostFields
  }

  #array(array: readonly unknown[], depth: number): boolean {
    const { length } = array
    if (length > mostFields) return false
    this.#byte(0x90 | length)
    for (let i = 0; i < length; i += 1) {
      const item = array[i]
      if (item === undefined && !Object.hasOwn(array, i)) return false
      if (!this.#put(item, depth)) return false
    }
    return true
  }
}
