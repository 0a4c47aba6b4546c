/**
 * Durable timers that wait, by actor and id and by due time (D8). No payloads: those lie in the
 * record that set the timer.
 *
 * Two times. *Due* is wall time, what the record says. *Its time* is on the line of the process, which
 * began as wall time and never jumps: due, less how far the wall clock had jumped when the timer was
 * set. In a process whose clock is left alone the two are the same.
 *
 * Invariant: a timer whose tick is still pending is *held*: it waits for no time, so that an actor that
 * cannot run costs one message a timer and not one a tick. Once the tick is consumed it is due as late
 * as it is, and its next tick says how many were missed. The same goes for one that is *withheld*,
 * because what it does kills (F3).
 */
import type { MessageRef } from './record.ts'

export interface Timer {
  /** Number of its actor. */
  readonly actor: number
  /** Number of its id's text; unique within the actor. */
  readonly id: number
  /** Number of the message name it sends. */
  readonly name: number
  readonly lane: number
  /** Wall time in ms of the next tick. */
  due: number
  /** Interval in ms, 0 for once. */
  readonly every: number
  /** The record that set it, and the ordinal of its part there. */
  readonly at: MessageRef
  /** Place in the heap, -1 while it waits for no time; this file's own. */
  slot: number
  /** Ms that the wall clock had jumped when it was set; this file's own. */
  shift: number
}

/** True for a timer that may not tick. */
export type Withholds = (timer: Timer) => boolean

const nothing: Withholds = () => false

export class TimerHeap {
  /** Those that wait for their time. */
  readonly #heap: Timer[] = []
  readonly #byActor = new Map<number, Map<number, Timer>>()
  /** Timers whose tick is pending, by the position of its record. */
  readonly #held = new Map<number, Timer>()
  readonly #tickOf = new Map<Timer, number>()
  #size = 0
  /** Of this process, not of the history: which timers may not tick. */
  #withholds: Withholds = nothing
  /** Ms that the wall clock has jumped in this process: what timers that are set now count out. */
  shift = 0

  get size(): number {
    return this.#size
  }

  /** The earliest of those that wait for their time, or undefined. */
  get next(): Timer | undefined {
    return this.#heap[0]
  }

  /** Timers of one actor. */
  of(actor: number): Iterable<Timer> {
    return this.#byActor.get(actor)?.values() ?? []
  }

  count(actor: number): number {
    return this.#byActor.get(actor)?.size ?? 0
  }

  *all(): Generator<Timer> {
    for (const own of this.#byActor.values()) yield* own.values()
  }

  /** Held timers, with the position of the record that their tick is in. */
  held(): Iterable<readonly [tick: number, timer: Timer]> {
    return this.#held
  }

  get(actor: number, id: number): Timer | undefined {
    return this.#byActor.get(actor)?.get(id)
  }

  /** Sets a timer, replacing the one with its id. */
  set(timer: Timer): void {
    this.cancel(timer.actor, timer.id)
    timer.shift = this.shift
    const own = this.#byActor.get(timer.actor)
    if (own === undefined) this.#byActor.set(timer.actor, new Map([[timer.id, timer]]))
    else own.set(timer.id, timer)
    this.#size += 1
    this.#enter(timer)
  }

  cancel(actor: number, id: number): void {
    const own = this.#byActor.get(actor)
    const timer = own?.get(id)
    if (own === undefined || timer === undefined) return
    own.delete(id)
    if (own.size === 0) this.#byActor.delete(actor)
    this.#size -= 1
    this.#leave(timer)
  }

  /** Moves a timer to its next tick. */
  move(timer: Timer, due: number): void {
    timer.due = due
    if (timer.slot >= 0) this.#settle(timer)
  }

  /** From now on it waits for its tick, which the record at this position holds. */
  hold(timer: Timer, tick: number): void {
    // A record fires one timer. Of one that fires more, nothing of ours, the others go on.
    if (this.#held.has(tick)) return
    this.#leave(timer)
    this.#held.set(tick, timer)
    this.#tickOf.set(timer, tick)
  }

  /** The actor has taken its tick from this record, if there was one. */
  taken(actor: number, tick: number): void {
    const timer = this.#held.get(tick)
    if (timer?.actor !== actor) return
    this.#leave(timer)
    this.#enter(timer)
  }

  /** These may not tick until they are told otherwise. */
  withhold(withholds: Withholds): void {
    this.#withholds = withholds
    for (const timer of this.all()) {
      if (this.#tickOf.has(timer)) continue
      this.#leave(timer)
      this.#enter(timer)
    }
  }

  /** Folded anew in the same process: whatever was known here before keeps its time. */
  takeOver(before: TimerHeap): void {
    this.shift = before.shift
    this.#withholds = before.#withholds
    for (const timer of this.all()) {
      const known = before.get(timer.actor, timer.id)
      const isSame = known?.at.position === timer.at.position && known.at.index === timer.at.index
      timer.shift = isSame ? known.shift : before.shift
    }
    // Times have changed all over: every timer goes in again.
    for (const timer of this.#heap.splice(0)) this.#enter(timer)
  }

  /** Timers whose time has come at `now`, earliest first, at most `limit`; they stay. */
  due(now: number, limit: number): Timer[] {
    const found: Timer[] = []
    const visit = (slot: number): void => {
      const timer = this.#heap[slot]
      if (timer === undefined || timeOf(timer) > now) return
      found.push(timer)
      visit(2 * slot + 1)
      visit(2 * slot + 2)
    }
    visit(0)
    return found.sort(byTime).slice(0, limit)
  }

  #enter(timer: Timer): void {
    timer.slot = -1
    if (this.#withholds(timer)) return
    this.#put(timer, this.#heap.length)
    this.#up(timer)
  }

  /** Out of the heap, or out of those that are held. */
  #leave(timer: Timer): void {
    const tick = this.#tickOf.get(timer)
    if (tick !== undefined) this.#held.delete(tick)
    this.#tickOf.delete(timer)
    if (timer.slot < 0) return
    const last = this.#heap.pop() as Timer
    if (last !== timer) {
      this.#put(last, timer.slot)
      this.#settle(last)
    }
    timer.slot = -1
  }

  #put(timer: Timer, slot: number): void {
    timer.slot = slot
    this.#heap[slot] = timer
  }

  #settle(timer: Timer): void {
    this.#up(timer)
    this.#down(timer)
  }

  #up(timer: Timer): void {
    while (timer.slot > 0) {
      const parent = this.#heap[(timer.slot - 1) >> 1] as Timer
      if (timeOf(parent) <= timeOf(timer)) return
      this.#swap(timer, parent)
    }
  }

  #down(timer: Timer): void {
    for (;;) {
      const child = this.#earlierChild(timer.slot)
      if (child === undefined || timeOf(timer) <= timeOf(child)) return
      this.#swap(timer, child)
    }
  }

  #earlierChild(slot: number): Timer | undefined {
    const left = this.#heap[2 * slot + 1]
    const right = this.#heap[2 * slot + 2]
    return right !== undefined && left !== undefined && timeOf(right) < timeOf(left) ? right : left
  }

  #swap(a: Timer, b: Timer): void {
    const slot = a.slot
    this.#put(a, b.slot)
    this.#put(b, slot)
  }
}

/** When a timer is to fire, in ms on the line of the process. */
export function timeOf({ due, shift }: Timer): number {
  return due - shift
}

/** Equal times fire in the order they were set. */
function byTime(a: Timer, b: Timer): number {
  return timeOf(a) - timeOf(b) || a.at.position - b.at.position || a.at.index - b.at.index
}
