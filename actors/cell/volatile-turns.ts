/**
 * The turns of a volatile actor, whose state is an object in memory.
 *
 * Owns: how a turn begins and ends, its ticks, reads between turns. Does not own: how the actor comes up
 * and what becomes of a failure (`volatile-cell.ts`).
 */
import { Count } from '../../mailbox/accounting.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'
import { Cell } from './cell.ts'
import { hookOf } from './family.ts'
import { invoke, isPromise } from './invoke.ts'
import { handlePublished } from './published.ts'
import { ReadTurn } from './read-turn.ts'
import { Timers } from './timers.ts'
import type { Turn } from './turn.ts'
import { recordEnd, recordTaken } from './volatile-record.ts'
import { VolatileTurn } from './volatile-turn.ts'

type Handle = (ctx: unknown, payload: unknown) => unknown

export abstract class VolatileTurns extends Cell {
  state: unknown
  #timers: Timers | undefined

  get timers(): Timers {
    this.#timers ??= new Timers(this)
    return this.#timers
  }

  protected get hasTimers(): boolean {
    return this.#timers !== undefined && this.#timers.size > 0
  }

  protected cancelTimers(): void {
    this.#timers?.cancelAll()
  }

  /** The turn of a tick is over; of any other message nothing is. */
  protected tickHandled(envelope: Envelope): void {
    this.#timers?.handled(envelope)
  }

  /** The start hook has ended. */
  protected abstract started(turn: Turn): void
  /** What a grant carries from now on. */
  abstract makeGrant(): string

  // ── turns ─────────────────────────────────────────────────────────────────────────────────────

  /** One that is recorded waits for store credit like a durable one (M5). */
  override mayTake(): boolean {
    const { journal } = this.host
    if (this.definition.behavior.record === undefined || journal === undefined) return true
    if (journal.hasCredit) return true
    journal.whenCredit(this)
    return false
  }

  override bestLane(): LaneNumber | undefined {
    const lane = super.bestLane()
    return lane === undefined || this.mayTake() ? lane : undefined
  }

  begin(envelope: Envelope): void {
    const { on, reads } = this.definition
    const handler = on.get(envelope.name) ?? hookOf(this.definition, envelope.name)
    if (reads.has(envelope.name)) return this.read(envelope)
    if (handler === undefined) {
      this.tally.leave(Count.running)
      return this.discard(envelope, 'no-handler')
    }
    if (!this.family.awaits(envelope)) return this.#skip()
    if (envelope.header.tick !== undefined) this.#timers?.taken(envelope)
    const turn = new VolatileTurn(this, envelope)
    if (this.host.tracing !== undefined) turn.beginSpan()
    this.#handle(turn, envelope, handler)
  }

  #handle(turn: VolatileTurn, envelope: Envelope, handler: Handle): void {
    let result: unknown
    try {
      recordTaken(this, envelope)
      result =
        envelope.header.topic === undefined
          ? handler(turn, envelope.payload)
          : handlePublished(turn, envelope, handler)
    } catch (error) {
      return this.#threw(turn, error)
    }
    this.#returned(turn, result)
  }

  /** A termination of which this actor knows, or wants to know nothing any more. */
  #skip(): void {
    this.tally.move(Count.running, Count.processed)
  }

  /** A turn without a message. */
  protected runTurn(turn: VolatileTurn, run: (turn: VolatileTurn) => unknown): void {
    let result: unknown
    try {
      result = run(turn)
    } catch (error) {
      return this.#threw(turn, error)
    }
    this.#returned(turn, result)
  }

  #threw(turn: VolatileTurn, error: unknown): void {
    if (turn.open === 0) return this.failed(turn, error)
    this.#hold(turn)
    turn.throw(error)
  }

  /** Most handlers are synchronous and end here, without a promise. */
  #returned(turn: VolatileTurn, result: unknown): void {
    const isPlain = typeof result !== 'object' || result === null
    // It called nothing that could still end, or have failed: the turn's own bookkeeping is not needed.
    if (isPlain && turn.open === 0) return this.completed(turn, result)
    this.#hold(turn)
    invoke(turn, result)
  }

  /** The actor takes no other message until the turn is over (T1). */
  #hold(turn: VolatileTurn): void {
    this.phase = 'turn'
    this.turn = turn
    turn.startedMono = this.host.clock.mono()
  }

  completed(turn: Turn, value: unknown): void {
    if (turn.closed) return
    const { envelope } = turn
    if (envelope === undefined) return this.started(turn)
    try {
      const reply = this.#reply(turn, envelope, value)
      if (!isPromise(reply)) return this.#settle(turn, envelope, reply)
      if (this.turn !== turn) this.#hold(turn as VolatileTurn)
      reply.then(
        (valid) => this.#settle(turn, envelope, valid),
        (error) => this.failed(turn, error),
      )
    } catch (error) {
      this.failed(turn, error)
    }
  }

  #reply(turn: Turn, envelope: Envelope, value: unknown): unknown {
    const isAsked = envelope.header.reply !== undefined && !turn.stashing
    return isAsked ? this.checkedReply(envelope, value) : undefined
  }

  #settle(turn: Turn, envelope: Envelope, reply: unknown): void {
    turn.close()
    this.tally.leave(Count.running)
    if (turn.stashing) this.#putAside(envelope)
    else {
      this.tally.enter(Count.processed)
      recordEnd(this, envelope, { ok: true, value: reply })
      envelope.header.reply?.settle({ ok: true, value: reply })
    }
    this.tickHandled(envelope)
    this.afterwards(turn)
  }

  protected afterwards(turn: Turn): void {
    if (this.turn === turn) this.turnOver()
    else if (this.phase === 'ready') this.stand()
    if (turn.afterwards !== undefined) this.end(turn.afterwards)
    else this.endIfAlone()
  }

  #putAside(envelope: Envelope): void {
    if (this.inbox.stash.put(envelope)) this.tally.enter(Count.stashed)
    else this.discard(envelope, 'stash-full')
  }

  // ── reads: between turns (T1) ─────────────────────────────────────────────────────────────────

  read(envelope: Envelope): void {
    new ReadTurn(this, envelope, () => this.state).run()
    if (this.readsOut > 0 && this.phase === 'ready') this.phase = 'turn'
  }

  override readOver(reading: ReadTurn): void {
    super.readOver(reading)
    if (this.phase !== 'turn' || this.turn !== undefined) return
    this.turnOver()
  }
}
