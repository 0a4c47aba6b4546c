/**
 * The memory in which a frame is built: entries, body bytes and texts, reused from frame to frame.
 * Knows how entries point to bytes and texts; not what they mean.
 *
 * Since memory is reused, whoever takes an entry writes every byte of it.
 */
import { crc32 } from './crc.ts'
import { At, entrySize, viewOf } from './directory.ts'

const sectionHead = 5

export class FrameBuffer {
  /** Over the entries. Changes when they grow: read it again after `entry`. */
  view: DataView
  #directory = new Uint8Array(64 * entrySize)
  #end = 0
  #body = new Uint8Array(16 * 1024)
  #used = 0
  #strings: string[] = []
  readonly #numbers = new Map<string, number>()

  constructor() {
    this.view = viewOf(this.#directory)
  }

  /** Bytes of entries and body so far. */
  get size(): number {
    return this.#end + this.#used
  }

  /** Bytes of the body so far: where the next ones go. */
  get used(): number {
    return this.#used
  }

  /** Room for one entry, with kind and lane written. Returns its offset. */
  entry(kind: number, lane: number): number {
    const at = this.#end
    this.#end += entrySize
    if (this.#end > this.#directory.length) {
      this.#directory = grown(this.#directory, this.#end)
      this.view = viewOf(this.#directory)
    }
    this.view.setUint16(at, kind | (lane << 8), true)
    return at
  }

  /** Appends bytes to the body and returns how many. */
  add(bytes: Uint8Array | undefined): number {
    if (bytes === undefined) return 0
    this.#room(bytes.length)
    copyInto(this.#body, this.#used, bytes)
    this.#used += bytes.length
    return bytes.length
  }

  /** Appends a section to the body: tag, length, bytes. */
  section(tag: number, bytes: Uint8Array): void {
    this.#room(sectionHead)
    const body = this.#body
    const at = this.#used
    body[at] = tag
    body[at + 1] = bytes.length
    body[at + 2] = bytes.length >>> 8
    body[at + 3] = bytes.length >>> 16
    body[at + 4] = bytes.length >>> 24
    this.#used += sectionHead
    this.add(bytes)
  }

  /** Points an entry to the body from `start` to here; the three fields lie alike in every entry. */
  slice(at: number, start: number): void {
    this.view.setUint32(at + At.offset, start, true)
    this.view.setUint32(at + At.length, this.#used - start, true)
    this.view.setUint32(at + At.crc, crc32(this.#body, start, this.#used), true)
  }

  zero(from: number, to: number): void {
    this.#directory.fill(0, from, to)
  }

  /** Index + 1 of a text in this frame, 0 for none. */
  number(text: string | undefined): number {
    if (text === undefined || text === '') return 0
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#strings.push(text)
    this.#numbers.set(text, number)
    return number
  }

  /** Copies of what was built, and a fresh start. */
  take(): { directory: Uint8Array; body: Uint8Array; strings: readonly string[] } {
    const directory = this.#directory.slice(0, this.#end)
    const body = this.#body.slice(0, this.#used)
    const strings = this.#strings
    this.clear()
    return { directory, body, strings }
  }

  clear(): void {
    this.#end = 0
    this.#used = 0
    this.#strings = []
    this.#numbers.clear()
  }

  #room(length: number): void {
    if (this.#used + length > this.#body.length) this.#body = grown(this.#body, this.#used + length)
  }
}

/** `set` crosses into C++; for a few dozen bytes a loop is faster. */
function copyInto(target: Uint8Array, at: number, source: Uint8Array): void {
  if (source.length > 48) {
    target.set(source, at)
    return
  }
  for (let i = 0; i < source.length; i += 1) target[at + i] = source[i] as number
}

function grown(bytes: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(needed, bytes.length * 2))
  larger.set(bytes)
  return larger
}
