/**
 * `FILE-tail`: the last acknowledged position, beside the store (D10). Overwritten in place after
 * each commit and never synced: after a power failure it may be behind the store, never ahead of
 * what was acknowledged. A store that ends before it lost acknowledged records: a deleted WAL, an
 * old copy put in its place.
 *
 * Two slots of 64 bytes, written in turn, so that a torn write leaves the other:
 * ```
 *  0 "TRTL"   4 u32 version 1   8 text of 36 bytes, the store's id   44 zero
 * 48 f64 position              56 u32 count of writes                60 u32 crc32 of bytes 0-59
 * ```
 */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { crc32 } from '../crc.ts'
import { viewOf } from '../directory.ts'

const slotSize = 64
const magic = 0x4c545254
const version = 1

export interface TailMark {
  /** The store it belongs to. */
  readonly id: string
  /** The last acknowledged position. */
  readonly position: number
}

export class TailFile {
  readonly #descriptor: number
  readonly #slot = new Uint8Array(slotSize)
  readonly #view = viewOf(this.#slot)
  #writes: number

  /** @param id the store's identity */
  constructor(file: string, id: string) {
    this.#writes = newest(file)?.writes ?? 0
    this.#descriptor = openSync(`${file}-tail`, 'a')
    closeSync(this.#descriptor)
    this.#descriptor = openSync(`${file}-tail`, 'r+')
    ftruncateSync(this.#descriptor, 2 * slotSize)
    this.#view.setUint32(0, magic, true)
    this.#view.setUint32(4, version, true)
    this.#slot.set(new TextEncoder().encode(id).subarray(0, 36), 8)
  }

  write(position: number): void {
    this.#writes = (this.#writes + 1) >>> 0
    this.#view.setFloat64(48, position, true)
    this.#view.setUint32(56, this.#writes, true)
    this.#view.setUint32(60, crc32(this.#slot, 0, 60), true)
    writeSync(this.#descriptor, this.#slot, 0, slotSize, (this.#writes % 2) * slotSize)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** What the tail file says, or undefined when there is none that can be read. */
export function readTail(file: string): TailMark | undefined {
  return newest(file)
}

function newest(file: string): (TailMark & { readonly writes: number }) | undefined {
  const bytes = contents(file)
  const slots = [readSlot(bytes, 0), readSlot(bytes, slotSize)].filter((slot) => slot !== undefined)
  return slots.sort((a, b) => b.writes - a.writes)[0]
}

function readSlot(bytes: Uint8Array, at: number) {
  if (bytes.length < at + slotSize) return undefined
  const slot = bytes.subarray(at, at + slotSize)
  const view = viewOf(slot)
  if (view.getUint32(0, true) !== magic || view.getUint32(4, true) !== version) return undefined
  if (view.getUint32(60, true) !== crc32(slot, 0, 60)) return undefined
  const id = new TextDecoder().decode(slot.subarray(8, 44))
  return { id, position: view.getFloat64(48, true), writes: view.getUint32(56, true) }
}

function contents(file: string): Uint8Array {
  try {
    return readFileSync(`${file}-tail`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Uint8Array(0)
    throw error
  }
}
