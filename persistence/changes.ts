/**
 * What an actor's state changed by since its snapshot, in one piece of memory: the history of an actor is
 * folded from it record by record, and it crosses threads as it is. An object for each record would cost
 * several times what decoding its patch does.
 *
 * Oldest first, each:
 * ```
 * 0 u32 bytes of sections    4 u48 position   10 u48 turn   16 u16 version   18 sections, as in the record
 * ```
 */
import { Section } from './record.ts'

const headSize = 18
const sectionHead = 5
const two32 = 0x100000000

/** Which record a change is. */
export interface ChangeHead {
  readonly position: number
  readonly turn: number
  /** Of the state after it (D9). */
  readonly version: number
}

/** One change as an object, for whoever looks at few. */
export interface Change extends ChangeHead {
  readonly state?: Uint8Array
  readonly patch?: Uint8Array
  readonly meta?: Uint8Array
}

export interface Changes {
  readonly bytes: Uint8Array
  /** Absent when there is none. */
  readonly last?: ChangeHead
}

export const noChanges: Changes = Object.freeze({ bytes: new Uint8Array(0) })

/** Told of each section that changes a state or its book, in order. */
export type OnSection = (tag: number, value: Uint8Array) => void

/** Walks over all of them. */
export function eachSection({ bytes }: Changes, tell: OnSection): void {
  for (let at = 0; at < bytes.length; ) {
    const end = at + headSize + u32(bytes, at)
    sectionsIn(bytes, at + headSize, end, tell)
    at = end
  }
}

/** All of them as objects. */
export function changesIn({ bytes }: Changes): Change[] {
  const found: Change[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + headSize + u32(bytes, at)
    const sections: { [tag: number]: Uint8Array } = {}
    sectionsIn(bytes, at + headSize, end, (tag, value) => {
      sections[tag] = value
    })
    const { [Section.state]: state, [Section.patch]: patch, [Section.meta]: meta } = sections
    found.push({
      position: u48(bytes, at + 4),
      turn: u48(bytes, at + 10),
      version: (bytes[at + 16] as number) | ((bytes[at + 17] as number) << 8),
      ...(state && { state }),
      ...(patch && { patch }),
      ...(meta && { meta }),
    })
    at = end
  }
  return found
}

/** Collects changes on the way back, newest first: written from the end of the memory to its start. */
export class ChangesBuilder {
  #bytes = new Uint8Array(512)
  #start = 512
  #last: ChangeHead | undefined

  /**
   * Puts the sections of a record's body before what is there, if they change anything.
   * @returns false for a body that is no list of sections
   */
  prepend(head: ChangeHead, body: Uint8Array, from: number, to: number): boolean {
    const counts = changing(body, from, to)
    if (counts !== true) return counts === false
    this.#room(headSize + to - from)
    this.#start -= headSize + to - from
    const start = this.#start
    putU32(this.#bytes, start, to - from)
    putU48(this.#bytes, start + 4, head.position)
    putU48(this.#bytes, start + 10, head.turn)
    this.#bytes[start + 16] = head.version
    this.#bytes[start + 17] = head.version >>> 8
    copyInto(this.#bytes, start + headSize, body, from, to)
    this.#last ??= head
    return true
  }

  get changes(): Changes {
    if (this.#last === undefined) return noChanges
    return { bytes: this.#bytes.slice(this.#start), last: this.#last }
  }

  #room(length: number): void {
    if (this.#start >= length) return
    const used = this.#bytes.length - this.#start
    const larger = new Uint8Array(Math.max(used + length, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(this.#start), larger.length - used)
    this.#start = larger.length - used
    this.#bytes = larger
  }
}

/** Whether any of the sections changes a state or its book; undefined where they are none. */
function changing(body: Uint8Array, from: number, to: number): boolean | undefined {
  let found = false
  for (let at = from; at < to; ) {
    if (at + sectionHead > to) return undefined
    found ||= changes(body[at] as number)
    at += sectionHead + u32(body, at + 1)
    if (at > to) return undefined
  }
  return found
}

function sectionsIn(bytes: Uint8Array, from: number, to: number, tell: OnSection): void {
  for (let at = from; at < to; ) {
    const tag = bytes[at] as number
    const end = at + sectionHead + u32(bytes, at + 1)
    if (changes(tag)) tell(tag, bytes.subarray(at + sectionHead, end))
    at = end
  }
}

function changes(tag: number): boolean {
  return tag === Section.patch || tag === Section.state || tag === Section.meta
}

/** `set` crosses into C++; for a few dozen bytes a loop is faster. */
function copyInto(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  to: number,
): void {
  if (to - from > 64) target.set(source.subarray(from, to), at)
  else for (let i = from; i < to; i += 1) target[at + i - from] = source[i] as number
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) + u16(bytes, at + 2) * 0x10000
}

function u48(bytes: Uint8Array, at: number): number {
  return u32(bytes, at) + u16(bytes, at + 4) * two32
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i += 1) bytes[at + i] = value >>> (i * 8)
}

function putU48(bytes: Uint8Array, at: number, value: number): void {
  putU32(bytes, at, value >>> 0)
  const high = Math.floor(value / two32)
  bytes[at + 4] = high
  bytes[at + 5] = high >>> 8
}
