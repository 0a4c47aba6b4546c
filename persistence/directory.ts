/**
 * The binary directory of a segment: fixed entries of 64 bytes, little endian, one *record entry*
 * per record followed by its *part entries*. Owns the layout and nothing else: no meaning, no
 * checks of meaning.
 *
 * Read without its body, a directory rebuilds the ledger and answers history filters; with a
 * damaged body, it still names actor and message (D4). It has a checksum of its own.
 *
 * Texts are numbers here: in a frame, index + 1 into its `strings`; in a stored segment, numbers of
 * the store's `actors` and `names` tables. 0 is none.
 */

export const entrySize = 64

/**
 * Byte offsets in a record entry.
 * ```
 *  0 u8  kind      1 u8 lane     2 u16 flags    4 u32 actor     8 u32 sender   12 u32 name
 * 16 f64 message position       24 u32 message index           28 u32 number of part entries
 * 32 u48 turn     38 u16 version               40 u32 body offset             44 u32 body length
 * 48 u32 body crc32             52 u48 previous record of this actor          58 u48 time, ms
 * ```
 * `length` and the checksum cover the record's sections, not its parts.
 */
export const At = Object.freeze({
  kind: 0,
  lane: 1,
  flags: 2,
  actor: 4,
  sender: 8,
  name: 12,
  position: 16,
  index: 24,
  parts: 28,
  turn: 32,
  version: 38,
  offset: 40,
  length: 44,
  crc: 48,
  previous: 52,
  time: 58,
})

/**
 * Byte offsets in a message part (kinds `message`, `ownId`, `reply`; the last two use only flags and
 * body). The body slice is the header extras followed by the payload.
 * ```
 *  0 u8  kind      1 u8 lane     2 u16 flags    4 u32 to        8 u32 from     12 u32 name
 * 16 f64 deadline, ms           24 f64 cause position          32 u32 cause index
 * 36 u32 index among the record's messages     40 u32 body offset             44 u32 body length
 * 48 u32 body crc32             52 u32 header length           56 u16 version  58 zero
 * ```
 */
export const MessageAt = Object.freeze({
  to: 4,
  from: 8,
  name: 12,
  deadline: 16,
  causePosition: 24,
  causeIndex: 32,
  index: 36,
  offset: 40,
  length: 44,
  crc: 48,
  headerLength: 52,
  version: 56,
})

/**
 * Byte offsets in a timer or subscription part.
 * ```
 *  0 u8  kind      1 u8 lane     2 u16 flags    4 u32 actor     8 u32 id       12 u32 name
 * 16 f64 due, ms                24 f64 every, ms               32 f64 next due, ms
 * 40 u32 body offset            44 u32 body length             48 u32 body crc32
 * 52 zero                       56 u16 version                 58 zero
 * ```
 * For a subscription `id` is its topic pattern.
 */
export const TimerAt = Object.freeze({
  actor: 4,
  id: 8,
  name: 12,
  due: 16,
  every: 24,
  next: 32,
  offset: 40,
  length: 44,
  crc: 48,
  version: 56,
})

/** Message index of an inline part, which is not one of the record's outgoing messages. */
export const inlineIndex = 0xffffffff

/** Kinds below are records, from here on parts. */
export const firstPartKind = 32

/** A view over a directory's bytes, whatever buffer they lie in. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const two32 = 0x100000000

/** Reads an unsigned 48-bit number. */
export function getU48(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint16(at + 4, true) * two32
}

/** Writes an unsigned 48-bit number. */
export function setU48(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true)
  view.setUint16(at + 4, Math.floor(value / two32), true)
}

/** Offset of the record entry after the one at `at`. */
export function nextRecord(view: DataView, at: number): number {
  return at + entrySize * (1 + view.getUint32(at + At.parts, true))
}
