/**
 * The one codec: encodable values (T5) as MessagePack, and frames between threads.
 *
 * Owns what each value looks like in bytes, and the 16 MiB limit. Does not own which values are
 * listed (`encodable.ts`), nor what bytes are admitted (`codec-guard.ts`).
 *
 * | value | bytes |
 * |---|---|
 * | plain object | map with string keys, in the object's order |
 * | number | int up to 32 bits, else float 64 (-0 too) |
 * | bigint | int 64 or uint 64, beyond it extension 0x42, two's complement |
 * | undefined | fixext 1 of type 0 |
 * | Date | timestamp extension (-1) |
 * | Uint8Array | bin |
 * | other typed arrays | extension 0x56: a byte that names the type, then the elements as in memory |
 * | Map | extension 0x4d: array of key, value, key, value |
 * | Set | extension 0x53: array of members |
 * | Secret | extension 0x45: the form that `secret.ts` draws, never its content (R5) |
 * | string with a lone surrogate, or a leading BOM | extension 0x55: UTF-16, little endian |
 *
 * Every extension is complete in itself, so a foreign MessagePack reader can walk all of it.
 *
 * Invariants:
 * 1. An encoding stands alone and is the same for equal values with equal key order.
 * 2. msgpackr alone would lose -0 and lone surrogates, take Map and object for the same, and rename
 *    `__proto__`: `toWire` replaces what it cannot say, the guard refuses what it would bend.
 * 3. msgpackr keeps extensions per loaded copy. Stored values use its build without eval, which no
 *    other library loads, so that nobody else's extension can change what is stored. That build also
 *    reads strings in JavaScript: the native reader loses its place inside a nested extension.
 * 4. A decoded value shares no memory with its bytes.
 */

import { addExtension as addFrameExtension, Packr as FramePackr } from 'msgpackr'
import { addExtension, Packr } from 'msgpackr/index-no-eval'
import { TroupeError } from '../mailbox/errors.ts'
import { BadBytes, EXTENSION, guardBytes, typedArrays } from './codec-guard.ts'
import { SmallEncoder } from './codec-small.ts'
import {
  Beside,
  Elements,
  NegativeZero,
  type Packed,
  PackedMap,
  PackedSet,
  SealedValue,
  toWire,
  Utf16,
  Wiring,
} from './codec-wire.ts'
import { assertEncodable } from './encodable.ts'
import { type LargeValue, type LargeValues, valueAt } from './large-values.ts'
import { Secret } from './secret.ts'
import { MAX_BYTES, tooLarge } from './too-large.ts'

export { MAX_BYTES } from './too-large.ts'

const common = {
  useBigIntExtension: true,
  useToJSON: false,
  copyBuffers: true,
  variableMapSize: true,
}

/** Stored values: objects as maps, each encoding on its own. */
const values = new Packr({ ...common, useRecords: false, mapsAsObjects: true })

const small = new SmallEncoder()

/** Frames: objects of one shape share a record inside the frame. Never stored. */
const frames = new FramePackr({ ...common, useRecords: hasFewFields, mapsAsObjects: true })

/** A record pays for shapes that repeat, not for dictionaries. msgpackr trips over the key named. */
function hasFewFields(record: object): boolean {
  return Object.keys(record).length <= 32 && !Object.hasOwn(record, '__keys__')
}

/**
 * Encodes one value, complete in itself.
 *
 * The bytes are a view on a pool: copy them before transferring their buffer.
 *
 * @param what names the value in errors, for example `state of account/alice`
 * @throws NOT_ENCODABLE with `fields.path`; PAYLOAD_TOO_LARGE beyond 16 MiB
 */
export function encodeValue(value: unknown, what = 'value'): Uint8Array {
  return encodeWhole(value, what, false)
}

/**
 * The same for a value that was checked before, or that the runtime itself made: its objects hold data
 * alone. Small ones take a shorter way to the same bytes.
 *
 * @throws NOT_ENCODABLE with `fields.path`; PAYLOAD_TOO_LARGE beyond 16 MiB
 */
