/**
 * The accounting of messages (M4), per actor type and thread:
 *
 *   accepted = processed + running + in transit + pending + stashed + dead-lettered + lost
 *
 * Each thread counts in a row of its own, in shared memory where there are several threads, so the
 * sum can be read at any time without a message and survives the death of a thread. A row is
 * written by one thread only; the identity is exact when nothing moves.
 */

import { Lane, type UserLane } from './lane.ts'

/** Columns of a row. */
export const Count = Object.freeze({
  /** Messages that got an envelope, refused ones (`full`) included. */
  accepted: 0,
  /** Turns ended, an ask answered with an error included. */
  processed: 1,
  deadLettered: 2,
  running: 3,
  stashed: 4,
  /** Waiting in the store only: counted where it was last seen, may be negative on one thread. */
  inStore: 5,
  /** Gone with the memory of a dead thread (F4). */
  lost: 6,
  /** Accepted, processed and dead-lettered by records of this thread: not counted above. */
  storeAccepted: 7,
  storeProcessed: 8,
  storeDead: 9,
  /** Messages that were in memory only and that a record of this thread put into the store. */
  handed: 10,
  /** Waiting in mailboxes of this thread, by user lane: from here on, `pendingColumn`. */
  pending: 11,
  /** Taken into hand, by user lane: from here on, `takenColumn`. No part of the identity. */
  taken: 15,
})

/** Where the messages of a user lane are counted that wait in a mailbox. */
export function pendingColumn(lane: number): number {
  return Count.pending + lane - Lane.control
}

/** Where the messages of a user lane are counted that were taken into hand. */
export function takenColumn(lane: number): number {
  return Count.taken + lane - Lane.control
}

/**
 * The columns of what the store knows too, from `storeAccepted`. They change only when it answers;
 * of a dead thread its word counts, not the thread's.
 */
export const storeColumns = 4

/** Columns in a row; kept a multiple of 8 doubles so that two types never share a cache line. */
export const countColumns = 24

/** One type's counts on one thread. */
export type CountRow = Float64Array

/** The counts of one type, or of all, summed over threads. */
export interface Accounting {
  readonly accepted: number
  readonly processed: number
  readonly running: number
  readonly inTransit: number
  /** In mailboxes and in the store. */
  readonly pending: number
  readonly stashed: number
  readonly deadLettered: number
  readonly lost: number
}

/** Messages by the lane they travel in. */
export type ByLane = Readonly<Record<UserLane, number>>

/** Sums what rows say of lanes. @param column where a lane is counted */
export function sumLanes(rows: readonly CountRow[], column: (lane: number) => number): ByLane {
  const sum = (lane: number): number => sumOf(rows, column(lane))
  return {
    control: sum(Lane.control),
    high: sum(Lane.high),
    normal: sum(Lane.normal),
    low: sum(Lane.low),
  }
}

/** Messages that wait. */
export interface Waiting {
  /** In mailboxes, and for a way to another thread. */
  readonly byLane: ByLane
  /** In the store only, until their actor has room or is there: it knows their lanes. */
  readonly inStore: number
}

/** Sums what waits: the two parts of `pending`. */
export function sumWaiting(rows: readonly CountRow[]): Waiting {
  return { byLane: sumLanes(rows, pendingColumn), inStore: sumOf(rows, Count.inStore) }
}

/** In the mailboxes that a row counts, whatever the lane. */
export function pendingIn(row: CountRow): number {
  let sum = 0
  for (let lane: number = Lane.control; lane <= Lane.low; lane += 1) {
    sum += at(row, pendingColumn(lane))
  }
  return sum
}

/**
 * Sums rows of one type from all threads.
 * @param inTransit messages on links, which count for themselves
 */
export function sumRows(rows: Iterable<CountRow>, inTransit = 0): Accounting {
  const total = new Float64Array(countColumns)
  for (const row of rows) {
    for (let i = 0; i < countColumns; i += 1) total[i] = at(total, i) + at(row, i)
  }
  return {
    accepted: at(total, Count.accepted) + at(total, Count.storeAccepted),
    processed: at(total, Count.processed) + at(total, Count.storeProcessed),
    running: at(total, Count.running),
    inTransit,
    pending: pendingIn(total) + at(total, Count.inStore),
    stashed: at(total, Count.stashed),
    deadLettered: at(total, Count.deadLettered) + at(total, Count.storeDead),
    lost: at(total, Count.lost),
  }
}

/** What the identity is off by: 0 when every message is accounted for. */
export function imbalance(sum: Accounting): number {
  return (
    sum.accepted -
    sum.processed -
    sum.running -
    sum.inTransit -
    sum.pending -
    sum.stashed -
    sum.deadLettered -
    sum.lost
  )
}

function sumOf(rows: readonly CountRow[], column: number): number {
  return rows.reduce((total, row) => total + at(row, column), 0)
}

function at(row: Float64Array, column: number): number {
  return row[column] as number
}
