/**
 * Random numbers and ids that a replay gets again: seeded by the message id (R3).
 *
 * Generator: sfc32 (PractRand's small fast counter), seeded from two FNV-1a hashes. Not for secrets.
 */
import { hashAddress } from '../../mailbox/address.ts'

export class Seeded {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string) {
    this.#a = hashAddress(seed)
    this.#b = hashAddress(`${seed}#`)
    this.#c = hashAddress(`#${seed}`)
    for (let i = 0; i < 12; i += 1) this.#next()
  }

  /** 0 (inclusive) to 1, 53 bits. */
  random(): number {
    return ((this.#next() >>> 5) * 2 ** 26 + (this.#next() >>> 6)) / 2 ** 53
  }

  /** A version 4 UUID. */
  uuid(): string {
    const words = [this.#next(), this.#next(), this.#next(), this.#next()]
    words[1] = ((words[1] as number) & 0xffff0fff) | 0x4000
    words[2] = ((words[2] as number) & 0x3fffffff) | 0x80000000
    const hex = words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}
