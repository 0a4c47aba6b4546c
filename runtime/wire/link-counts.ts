/**
 * What one direction of a link carried, per actor type, in shared memory (M4): the sender writes
 * `sent`, the receiver `received`, and whoever is left can tell what was on its way when one dies.
 */

import { typeOf } from '../../mailbox/address.ts'
import { Memo } from '../../mailbox/memo.ts'

/** Columns of a row; stored messages can be read again from the store, volatile ones cannot. */
export const LinkCount = Object.freeze({
  sentVolatile: 0,
  sentStored: 1,
  receivedVolatile: 2,
  receivedStored: 3,
})

const columns = 4
/** The row behind those of the types: frames, which carry signals and replies too. */
const FrameCount = Object.freeze({ sent: 0, received: 1 })

/** Messages, by whether the store holds them. */
export interface Carried {
  readonly volatile: number
  readonly stored: number
}

export class LinkCounts {
  readonly shared: SharedArrayBuffer
  readonly #rows = new Map<string, Float64Array>()
  readonly #rowOf = new Memo((to) => this.#rows.get(typeOf(to)))
  readonly #frames: Float64Array

  /** @param types actor types in the app's order, the same on all threads */
  constructor(types: Iterable<string>, shared?: SharedArrayBuffer) {
    const names = [...types]
    const bytes = columns * Float64Array.BYTES_PER_ELEMENT
    this.shared = shared ?? new SharedArrayBuffer((names.length + 1) * bytes)
    names.forEach((type, row) => {
      this.#rows.set(type, new Float64Array(this.shared, row * bytes, columns))
    })
    this.#frames = new Float64Array(this.shared, names.length * bytes, columns)
  }

  /** @param to its receiver, `type/key` */
  sent(to: string, stored: boolean): void {
    this.#add(to, stored ? LinkCount.sentStored : LinkCount.sentVolatile)
  }

  received(to: string, stored: boolean): void {
    this.#add(to, stored ? LinkCount.receivedStored : LinkCount.receivedVolatile)
  }

  frameSent(): void {
    this.#frames[FrameCount.sent] = this.framesSent + 1
  }

  /** It was taken apart, and all that was in it is where it belongs. */
  frameTaken(): void {
    this.#frames[FrameCount.received] = this.framesTaken + 1
  }

  get framesSent(): number {
    return this.#frames[FrameCount.sent] as number
  }

  get framesTaken(): number {
    return this.#frames[FrameCount.received] as number
  }

  /** On their way, per type. */
  *inTransit(): Generator<{ type: string; volatile: number; stored: number }> {
    for (const [type, row] of this.#rows) {
      const [sentVolatile = 0, sentStored = 0, receivedVolatile = 0, receivedStored = 0] = row
      yield {
        type,
        volatile: sentVolatile - receivedVolatile,
        stored: sentStored - receivedStored,
      }
    }
  }

  /** All that it ever carried, per type. */
  *totals(): Generator<[type: string, { readonly sent: Carried; readonly received: Carried }]> {
    for (const [type, row] of this.#rows) {
      const [sentVolatile = 0, sentStored = 0, receivedVolatile = 0, receivedStored = 0] = row
      const sent = { volatile: sentVolatile, stored: sentStored }
      yield [type, { sent, received: { volatile: receivedVolatile, stored: receivedStored } }]
    }
  }

  #add(to: string, column: number): void {
    const row = this.#rowOf.of(to)
    if (row !== undefined) row[column] = (row[column] as number) + 1
  }
}
