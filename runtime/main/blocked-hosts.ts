/**
 * Looks from outside whether a host's thread is stuck in a turn (F5): reported after a second, and
 * past a limit its thread is ended, which F4 replaces and F3 counts.
 *
 *   asleep ── the thread does something ──► looking ── at rest, no turn out ──► asleep
 *                                              └── 1 s in one go ──► reported ── limit ──► ended
 *
 * A thread gets on when it begins another go or its event loop was idle: the first is in shared
 * memory, the second Node tells of any worker, also of one that is stuck in a promise's callback that
 * no go of ours began. While a thread rests with no turn out nobody looks (S4).
 */
import { url as inspectorUrl } from 'node:inspector'
import type { Clock } from '../../mailbox/clock.ts'
import type { AtHand, BusyNote } from '../peer/busy-note.ts'

/** Milliseconds in one go after which a turn is reported. */
export const blockedAfter = 1_000
/** Milliseconds between looks; one that comes twice as late says more about this thread than that. */
const lookEvery = 250

/** A turn that does not let its thread go. */
export interface Blocked extends AtHand {
  /** Milliseconds so far. */
  readonly for: number
}

/** A thread to look at. */
export interface Watched {
  readonly slot: number
  readonly busy: BusyNote
  /** Messages whose handlers are out. */
  running(): number
  /** Milliseconds for which its event loop has been idle so far. */
  idle(): number
}

export interface BlockedHostsSide {
  readonly clock: Clock
  /** Milliseconds after which a thread that is stuck in this actor is ended. */
  limit(actor: string): number
  blocked(slot: number, turn: Blocked): void
  /** Ends the thread. */
  end(slot: number): void
}

export class BlockedHosts {
  readonly #side: BlockedHostsSide
  readonly #watched = new Map<number, HostWatch>()

  constructor(side: BlockedHostsSide) {
    this.#side = side
  }

  /** Watches a slot's new thread instead of its old one. */
  watch(host: Watched): void {
    this.leave(host.slot)
    const watch = new HostWatch(host, this.#side)
    this.#watched.set(host.slot, watch)
    void watch.run()
  }

  leave(slot: number): void {
    this.#watched.get(slot)?.leave()
    this.#watched.delete(slot)
  }

  /** The turn that holds a slot's thread, if one has for a second. */
  of(slot: number): Blocked | undefined {
    return this.#watched.get(slot)?.blocked
  }
}

class HostWatch {
  readonly #host: Watched
  readonly #side: BlockedHostsSide
  #left = false
  /** Monotonic ms since when it has not got on, as far as is known. */
  #since = Number.POSITIVE_INFINITY
  #goes = 0
  #idle = 0
  #reported = false

  constructor(host: Watched, side: BlockedHostsSide) {
    this.#host = host
    this.#side = side
  }

  leave(): void {
    this.#left = true
    this.#host.busy.release()
  }

  get blocked(): Blocked | undefined {
    const length = this.#side.clock.mono() - this.#since
    const { busy } = this.#host
    if (length < blockedAfter || busy.goes !== this.#goes) return undefined
    return { ...busy.atHand, for: length }
  }

  async run(): Promise<void> {
    const { busy } = this.#host
    while (!this.#left) {
      await busy.untilBusy()
      this.#gotOn()
      while (!this.#left && (busy.since !== 0 || this.#host.running() > 0)) await this.#look()
      this.#since = Number.POSITIVE_INFINITY
    }
  }

  async #look(): Promise<void> {
    const { clock } = this.#side
    const due = clock.mono() + lookEvery
    await new Promise<void>((ring) => void clock.alarm(due, ring))
    if (this.#left) return
    const late = clock.mono() - due > lookEvery
    if (late || this.#host.busy.goes !== this.#goes || this.#host.idle() > this.#idle) {
      return this.#gotOn()
    }
    this.#judge()
  }

  #gotOn(): void {
    this.#since = this.#side.clock.mono()
    this.#goes = this.#host.busy.goes
    this.#idle = this.#host.idle()
    this.#reported = false
  }

  #judge(): void {
    const { blocked } = this
    const { slot } = this.#host
    if (blocked !== undefined && !this.#reported) {
      this.#reported = true
      this.#side.blocked(slot, blocked)
    }
    // Whoever stopped at a breakpoint wants to look, not to lose the thread.
    if (inspectorUrl() !== undefined) return
    if (this.#side.clock.mono() - this.#since >= this.#side.limit(this.#host.busy.atHand.actor))
      this.#side.end(slot)
  }
}
