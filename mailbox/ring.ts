/**
 * A growable ring buffer: the queue under every lane. O(1) at both ends, no allocation while it
 * does not grow, and a slot is cleared when its item leaves so that nothing is kept alive.
 *
 *        head                tail = (head + length) & mask
 *         v                   v
 *   [ . . a b c d e f g h i j . . ]
 */
export class Ring<T> {
  // Plain fields, not #private: this is the hottest structure of the runtime.
  // Room comes with the first item: most of an idle actor's lanes never see one.
  private items: (T | undefined)[] = nothing
  private mask = -1
  private head = 0
  length = 0

  push(item: T): void {
    if (this.length > this.mask) this.grow()
    this.items[(this.head + this.length) & this.mask] = item
    this.length += 1
  }

  unshift(item: T): void {
    if (this.length > this.mask) this.grow()
    this.head = (this.head - 1) & this.mask
    this.items[this.head] = item
    this.length += 1
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined
    const item = this.items[this.head]
    this.items[this.head] = undefined
    this.head = (this.head + 1) & this.mask
    this.length -= 1
    return item
  }

  pop(): T | undefined {
    if (this.length === 0) return undefined
    this.length -= 1
    const index = (this.head + this.length) & this.mask
    const item = this.items[index]
    this.items[index] = undefined
    return item
  }

  /** The item `index` places from the front. */
  at(index: number): T | undefined {
    return index >= 0 && index < this.length
      ? this.items[(this.head + index) & this.mask]
      : undefined
  }

  /** Removes and returns the item `index` places from the front. Moves the shorter side. */
  removeAt(index: number): T | undefined {
    if (index < 0 || index >= this.length) return undefined
    const item = this.at(index)
    if (index < this.length / 2) {
      for (let i = index; i > 0; i -= 1) this.move(i - 1, i)
      this.shift()
    } else {
      for (let i = index; i < this.length - 1; i += 1) this.move(i + 1, i)
      this.pop()
    }
    return item
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.length; i += 1) yield this.at(i) as T
  }

  private move(from: number, to: number): void {
    this.items[(this.head + to) & this.mask] = this.items[(this.head + from) & this.mask]
  }

  private grow(): void {
    const size = Math.max(4, this.items.length * 2)
    const items = new Array<T | undefined>(size).fill(undefined)
    for (let i = 0; i < this.length; i += 1) items[i] = this.items[(this.head + i) & this.mask]
    this.items = items
    this.mask = size - 1
    this.head = 0
  }
}

/** What every ring without room holds; it grows before anything is written. */
const nothing = Object.freeze([]) as unknown as undefined[]
