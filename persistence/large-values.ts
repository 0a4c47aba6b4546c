/**
 * Texts and byte arrays that travel beside a frame instead of in it: written into a frame a large value
 * is copied four times on its way, beside it once or twice.
 *
 * Owns what is large, and the form in which each goes. Does not own what stands in the frame in its place
 * (`codec-wire.ts`), nor how a frame and these cross (`runtime/wire/parcel.ts`).
 *
 * | value | goes as | because |
 * |---|---|---|
 * | text or bytes | itself | structured clone copies it as it lies in memory |
 * | from 128 KiB on: bytes, ASCII text | a copy of its bytes, to be transferred | structured clone moves all it has again and again while its buffer grows |
 * | bytes that are part of a larger buffer | the same | structured clone would take all of the buffer |
 */

/** Bytes, or characters of a text, from which on a value is large. */
export const largeFrom = 8 * 1024
const hugeFrom = 128 * 1024

/** How one travels. */
export type LargeValue = string | Uint8Array

/** Where a large value is, and whether its bytes are a text. */
export interface Place {
  readonly index: number
  readonly isText: boolean
}

export class LargeValues {
  readonly all: LargeValue[] = []
  /** Buffers of copies, made to be transferred. */
  readonly moved: ArrayBuffer[] = []

  put(value: string | Uint8Array): Place {
    if (typeof value !== 'string')
      return this.#place(isWhole(value) ? value : this.#copied(value), false)
    return isHugeAscii(value) ? this.#place(this.#written(value), true) : this.#place(value, false)
  }

  #place(travelling: LargeValue, isText: boolean): Place {
    return { index: this.all.push(travelling) - 1, isText }
  }

  #copied(bytes: Uint8Array): Uint8Array {
    const copy = this.#room(bytes.byteLength)
    copy.set(bytes)
    return copy
  }

  #written(text: string): Uint8Array {
    const bytes = this.#room(text.length)
    bytes.write(text, 'latin1')
    return bytes
  }

  #room(length: number): Buffer {
    const room = Buffer.allocUnsafeSlow(length)
    this.moved.push(room.buffer)
    return room
  }
}

/** The value that travelled so. */
export function valueAt(all: readonly LargeValue[], { index, isText }: Place): LargeValue {
  const value = all[index] as LargeValue
  if (!isText || typeof value === 'string') return value
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
}

/** All of an ordinary buffer, and not huge. */
function isWhole({ buffer, byteLength }: Uint8Array): boolean {
  if (byteLength >= hugeFrom || byteLength !== buffer.byteLength) return false
  return buffer instanceof ArrayBuffer && !buffer.resizable
}

function isHugeAscii(text: string): boolean {
  return text.length >= hugeFrom && Buffer.byteLength(text) === text.length
}
