/**
 * When actors of one thread run: each gets its slice out of the run queue, for a bounded time in all;
 * then what they said is sent, and the event loop has its turn.
 *
 *   resting ── asked ──► scheduled ──► pumping ──► resting
 *                            ▲            │ asked
 *                            └── again ◄──┘
 *
 * Invariant: handlers run only in `pumping` or `again`; nothing runs within a call from outside.
 */
import type { Cell } from '../../actors/cell/cell.ts'
import { sliceTime } from '../../actors/cell/slice.ts'
import type { Clock } from '../../mailbox/clock.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'
import type { Calm } from '../wire/host-control.ts'
import type { BusyNote } from './busy-note.ts'
import { Polling } from './polling.ts'
import { RunQueue } from './run-queue.ts'
import { Ward, type WardPeer } from './ward.ts'

/** Milliseconds of slices before the event loop has its turn: what just came over a link waits that long. */
const pumpTime = 4

/** How a thread comes to run, and what it is for others while it does. */
export interface PumpOptions {
  /** Runs a function after what the event loop has ready now. */
  readonly soon: (run: () => void) => void
  readonly busy?: BusyNote | undefined
  /** Ms for which it stays awake after work; default 0. */
  readonly poll?: number | undefined
  /** Told how long it took from work to a free event loop. */
  readonly meter?: { held(ms: number): void } | undefined
}

/** The thread whose actors run. */
export interface PumpedThread extends Omit<WardPeer, 'starts'> {
  readonly clock: Clock
  readonly alarms: { rest(): void }
  readonly starts: (NonNullable<WardPeer['starts']> & { rested(): void }) | undefined
  /** Nothing runs here, or waits for what this does not allow. */
  is(calm: Calm): boolean
  /** Something may come soon: an answer, or work. */
  readonly expects: boolean
  /** Sends what the slices said. */
  flush(): void
  /** An actor has had its slice. */
  rested(cell: Cell): void
}

/** Who waits until it is still. */
interface Waiting {
  readonly calm: Calm
  readonly resolve: () => void
}

type State = 'resting' | 'scheduled' | 'pumping' | 'again'

const whenAsked: Readonly<Record<State, State>> = Object.freeze({
  resting: 'scheduled',
  scheduled: 'scheduled',
  pumping: 'again',
  again: 'again',
})

export class Pump {
  readonly #thread: PumpedThread
  readonly #soon: (run: () => void) => void
  readonly #busy: BusyNote | undefined
  readonly #meter: PumpOptions['meter']
  readonly #polling: Polling
  readonly #queue = new RunQueue()
  #state: State = 'resting'
  #ward: Ward | undefined
  #coarse = 0
  /** Monotonic ms since when there is work that has not been seen to; kept for the meter only. */
  #since = 0
  #whenCalm: Waiting[] = []

  constructor(thread: PumpedThread, { soon, busy, meter, poll = 0 }: PumpOptions) {
    this.#thread = thread
    this.#soon = soon
    this.#busy = busy
    this.#meter = meter
    this.#polling = new Polling(poll, {
      clock: thread.clock,
      turn: soon,
      expects: () => thread.expects,
      asleep: () => thread.alarms.rest(),
    })
  }

  /** No actor stands in the run queue. */
  get isEmpty(): boolean {
    return this.#queue.size === 0
  }

  /** Somebody waits until it is still. */
  get isAwaited(): boolean {
    return this.#whenCalm.length > 0
  }

  /** While slices run, the start of the present one; else now. */
  get coarse(): number {
    if (this.#state === 'resting') this.#coarse = this.#thread.clock.mono()
    return this.#coarse
  }

  enqueue(cell: Cell, lane: LaneNumber): void {
    this.#queue.enqueue(cell, lane)
    this.touch()
  }

  /** There is something to run or to send; while slices run it is seen to anyway. */
  touch(): void {
    if (this.#state === 'resting') this.schedule()
  }

  schedule(): void {
    const next = whenAsked[this.#state]
    if (next === this.#state) return
    if (this.#state === 'resting') {
      this.#polling.work()
      if (this.#meter !== undefined) this.#since = this.#thread.clock.mono()
    }
    this.#state = next
    // Until the pump comes, user code that a reply or an alarm resumed may run.
    this.#busy?.begin(this.#thread.clock.mono())
    this.#soon(() => this.#run())
  }

  /** Resolves when this thread is that still. */
  calm(calm: Calm): Promise<void> {
    return new Promise((resolve) => {
      this.#whenCalm.push({ calm, resolve })
      this.touch()
    })
  }

  // ── after an unclean end (F3) ─────────────────────────────────────────────────────────────────

  /** From now on all wait, until {@link tryAlone} has been through and {@link tryAll} says so. */
  holdAll(): void {
    this.#ward = new Ward(this.#thread)
  }

  /** Runs actors with suspects, one by one. */
  async tryAlone(actors: readonly string[]): Promise<void> {
    await this.#ward?.run(actors)
  }

  tryAll(): void {
    const ward = this.#ward
    this.#ward = undefined
    ward?.end()
  }

  // ── one go ────────────────────────────────────────────────────────────────────────────────────

  #run(): void {
    this.#state = 'pumping'
    this.#busy?.begin(this.#thread.clock.mono())
    try {
      this.#runSlices()
    } finally {
      this.#state = this.#isAgain ? 'scheduled' : 'resting'
      this.#thread.flush()
      this.#busy?.rest()
      this.#measure()
      this.#thread.starts?.rested()
      this.#ward?.look()
      if (this.#queue.size > 0) this.schedule()
      else this.#rest()
    }
  }

  #measure(): void {
    if (this.#meter === undefined) return
    const now = this.#thread.clock.mono()
    this.#meter.held(now - this.#since)
    this.#since = now
  }

  /** Somebody asked while slices ran. */
  get #isAgain(): boolean {
    return this.#state === 'again'
  }

  #runSlices(): void {
    const { clock } = this.#thread
    const end = clock.mono() + pumpTime
    for (let now = end - pumpTime; now < end; now = clock.mono()) {
      this.#coarse = now
      const cell = this.#queue.take()
      if (cell === undefined) return
      if (this.#ward?.admits(cell) === false) continue
      cell.run(now + sliceTime)
      this.#thread.rested(cell)
    }
  }

  #rest(): void {
    this.#polling.rest()
    for (const waiting of this.#whenCalm.splice(0)) {
      if (this.#thread.is(waiting.calm)) waiting.resolve()
      else this.#whenCalm.push(waiting)
    }
  }
}
