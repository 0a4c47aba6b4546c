/**
 * How still a thread is, for those who wait until nothing more will come of what was sent.
 *
 * Two ways to know it, and both must agree: no part of the thread has anything out, and by the accounts
 * nothing runs and nothing waits (M4), but what waits for somebody.
 */
import type { Cell } from '../../actors/cell/cell.ts'
import { Count } from '../../mailbox/accounting.ts'
import type { Accounts } from './accounts.ts'

/** The thread that is looked at. */
export interface StillThread {
  readonly accounts: Accounts
  readonly residents: Iterable<Cell>
  /** Nothing stands in the run queue, and no part has anything out. */
  readonly isStill: boolean
}

/** Nothing runs; what waits in the store waits there for a time or for somebody. */
export function isResting({ isStill, residents }: StillThread): boolean {
  if (!isStill) return false
  for (const cell of residents) if (!cell.settled) return false
  return true
}

/** Nothing will happen here by itself before a timer is due. */
export function isQuiet({ isStill, residents, accounts }: StillThread): boolean {
  if (!isStill) return false
  let held = 0
  for (const cell of residents) {
    if (cell.waitsFor === 'somebody') held += cell.inbox.size
    else if (!cell.settled || cell.waitsFor === 'time') return false
  }
  return accounts.sum(Count.running) === 0 && accounts.pending === held
}

/** Messages wait here, or in the store, for somebody to do something about their actor. */
export function isAwaiting({ residents }: StillThread): boolean {
  for (const { waitsFor } of residents) if (waitsFor === 'somebody') return true
  return false
}
