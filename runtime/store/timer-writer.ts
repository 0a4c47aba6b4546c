/**
 * Fires durable timers (D8): a timer that is due becomes an accepted message to its actor, in the
 * same record that moves the timer on, so a tick is neither lost nor doubled by a crash.
 *
 * Due times are wall time and the wait runs on the monotonic clock. Ticks missed meanwhile, by a
 * stopped process or a busy store, are one message that says how many.
 */

import type { CancelAlarm, Clock } from '../../mailbox/clock.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { PartFlag, RecordKind } from '../../persistence/record.ts'
import { type Frame, SegmentBuilder } from '../../persistence/segment.ts'
import type { Ack, Store, Tail } from '../../persistence/store.ts'
import type { StoredTimer } from '../../persistence/stored.ts'

/** The slot number under which the store's own records are counted. */
export const timerSlot = 1_000_001
/** Most timers fired in one frame. */
const batch = 256
/** Look at the wall clock again after this many ms, in case it was moved. */
const longestWait = 60_000

export class TimerWriter {
  readonly #store: Store
  readonly #clock: Clock
  readonly #send: (frame: Frame) => void
  readonly #failed: (error: unknown) => void
  readonly #faults: Faults | undefined
  #builder: SegmentBuilder | undefined
  #epoch = 0
  #fired: string[] = []
  #waiting = false
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
    this.#send = send
    this.#failed = failed
    this.#faults = faults
  }

  owns(slot: number): boolean {
    return slot === timerSlot
  }

  /** Looks when the next timer is due; called whenever that may have changed. */
  arm(): void {
    this.disarm()
    if (this.#waiting) return
    const due = this.#store.nextDue()
    if (due === undefined) return
    const wait = Math.min(longestWait, Math.max(0, due - this.#clock.wall()))
    this.#alarm = this.#clock.alarm(this.#clock.mono() + wait, () => this.#ring())
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
    const now = this.#clock.wall()
    const due = this.#store.dueTimers(now, batch)
    if (due.length === 0) return this.arm()
    this.#faults?.('timer:before-fire')
    const builder = this.#open()
    this.#fired = due.map((timer) => timer.actor)
    for (const timer of due) write(builder, timer, now)
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

function write(builder: SegmentBuilder, timer: StoredTimer, now: number): void {
  const { actor, id, name, lane, due, every, version, payload } = timer
  const missed = every > 0 ? Math.floor((now - due) / every) : 0
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
