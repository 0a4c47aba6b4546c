/**
 * Checksums of rows. SQLite finds torn pages, not flipped bits in its cells: what the store stands
 * on carries a CRC-32 of its own. Numbers are hashed as little-endian f64, in column order.
 */
import { crc32 } from 'node:zlib'

/** CRC-32 over numbers, then over texts (UTF-8) and bytes, in the order given. */
export function checksum(numbers: readonly number[], ...rest: (string | Uint8Array)[]): number {
  const head = new DataView(new ArrayBuffer(numbers.length * 8))
  numbers.forEach((number, i) => {
    head.setFloat64(i * 8, number, true)
  })
  let crc = crc32(new Uint8Array(head.buffer))
  for (const piece of rest) crc = crc32(piece, crc)
  return crc
}
