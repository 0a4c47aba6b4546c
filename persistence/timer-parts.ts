/** What timer parts do to the timers that wait (D8). */
import { At, entrySize, MessageAt, nextRecord, TimerAt } from './directory.ts'
import type { Folding } from './folding.ts'
import { PartFlag, PartKind } from './record.ts'
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

/** Moves a timer to its next tick, for which it waits until this one is taken, or ends it. */
export function fireTimer(timers: TimerHeap, record: Folding, part: number): void {
  const { view, position } = record
  const timer = timerOf(timers, view, part)
  if (timer === undefined) return
  const next = view.getFloat64(part + TimerAt.next, true)
  if (next === 0) return timers.cancel(timer.actor, timer.id)
  timers.move(timer, next)
  if (bringsTick(record, part + entrySize, timer.actor)) timers.hold(timer, position)
}

/** True when the part there is a message that will be pending for the actor. */
function bringsTick({ view, at }: Folding, part: number, actor: number): boolean {
  return (
    part < nextRecord(view, at) &&
    view.getUint8(part) === PartKind.message &&
    (view.getUint16(part + At.flags, true) & PartFlag.durable) !== 0 &&
    view.getUint32(part + MessageAt.to, true) === actor
  )
}
