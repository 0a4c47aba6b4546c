/**
 * What one thread has in hand: messages and activations that were started and have not ended (F3).
 * Overwritten in place before each batch of starts and never synced: it survives the death of the
 * process, which is all it is for. After an unclean end its entries are suspects.
 *
 * Two regions of entries: a batch of messages about to be started, overwritten as a whole, and single
 * places for turns that are out and for activations. An entry is free or whole, by its checksum.
 * ```
 * 0 f64 position   8 u32 index   12 u32 starts   16 u32 address hash   20 u32 crc32 of bytes 0 to 19
 * ```
 */
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { crc32 } from './crc.ts'
import { viewOf } from './directory.ts'
import type { MessageRef } from './record.ts'

/**
 * Something in hand: a message under its identity; under position 0 an activation (index 0) or any
 * tick of a timer (index {@link timerIndex}).
 */
export interface InHand extends MessageRef {
  /** How often it was started without an end, this start included. */
  readonly starts: number
  /** `hashAddress` of its actor: one message may be pending for several. */
  readonly actor: number
}

/** Most entries of one batch. */
export const batchSize = 16
/** Turns and activations that can be out at once and still be remembered. */
export const openSize = 4_096
const entrySize = 24

/** Where the entries lie: a file outlives the process, shared memory the thread. */
export interface HandMedium {
  write(bytes: Uint8Array, at: number): void
  read(): Uint8Array
  /** What was written survives the machine. */
  sync(): void
  close(): void
}

/** Name of the file of a slot. */
export function handPath(file: string, slot: number): string {
  return `${file}-hand-${slot}`
}

/** Opens `FILE-hand-<slot>`, emptied. */
export function handFile(file: string, slot: number): HandMedium {
  const path = handPath(file, slot)
  const descriptor = openSync(path, 'w')
  return {
    write: (bytes, at) => void writeSync(descriptor, bytes, 0, bytes.length, at),
    read: () => readFileSync(path),
    sync: () => fsyncSync(descriptor),
    close: () => {
      closeSync(descriptor)
      rmSync(path, { force: true })
    },
  }
}

export function allocateHand(): SharedArrayBuffer {
  return new SharedArrayBuffer((batchSize + openSize) * entrySize)
}

/** For a store in memory: what is in hand need outlive only its thread. */
export function handMemory(shared: SharedArrayBuffer): HandMedium {
  const bytes = new Uint8Array(shared)
  return {
    write: (written, at) => bytes.set(written, at),
    read: () => bytes.slice(),
    sync: () => undefined,
    close: () => undefined,
  }
}

export class Hand {
  readonly #medium: HandMedium
  readonly #batch = new Uint8Array(batchSize * entrySize)
  readonly #batchView = viewOf(this.#batch)
  readonly #one = new Uint8Array(entrySize)
  readonly #oneView = viewOf(this.#one)
  readonly #free: number[] = []
  #next = batchSize

  constructor(medium: HandMedium) {
    this.#medium = medium
  }

  /** Replaces the batch; at most {@link batchSize} entries. */
  batch(entries: readonly InHand[]): void {
    this.#batch.fill(0)
    entries.forEach((entry, i) => {
      put(this.#batch, this.#batchView, i * entrySize, entry)
    })
    this.#medium.write(this.#batch, 0)
  }

  /** Notes one more that is out; its place, or undefined when all are taken. */
  open(entry: InHand): number | undefined {
    const place = this.#free.pop() ?? this.#next
    if (place >= batchSize + openSize) return undefined
    if (place === this.#next) this.#next += 1
    this.replace(place, entry)
    return place
  }

  replace(place: number, entry: InHand): void {
    put(this.#one, this.#oneView, 0, entry)
    this.#medium.write(this.#one, place * entrySize)
  }

  /** What lay there has ended. */
  end(place: number): void {
    this.#free.push(place)
    this.#one.fill(0)
    this.#medium.write(this.#one, place * entrySize)
  }

  sync(): void {
    this.#medium.sync()
  }

  /** A clean end leaves no suspects. */
  close(): void {
    this.#medium.close()
  }
}

/** All whole entries, each once. */
export function readHand(bytes: Uint8Array): readonly InHand[] {
  const view = viewOf(bytes)
  const found = new Map<string, InHand>()
  for (let at = 0; at + entrySize <= bytes.length; at += entrySize) {
    const starts = view.getUint32(at + 12, true)
    if (starts === 0 || view.getUint32(at + 20, true) !== crc32(bytes, at, at + 20)) continue
    const entry = {
      position: view.getFloat64(at, true),
      index: view.getUint32(at + 8, true),
      starts,
      actor: view.getUint32(at + 16, true),
    }
    const other = found.get(suspectKey(entry))
    if (other === undefined || other.starts < starts) found.set(suspectKey(entry), entry)
  }
  return [...found.values()]
}

/** By what a suspect is known again. */
export function suspectKey({ position, index, actor }: Omit<InHand, 'starts'>): string {
  return `${position}:${index}:${actor}`
}

function put(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  { position, index, starts, actor }: InHand,
): void {
  view.setFloat64(at, position, true)
  view.setUint32(at + 8, index, true)
  view.setUint32(at + 12, starts, true)
  view.setUint32(at + 16, actor, true)
  view.setUint32(at + 20, crc32(bytes, at, at + 20), true)
}
