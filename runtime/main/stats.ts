/**
 * Figures of a running system, read without asking any thread: accounting rows and link counts lie
 * in shared memory (M4).
 */

import {
  type Accounting,
  type ByLane,
  imbalance,
  sumLanes,
  sumRows,
  sumWaiting,
  takenColumn,
  type Waiting,
} from '../../mailbox/accounting.ts'
import type { Counters } from '../peer/counters.ts'
import type { HostsView } from './hosts-view.ts'

/** What `system.stats()` answers. */
export interface SystemStats {
  /** All types together. */
  readonly total: Accounting
  readonly byType: Readonly<Record<string, Accounting>>
  /** What `pending` is made of, by actor type: what waits in mailboxes, by lane, and in the store. */
  readonly waiting: Readonly<Record<string, Waiting>>
  /** Messages taken into hand since the start, by actor type and lane: how the lanes share (M2). */
  readonly taken: Readonly<Record<string, ByLane>>
  /** 0 when every message is accounted for and nothing moves. */
  readonly imbalance: number
}

/** @param main counters of the main thread */
export function readStats(
  types: Iterable<string>,
  main: Counters,
  hosts: HostsView | undefined,
): SystemStats {
  const byType: Record<string, Accounting> = {}
  const waiting: Record<string, Waiting> = {}
  const taken: Record<string, ByLane> = {}
  const transit = hosts?.inTransit()
  for (const type of types) {
    const rows = [main, ...(hosts?.counters() ?? [])].map((counters) => counters.row(type))
    byType[type] = sumRows(rows, transit?.get(type) ?? 0)
    waiting[type] = sumWaiting(rows)
    taken[type] = sumLanes(rows, takenColumn)
  }
  const total = addAll(Object.values(byType))
  return { total, byType, waiting, taken, imbalance: imbalance(total) }
}

function addAll(parts: readonly Accounting[]): Accounting {
  const sum = (pick: (part: Accounting) => number): number =>
    parts.reduce((total, part) => total + pick(part), 0)
  return {
    accepted: sum((part) => part.accepted),
    processed: sum((part) => part.processed),
    running: sum((part) => part.running),
    inTransit: sum((part) => part.inTransit),
    pending: sum((part) => part.pending),
    stashed: sum((part) => part.stashed),
    deadLettered: sum((part) => part.deadLettered),
    lost: sum((part) => part.lost),
  }
}
