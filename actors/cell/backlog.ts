/**
 * Which stored messages of a durable actor are in memory. The store has all of them; memory has the
 * next ones. A message that finds no room is left there and read again later (M3), and one that was
 * read already is not taken twice.
 *
 *   reading ── page without `next` ──► following ── no room, or a wake ──► spilled ── room ──► reading
 *
 * following: arrivals are taken. spilled: they are left. reading: they are held until the page is
 * here, since only its position says which of them it contains.
 *
 * Invariants
 * 1. Each stored message is in memory once, or counted in `inStore`, or in transit.
 * 2. Everything accepted up to `#floor` has been read; what came later is read again from there.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import type { MessageRef } from '../../persistence/record.ts'

export type BacklogState = 'following' | 'spilled' | 'reading'

export class Backlog {
  state: BacklogState = 'spilled'
  /** Where the next page starts. */
  next: MessageRef = fromTheStart
  #floor = 0
  #held: Envelope[] = []
  /** Consumed while a page is on its way, which may still show them. */
  readonly #consumed = new Set<string>()
  #readAgain = false
  /** The store may hold messages that are not in memory. */
  unread = false

  /** What to do with a message that arrived: take it now, or leave it to the store. */
  arrived(envelope: Envelope): 'take' | 'leave' {
    if (envelope.position <= this.#floor) return 'leave'
    if (this.state === 'reading') this.#held.push(envelope)
    if (this.state === 'following') return 'take'
    this.unread = true
    return 'leave'
  }

  /** There is no room: from now on messages stay in the store. */
  spill(): void {
    if (this.state !== 'following') return
    this.state = 'spilled'
    this.unread = true
    this.next = after(this.#floor)
  }

  /** The store may hold messages that nobody brought here. */
  wake(): void {
    this.unread = true
    if (this.state === 'reading') this.#readAgain = true
    else this.spill()
  }

  /** A page is being read. */
  read(): void {
    this.state = 'reading'
    this.#held = []
    this.#consumed.clear()
    this.#readAgain = false
  }

  /** Reading failed; the same page is read again later. */
  readFailed(): void {
    this.state = 'spilled'
    this.#held = []
  }

  /** A record consumed this message. */
  consumed(key: string): void {
    if (this.state === 'reading') this.#consumed.add(key)
  }

  wasConsumed(key: string): boolean {
    return this.#consumed.has(key)
  }

  /**
   * The page is here. Returns the messages that arrived meanwhile and are not in it, if this was the
   * last page; else they are in a later one.
   */
  arrivedMeanwhile(position: number, next: MessageRef | undefined): Envelope[] {
    const held = this.#held
    this.#held = []
    this.state = 'spilled'
    if (next !== undefined) {
      this.next = next
      return []
    }
    this.#floor = position
    this.next = after(position)
    if (this.#readAgain) return []
    this.state = 'following'
    this.unread = false
    return held.filter((envelope) => envelope.position > position)
  }

  /** The store must be read from its start: the actor is loaded. */
  restart(): void {
    this.state = 'spilled'
    this.next = fromTheStart
    this.#floor = 0
    this.#held = []
  }
}

const fromTheStart: MessageRef = Object.freeze({ position: 0, index: 0 })

/** Behind every message accepted at `position` or before. */
function after(position: number): MessageRef {
  return { position, index: Number.MAX_SAFE_INTEGER }
}
