/**
 * Whether a record fits the ledger as it stands: asked before it is folded in, so that a record is
 * refused alone and whole (D5). Its numbers are the store's already.
 */
import { At, entrySize, getU48, nextRecord, TimerAt } from './directory.ts'
import { hasInline, needsPending } from './folding.ts'
import type { Ledger } from './ledger.ts'
import { PartKind, RecordKind } from './record.ts'
import type { RefusalReason } from './store.ts'
import { timerOf } from './timer-parts.ts'

/**
 * Why the record at `at` cannot be committed now; undefined when it can.
 * @param fires whether its frame fires any timer
 */
export function misfit(
  ledger: Ledger,
  view: DataView,
  at: number,
  fires: boolean,
): RefusalReason | undefined {
  const kind = view.getUint8(at) as RecordKind
  if (kind === RecordKind.turn && !turnFollows(ledger, view, at)) return 'turn-mismatch'
  if (needsPending(kind) && !hasMessage(ledger, view, at)) return 'not-pending'
  return fires && !timersAreDue(ledger, view, at) ? 'timer-not-due' : undefined
}

function turnFollows({ actors }: Ledger, view: DataView, at: number): boolean {
  const row = actors.open(view.getUint32(at + At.actor, true))
  return getU48(view, at + At.turn) === actors.turn(row) + 1
}

/** True when the record's message is pending, comes with it, or is none. */
function hasMessage({ actors, pending }: Ledger, view: DataView, at: number): boolean {
  const position = view.getFloat64(at + At.position, true)
  if (position === 0 || (position < 0 && hasInline(view, at))) return true
  const row = actors.open(view.getUint32(at + At.actor, true))
  return pending.find(row, position, view.getUint32(at + At.index, true)) !== 0
}

/** True when every timer it fires waits for just that time (D8). */
function timersAreDue({ timers }: Ledger, view: DataView, at: number): boolean {
  const end = nextRecord(view, at)
  for (let part = at + entrySize; part < end; part += entrySize) {
    if (view.getUint8(part) !== PartKind.timerFired) continue
    const due = view.getFloat64(part + TimerAt.due, true)
    if (timerOf(timers, view, part)?.due !== due) return false
  }
  return true
}
