/**
 * How many bytes the codec will make of a value, at least and at most, summed up on a walk over it: most
 * values are so far below the limit that nobody needs to encode them to know (T5).
 *
 * The bounds lie within a small factor: a number takes 1 to 9 bytes, a character of a text 1 to 3.
 */

/** Longest of what is no content: a Date, or an extension with an array in it. */
const header = 16

export class Extent {
  least = 0
  most = 0

  addContainer(): void {
    this.least += 1
    this.most += header
  }

  addBytes(length: number): void {
    this.least += length
    this.most += header + length
  }

  addText(text: string): void {
    this.least += text.length
    this.most += header + 3 * text.length
  }

  /** Of any other type than text or a large integer: at most a float. */
  addPrimitive(value: unknown): void {
    if (typeof value === 'string') return this.addText(value)
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value) {
      return this.addBytes(value.toString(16).length >> 1)
    }
    this.least += 1
    this.most += 9
  }
}
