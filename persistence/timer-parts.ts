/** What timer parts do to the timers that wait (D8). */
import { At, entrySize, TimerAt } from './directory.ts'
import type { Folding } from './folding.ts'
import type { Timer, TimerHeap } from './timer-heap.ts'

/** The timer a part names, if it waits. */
export function timerOf(timers: TimerHeap, view: DataView, part: number): Timer | undefined {
  const actor = view.getUint32(part + TimerAt.actor, true)
  return timers.get(actor, view.getUint32(part + TimerAt.id, true))
}

export function setTimer(timers: TimerHeap, { view, at, position }: Folding, part: number): void {
  timers.set({
    actor: view.getUint32(part + TimerAt.actor, true),
    id: view.getUint32(part + TimerAt.id, true),
    name: view.getUint32(part + TimerAt.name, true),
    lane: view.getUint8(part + At.lane),
    due: view.getFloat64(part + TimerAt.due, true),
    every: view.getFloat64(part + TimerAt.every, true),
    at: { position, index: (part - at) / entrySize - 1 },
    slot: 0,
    shift: 0,
  })
}

export function cancelTimer(timers: TimerHeap, view: DataView, part: number): void {
  const actor = view.getUint32(part + TimerAt.actor, true)
  timers.cancel(actor, view.getUint32(part + TimerAt.id, true))
}

/** Moves a timer to its next tick, or ends it. */
export function fireTimer(timers: TimerHeap, view: DataView, part: number): void {
  const timer = timerOf(timers, view, part)
  if (timer === undefined) return
  const next = view.getFloat64(part + TimerAt.next, true)
  if (next === 0) timers.cancel(timer.actor, timer.id)
  else timers.move(timer, next)
}
