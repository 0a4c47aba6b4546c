/**
 * CRC-32 (the zlib polynomial) of a slice. Records are small, and the call into zlib alone costs
 * more than hashing a hundred bytes here; beyond that zlib wins.
 */
import { crc32 as zlibCrc32 } from 'node:zlib'

const crossover = 128

const tables = makeTables()

/** Slicing-by-4 tables, one after the other. */
function makeTables(): Uint32Array {
  const made = new Uint32Array(1024)
  for (let i = 0; i < 256; i += 1) {
    let c = i
    for (let bit = 0; bit < 8; bit += 1) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
    made[i] = c
  }
  for (let i = 256; i < 1024; i += 1) {
    const below = made[i - 256] as number
    made[i] = (below >>> 8) ^ (made[below & 255] as number)
  }
  return made
}

/** CRC-32 of `bytes[start, end)`. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return end - start > crossover
    ? zlibCrc32(bytes.subarray(start, end))
    : smallCrc(bytes, start, end)
}

function smallCrc(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1
  let at = start
  for (; at + 4 <= end; at += 4) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    crc =
      (tables[768 + (crc & 255)] as number) ^
      (tables[512 + ((crc >>> 8) & 255)] as number) ^
      (tables[256 + ((crc >>> 16) & 255)] as number) ^
      (tables[crc >>> 24] as number)
  }
  for (; at < end; at += 1) {
    crc = (tables[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}
