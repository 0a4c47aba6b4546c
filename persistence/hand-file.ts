/**
 * `FILE-hand-<slot>`: which messages a host has handed to handlers since its last acknowledgement
 * (F3). Overwritten in place before a batch of starts and never synced: it survives the death of the
 * process, which is all it is for. After an unclean end its entries are suspects.
 *
 * A ring of batches, so that a torn write loses the newest batch only:
 * ```
 * batch slot (of `slots`), each 16 + 24 × batchSize bytes
 *  0 "HAND"   4 u32 crc32 of what follows   8 u32 count   12 u32 serial
 * entry: 0 f64 position   8 u32 index   12 u32 starts   16 u32 address hash   20 zero
 * ```
 */
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { crc32 } from './crc.ts'
import { viewOf } from './directory.ts'
import type { MessageRef } from './record.ts'

/** A message in hand. */
export interface InHand extends MessageRef {
  /** How often its handler was started, this start included. */
  readonly starts: number
  /** `hashAddress` of its actor: one message may be pending for several. */
  readonly actor: number
}

/** Most entries of one batch: a slice starts at most 16 messages, plus what its actors still hold. */
export const batchSize = 64
const slots = 2
const headSize = 16
const entrySize = 24
const slotSize = headSize + entrySize * batchSize
const magic = 0x444e4148

export class InHandFile {
  readonly #path: string
  readonly #descriptor: number
  readonly #slot = new Uint8Array(slotSize)
  readonly #view = viewOf(this.#slot)
  #serial: number

  /**
   * @param file the store's file
   * @param slot the host's slot
   */
  constructor(file: string, slot: number) {
    this.#path = `${file}-hand-${slot}`
    closeSync(openSync(this.#path, 'a'))
    this.#descriptor = openSync(this.#path, 'r+')
    ftruncateSync(this.#descriptor, slots * slotSize)
    this.#serial = this.#newest()?.serial ?? 0
  }

  /** Replaces what is in hand; an empty list says that nothing is. At most {@link batchSize}. */
  write(entries: readonly InHand[]): void {
    if (entries.length > batchSize) {
      throw new RangeError(`at most ${batchSize} messages in hand, got ${entries.length}`)
    }
    this.#serial = (this.#serial + 1) >>> 0
    entries.forEach((entry, i) => {
      this.#put(headSize + i * entrySize, entry)
    })
    const end = headSize + entries.length * entrySize
    this.#view.setUint32(0, magic, true)
    this.#view.setUint32(8, entries.length, true)
    this.#view.setUint32(12, this.#serial, true)
    this.#view.setUint32(4, crc32(this.#slot, 8, end), true)
    writeSync(this.#descriptor, this.#slot, 0, end, (this.#serial % slots) * slotSize)
  }

  /** What was in hand last; a torn write shows the batch before it. */
  read(): readonly InHand[] {
    return this.#newest()?.entries ?? []
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  /** Closes and deletes the file: a clean end leaves no suspects. */
  remove(): void {
    this.close()
    rmSync(this.#path, { force: true })
  }

  #put(at: number, { position, index, starts, actor }: InHand): void {
    this.#view.setFloat64(at, position, true)
    this.#view.setUint32(at + 8, index, true)
    this.#view.setUint32(at + 12, starts, true)
    this.#view.setUint32(at + 16, actor, true)
    this.#view.setUint32(at + 20, 0, true)
  }

  #newest(): { serial: number; entries: InHand[] } | undefined {
    let newest: { serial: number; entries: InHand[] } | undefined
    for (let slot = 0; slot < slots; slot += 1) {
      const bytes = new Uint8Array(slotSize)
      readSync(this.#descriptor, bytes, 0, slotSize, slot * slotSize)
      const batch = readBatch(bytes)
      if (batch !== undefined && batch.serial >= (newest?.serial ?? 0)) newest = batch
    }
    return newest
  }
}

function readBatch(bytes: Uint8Array): { serial: number; entries: InHand[] } | undefined {
  const view = viewOf(bytes)
  const count = view.getUint32(8, true)
  if (view.getUint32(0, true) !== magic || count > batchSize) return undefined
  const end = headSize + count * entrySize
  if (view.getUint32(4, true) !== crc32(bytes, 8, end)) return undefined
  const entries = Array.from({ length: count }, (_, i) => readEntry(view, headSize + i * entrySize))
  return { serial: view.getUint32(12, true), entries }
}

function readEntry(view: DataView, at: number): InHand {
  return {
    position: view.getFloat64(at, true),
    index: view.getUint32(at + 8, true),
    starts: view.getUint32(at + 12, true),
    actor: view.getUint32(at + 16, true),
  }
}
