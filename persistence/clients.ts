/**
 * The last frame of each client: frames of one client are consecutive, and after a failed commit
 * each is told how far it really got (D5).
 */
import { isDamage } from './decode.ts'
import type { ReadMedium } from './medium.ts'
import type { Frame } from './segment.ts'
import type { Tail } from './store.ts'

interface Last {
  readonly epoch: number
  readonly seq: number
}

export class Clients {
  /** As of `#position`, which certainly is in the medium. */
  #confirmed = new Map<number, Last>()
  #position: number
  /** With the frames of the commit under way. */
  #current = new Map<number, Last>()

  /** @param position where the history ends at opening; no client has sent anything yet */
  constructor(position: number) {
    this.#position = position
  }

  /** True for the next frame of its client. */
  follows({ slot, epoch, seq }: Frame): boolean {
    const last = this.#current.get(slot)
    return seq === (last?.epoch === epoch ? last.seq : 0) + 1
  }

  note({ slot, epoch, seq }: Frame): void {
    this.#current.set(slot, { epoch, seq })
  }

  /** What was noted is in the medium, which now ends at `position`. */
  confirm(position: number): void {
    this.#position = position
    this.#confirmed = new Map(this.#current)
  }

  /** Goes back to what was confirmed, and on to what a failed commit did write. */
  recover(medium: ReadMedium): void {
    this.#current = new Map(this.#confirmed)
    const end = medium.position
    for (const found of medium.directories(this.#position + 1, end)) {
      if (isDamage(found)) continue
      this.#current.set(found.slot, { epoch: found.epoch, seq: found.seq })
    }
    this.confirm(end)
  }

  tails(): Tail['clients'] {
    return [...this.#current].map(([slot, { epoch, seq }]) => ({ slot, epoch, seq }))
  }
}
