/**
 * Which stored messages of a durable actor are in memory. The store has all of them; memory has the
 * next ones. A message that finds no room is left there and read again later (M3), and one that was
 * read already is not taken twice.
 *
 *   reading ── page without `next` ──► following ── no room ──► spilled ── room ──► reading
 *
 * following: arrivals are taken. spilled: they are left. reading: they are held until the page is
 * here, since only its position says which of them it contains.
 *
 * Invariant: each stored message is in memory once, or counted in `inStore`, or in transit.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import type { MessageRef } from '../../persistence/record.ts'

export type BacklogState = 'following' | 'spilled' | 'reading'

export class Backlog {
  state: BacklogState = 'spilled'
  /** Where the next page starts. */
  next: MessageRef = { position: 0, index: 0 }
  /** Everything accepted up to here has been read. */
  #floor = 0
  #held: Envelope[] = []

  /** What to do with a message that arrived: take it now, or leave it to the store. */
  arrived(envelope: Envelope): 'take' | 'leave' {
    if (envelope.position <= this.#floor) return 'leave'
    if (this.state === 'reading') this.#held.push(envelope)
    return this.state === 'following' ? 'take' : 'leave'
  }

  /** There is no room: from now on messages stay in the store. */
  spill(): void {
    this.state = 'spilled'
  }

  /** A page is being read. */
  read(): void {
    this.state = 'reading'
    this.#held = []
  }

  /**
   * The page is here. Returns the messages that arrived meanwhile and are not in it, if this was the
   * last page; else they are in a later one.
   */
  arrivedMeanwhile(position: number, next: MessageRef | undefined): Envelope[] {
    const held = this.#held
    this.#held = []
    if (next !== undefined) {
      this.next = next
      this.state = 'spilled'
      return []
    }
    this.#floor = position
    this.state = 'following'
    return held.filter((envelope) => envelope.position > position)
  }

  /** The store must be read from its start: a host died, or a turn was undone. */
  restart(): void {
    this.state = 'spilled'
    this.next = { position: 0, index: 0 }
    this.#held = []
  }
}