export function encodeChecked(value: unknown, what = 'value'): Uint8Array {
  return small.encode(value) ?? encodeWhole(value, what, true)
}

function encodeWhole(value: unknown, what: string, checked: boolean): Uint8Array {
  const bytes = values.pack(toWire(value, new Wiring(what, pack, checked, MAX_BYTES)))
  if (bytes.length > MAX_BYTES) throw tooLarge(what, bytes.length)
  return bytes
}

/**
 * Decodes what {@link encodeValue} wrote. Bytes of any other origin are safe to try.
 *
 * @throws STORE_CORRUPT for bytes that are no complete listed value; `fields.offset` says where, in bytes
 */
export function decodeValue(bytes: Uint8Array, what = 'value'): unknown {
  try {
    guardBytes(bytes)
    return unpackAtZero(bytes)
  } catch (cause) {
    throw corrupt(what, bytes, cause)
  }
}

/**
 * Encodes one frame for another thread. The result owns its ArrayBuffer exactly: transfer it.
 *
 * What it holds was checked where it was sent ({@link encodeValue} or `assertEncodable`); an accessor
 * would be read here, a symbol key left out.
 *
 * @param before bytes to stand before it
 * @param large takes the large values out of it; they have to cross with it
 * @throws NOT_ENCODABLE for what no MessagePack can say, such as a function
 */
export function encodeFrame(
  value: unknown,
  before?: Uint8Array,
  large?: LargeValues,
): Uint8Array<ArrayBuffer> {
  const wired = toWire(value, new Wiring('frame', pack, true, Number.POSITIVE_INFINITY, large))
  const packed = frameRoom.pack(wired)
  const start = before?.length ?? 0
  // Not zeroed first, unlike an array of its own: each byte is written here.
  const frame = new Uint8Array(Buffer.allocUnsafeSlow(start + packed.length).buffer)
  if (before !== undefined) frame.set(before)
  frame.set(packed, start)
  return frame
}

/**
 * Where frames are written before they are copied out: the same place each time. Left to itself msgpackr
 * goes on to a new buffer with each large value, four times as large as what it was to hold.
 */
class FrameRoom {
  #room = Buffer.allocUnsafeSlow(64 * 1024)

