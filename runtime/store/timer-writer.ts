/**
 * Fires durable timers (D8): a timer that is due becomes an accepted message to its actor, in the
 * same record that moves the timer on, so a tick is neither lost nor doubled by a crash.
 *
 * Due times are stored as wall time, for the next process. In this one delays run on the monotonic
 * clock: its line begins as wall time at the start, and what the wall clock jumps is counted out of
 * timers that are set later. Ticks missed meanwhile, by a stopped process or a busy store, are one
 * message that says how many.
 */

import type { CancelAlarm, Clock } from '../../mailbox/clock.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { PartFlag, RecordKind } from '../../persistence/record.ts'
import { type Frame, SegmentBuilder } from '../../persistence/segment.ts'
import type { Ack, Store, Tail } from '../../persistence/store.ts'
import type { DueTimer } from '../../persistence/stored.ts'

/** The slot number under which the store's own records are counted. */
export const timerSlot = 1_000_001
/** Most timers fired in one frame. */
const batch = 256
/** Ms between wall time and the process's line that are no jump but two clocks read in turn. */
const tolerance = 50

export class TimerWriter {
  readonly #store: Store
  readonly #clock: Clock
  readonly #send: (frame: Frame) => void
  readonly #failed: (error: unknown) => void
  readonly #faults: Faults | undefined
  #builder: SegmentBuilder | undefined
  /** Wall time at monotonic zero, as of the start. */
  readonly #start: number
  #shift = 0
  #epoch = 0
  #fired: string[] = []
  #waiting = false
  #hasBegun = false
  #alarm: CancelAlarm | undefined

  /** @param failed told when the store could not be asked: it has to be opened again */
  constructor(
    store: Store,
    clock: Clock,
    send: (frame: Frame) => void,
    failed: (error: unknown) => void,
    faults?: Faults,
  ) {
    this.#store = store
    this.#clock = clock
    this.#start = clock.wall() - clock.mono()
    this.#send = send
    this.#failed = failed
    this.#faults = faults
  }

  owns(slot: number): boolean {
    return slot === timerSlot
  }

  /** From now on timers fire. */
  begin(): void {
    this.#hasBegun = true
    this.arm()
  }

  /** A tick is being written, or is about to be. */
  get isDue(): boolean {
    if (!this.#hasBegun) return false
    return this.#waiting || (this.#store.nextDue() ?? Number.POSITIVE_INFINITY) <= this.#now
  }

  /** Looks when the next timer is due; called whenever that may have changed. */
  arm(): void {
    this.disarm()
    if (this.#waiting || !this.#hasBegun) return
    const due = this.#store.nextDue()
    if (due === undefined) return
    const wait = Math.max(0, due - this.#now)
    this.#alarm = this.#clock.alarm(this.#clock.mono() + wait, () => this.#ring())
  }

  /** Before a commit: what its timers have to count out, if the wall clock was moved. */
  lookAtClock(): void {
    const shift = this.#clock.wall() - this.#now
    if (Math.abs(shift - this.#shift) <= tolerance) return
    this.#shift = shift
    this.#store.shiftClock(shift)
  }

  /** On the line of the process. */
  get #now(): number {
    return this.#start + this.#clock.mono()
  }

  disarm(): void {
    this.#alarm?.()
    this.#alarm = undefined
  }

  /** The frame of fired timers was committed: the actors that have a tick now. */
  answered(ack: Ack): readonly string[] {
    this.#waiting = false
    const refused = new Set(ack.refused.map(({ record }) => record))
    return this.#fired.filter((_, record) => !refused.has(record))
  }

  /** A commit failed: number the next frame from what the store really holds (D5). */
  lost(tail: Tail): void {
    this.#waiting = false
    const seq = tail.clients.find(({ slot }) => slot === timerSlot)?.seq ?? 0
    if (this.#builder !== undefined) {
      this.#builder = new SegmentBuilder(timerSlot, this.#epoch, seq + 1)
    }
  }

  #ring(): void {
    try {
      this.#fire()
    } catch (error) {
      this.#failed(error)
    }
  }

  #fire(): void {
    const due = this.#store.dueTimers(this.#now, batch)
    if (due.length === 0) return this.arm()
    this.#faults?.('timer:before-fire')
    const builder = this.#open()
    this.#fired = due.map((timer) => timer.actor)
    for (const timer of due) write(builder, timer, this.#clock.wall())
    this.#waiting = true
    this.#send(builder.take())
    this.#faults?.('timer:fired')
  }

  #open(): SegmentBuilder {
    if (this.#builder === undefined) {
      this.#epoch = this.#store.beginEpoch(timerSlot)
      this.#builder = new SegmentBuilder(timerSlot, this.#epoch)
    }
    return this.#builder
  }
}

/** @param now wall time in ms */
function write(builder: SegmentBuilder, timer: DueTimer, now: number): void {
  const { actor, id, name, lane, due, every, late, version, payload } = timer
  const missed = every > 0 ? Math.floor(late / every) : 0
  const next = every > 0 ? due + (missed + 1) * every : 0
  builder.record({ kind: RecordKind.accept, time: Math.floor(now) })
  builder.timerFired({ actor, id, due, next })
  builder.message({
    to: actor,
    from: actor,
    name,
    lane,
    flags: PartFlag.durable,
    version,
    header: encodeValue({ tick: { timer: id, due, missed } }),
    ...(payload && { payload }),
  })
}
