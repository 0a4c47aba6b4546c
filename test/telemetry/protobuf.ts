/** Protocol buffers read without a schema: for each message the values of its fields, by number. */

export type Field = bigint | number | Uint8Array
export type Fields = ReadonlyMap<number, readonly Field[]>

/** @throws RangeError where the bytes are no message */
export function fieldsOf(bytes: Uint8Array): Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields = new Map<number, Field[]>()
  let at = 0
  const varint = (): bigint => {
    let [value, shift] = [0n, 0n]
    for (;;) {
      const byte = view.getUint8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
      shift += 7n
    }
  }
  const take = (length: number): number => {
    at += length
    return at - length
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const value = ((): Field => {
      switch (tag & 7) {
        case 0:
          return varint()
        case 1:
          return view.getFloat64(take(8), true)
        case 2: {
          const length = Number(varint())
          return bytes.subarray(take(length), at)
        }
        case 5:
          return view.getFloat32(take(4), true)
        default:
          throw new RangeError(`wire type ${tag & 7}`)
      }
    })()
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value])
  }
  return fields
}

/** The messages in a field. */
export const messagesIn = (fields: Fields, number: number): Fields[] =>
  (fields.get(number) ?? []).map((value) => fieldsOf(value as Uint8Array))

export const textIn = (fields: Fields, number: number): string =>
  Buffer.from((fields.get(number)?.[0] ?? new Uint8Array()) as Uint8Array).toString()

/** A packed or single list of 8-byte values, each read by `read`. */
export function eights<T>(
  fields: Fields,
  number: number,
  read: (view: DataView, at: number) => T,
): T[] {
  const bytes = (fields.get(number)?.[0] ?? new Uint8Array()) as Uint8Array
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 8 }, (_, i) => read(view, i * 8))
}

/** `KeyValue`s of OTLP with text values. */
export function attributesIn(fields: Fields, number: number): Record<string, string> {
  const pairs = messagesIn(fields, number).map((pair) => {
    const [value] = messagesIn(pair, 2)
    return [textIn(pair, 1), value === undefined ? '' : textIn(value, 1)] as const
  })
  return Object.fromEntries(pairs)
}