  /** A view that is good until the next. */
  pack(value: unknown): Uint8Array {
    frames.useBuffer(this.#room)
    const packed = frames.pack(value)
    if (packed.buffer !== this.#room.buffer) this.#grow(packed.length)
    return packed
  }

  #grow(length: number): void {
    const size = Math.min(4 * length, mostFrameRoom)
    if (size > this.#room.length) this.#room = Buffer.allocUnsafeSlow(size)
  }
}

const mostFrameRoom = 4 * 1024 * 1024
const frameRoom = new FrameRoom()

/**
 * Decodes a frame of {@link encodeFrame}, made by this process: not guarded.
 * @param start bytes that stand before it
 * @param large values that crossed beside it
 */
export function decodeFrame(
  bytes: Uint8Array<ArrayBuffer>,
  start = 0,
  large: readonly LargeValue[] = none,
): unknown {
  return frameSource.unpack(start === 0 ? bytes : bytes.subarray(start), large)
}

/** Where frames are read from: msgpackr hands an extension its own bytes and nothing else. */
class FrameSource {
  #large: readonly LargeValue[] = none

  unpack(bytes: Uint8Array, large: readonly LargeValue[]): unknown {
    this.#large = large
    const value: unknown = frames.unpack(bytes)
    this.#large = none
    return value
  }

  /** The value that travelled beside the frame that is read. */
  beside(place: Buffer): LargeValue {
    return valueAt(this.#large, { index: place.readUInt32LE(), isText: place[4] === 1 })
  }
}

const none: readonly LargeValue[] = Object.freeze([])
const frameSource = new FrameSource()

const pack = (items: unknown[]): Uint8Array => values.pack(items)

/**
 * Where small encodings are decoded from. msgpackr hangs a DataView on every source it meets, which
 * costs more than decoding a small value; here it finds the same source each time.
 */
const scratch = new Uint8Array(8 * 1024)

/** The extensions below find their content by its offset, so the source starts its buffer. */
function unpackAtZero(bytes: Uint8Array): unknown {
  if (bytes.length > scratch.length) return values.unpack(new Uint8Array(bytes))
  scratch.set(bytes)
  return values.unpack(scratch, bytes.length)
}

type ReadAt = (offset: number) => unknown
type Unpack = (data: Uint8Array, readAt: ReadAt) => unknown

/**
 * Claims an extension in both copies of msgpackr. `readAt`, which its types do not show, reads on in
 * place; a frame's native reader cannot, so what is nested there goes through the copy for values.
 */
function extend(Class: new (bytes: Uint8Array) => Packed, type: number, unpack: Unpack): void {
  const pack = (packed: Packed) => packed.bytes
  addExtension({ Class, type, pack, unpack: unpack as (data: Uint8Array) => unknown })
  addFrameExtension({
    Class,
    type,
    pack,
    unpack: (data) => unpack(data, () => unpackAtZero(data)),
  })
}

/** msgpackr hands no way to read on to an extension of one byte, which can hold but an empty list. */
function itemsIn(data: Uint8Array, readAt: ReadAt): unknown[] {
  return data.length === 1 ? [] : (readAt(data.byteOffset) as unknown[])
}

extend(PackedMap, EXTENSION.MAP, (data, readAt) => {
  const items = itemsIn(data, readAt)
  const map = new Map<unknown, unknown>()
  for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1])
  return map
})

extend(PackedSet, EXTENSION.SET, (data, readAt) => new Set(itemsIn(data, readAt)))

extend(Utf16, EXTENSION.UTF16, (data) =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf16le'),
)

extend(Elements, EXTENSION.TYPED, (data) => {
  const Type = typedArrays[data[0]!]!
  return new Type(Uint8Array.from(data.subarray(1)).buffer)
})

extend(SealedValue, EXTENSION.SECRET, (data) => new Secret(Uint8Array.from(data)))

addFrameExtension({
  Class: Beside,
  type: EXTENSION.BESIDE,
  pack: ({ bytes }: Beside) => bytes,
  unpack: (data) => frameSource.beside(Buffer.from(data)),
})

for (const add of [addExtension, addFrameExtension]) {
  add({
    Class: NegativeZero,
    type: EXTENSION.NEGATIVE_ZERO,
    pack: writeNegativeZero as () => Buffer,
    unpack: () => -0,
  })
}

type Allocate = (size: number) => { target: Buffer; targetView: DataView; position: number }

/** Writes the float in place of the extension msgpackr expects. */
function writeNegativeZero(_: NegativeZero, allocate: Allocate): void {
  const { target, targetView, position } = allocate(9)
  target[position] = 0xcb
  targetView.setFloat64(position + 1, -0)
}

/**
 * What {@link encodeValue} would throw, at a fraction of its cost: only what may be near the limit is
 * encoded.
 *
 * @returns most bytes it takes
 * @throws NOT_ENCODABLE with `fields.path`; PAYLOAD_TOO_LARGE beyond 16 MiB
 */
export function assertSendable(value: unknown, what: string): number {
  const { least, most } = assertEncodable(value, what)
  if (most <= MAX_BYTES) return most
  // Beyond doubt: encoding it would cost as much memory again.
  if (least > MAX_BYTES) throw tooLarge(what, least)
  return encodeValue(value, what).length
}

function corrupt(what: string, bytes: Uint8Array, cause: unknown): TroupeError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const offset = cause instanceof BadBytes ? cause.offset : undefined
  return new TroupeError(
    'STORE_CORRUPT',
    `${what} (${bytes.length} bytes) is no encoded value: ${why}`,
    { cause, fields: offset === undefined ? {} : { offset } },
  )
}
