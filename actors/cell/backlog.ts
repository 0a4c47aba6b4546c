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
 * What is only in the store is known by lane: what comes in memory only waits behind it (`followers.ts`).
 *
 * Invariants
 * 1. Each stored message is in memory once, or counted in `inStore`, or in transit.
 * 2. Everything accepted up to `#floor` has been read; what came later is read again from there.
 * 3. A stored message that came, or that a wake told of, and is not in memory has its lane in `#lanes`.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import type { MessageRef } from '../../persistence/record.ts'
import type { PendingPage } from '../../persistence/stored.ts'

export type BacklogState = 'following' | 'spilled' | 'reading'

export class Backlog {
  state: BacklogState = 'spilled'
  /** Where the next page starts. */
  next: MessageRef = fromTheStart
  #floor = 0
  #held: Envelope[] = []
  /** Consumed while a page is on its way, which may still show them. */
  #consumed: Set<string> | undefined
  #readAgain = false
  /** The store may hold messages that are not in memory. */
  unread = false
  /** In these lanes, as bits. */
  #lanes = allLanes
  /** In these since the page that is on its way was asked for. */
  #lanesSince = 0

  /**
   * What to do with a message that arrived: take it now, leave it to the store, or forget this copy,
   * since it was read before.
   */
  arrived(envelope: Envelope): 'take' | 'leave' | 'forget' {
    if (envelope.position <= this.#floor) return 'forget'
    if (this.state === 'following') return 'take'
    if (this.state === 'reading') this.#held.push(envelope)
    this.#leave(bitOf(envelope.lane))
    return 'leave'
  }

  /** There is no room for a message of this lane: from now on messages stay in the store. */
  spill(lane: LaneNumber): void {
    this.#leave(bitOf(lane))
    this.#readFromFloor()
  }

  /** The store may hold messages that nobody brought here; in any lane when none is named. */
  wake(lane: LaneNumber | undefined): void {
    this.#leave(lane === undefined ? allLanes : bitOf(lane))
    if (this.state === 'reading') this.#readAgain = true
    else this.#readFromFloor()
  }

  /** Messages of this lane may be in the store only: what comes now waits behind them (T2). */
  mayHold(lane: LaneNumber): boolean {
    return (this.#lanes & bitOf(lane)) !== 0
  }

  #leave(lanes: number): void {
    this.unread = true
    this.#lanes |= lanes
    this.#lanesSince |= lanes
  }

  #readFromFloor(): void {
    if (this.state !== 'following') return
    this.state = 'spilled'
    this.next = after(this.#floor)
  }

  /** A page is being read. */
  read(): void {
    this.state = 'reading'
    this.#held = []
    this.#consumed = undefined
    this.#readAgain = false
    this.#lanesSince = 0
  }

  /** Reading failed; the same page is read again later. */
  readFailed(): void {
    this.state = 'spilled'
    this.#held = []
  }

  /** A record consumed this message. */
  consumed(key: string): void {
    if (this.state !== 'reading') return
    this.#consumed ??= new Set()
    this.#consumed.add(key)
  }

  wasConsumed(key: string): boolean {
    return this.#consumed?.has(key) ?? false
  }

  /**
   * The page is here. Returns the messages that arrived meanwhile and are not in it, if this was the
   * last page; else they are in a later one.
   */
  arrivedMeanwhile({ position, next, lanes }: PendingPage): Envelope[] {
    const held = this.#held
    this.#held = []
    this.state = 'spilled'
    this.#lanes = lanes | this.#lanesSince
    if (next !== undefined) {
      this.next = next
      return []
    }
    this.#floor = position
    this.next = after(position)
    if (this.#readAgain) return []
    this.state = 'following'
    this.unread = false
    this.#lanes = 0
    return held.filter((envelope) => envelope.position > position)
  }

  /** The store must be read from its start: the actor is loaded. */
  restart(): void {
    this.state = 'spilled'
    this.next = fromTheStart
    this.#floor = 0
    this.#held = []
    this.#lanes = allLanes
  }
}

function bitOf(lane: LaneNumber): number {
  return 1 << lane
}

/** Each user lane. */
const allLanes = (2 << Lane.low) - (1 << Lane.control)

const fromTheStart: MessageRef = Object.freeze({ position: 0, index: 0 })

/** Behind every message accepted at `position` or before. */
function after(position: number): MessageRef {
  return { position, index: Number.MAX_SAFE_INTEGER }
}
