/**
 * A volatile actor: its state is an object in memory, and a failure costs the message in hand and
 * that state (F1). Mailbox and stash keep their order.
 *
 * Invariants
 * 1. `failed` is called for the turn that holds the actor, or while it starts: never beside a turn.
 * 2. A fresh state is made only when the children of the old one are gone.
 */
import { randomUUID } from 'node:crypto'
import { Count } from '../../mailbox/accounting.ts'
import type { CancelAlarm } from '../../mailbox/clock.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'
import type { Directive } from '../actor.ts'
import { answerError } from './answers.ts'
import { pauseBefore, RestartBudget } from './backoff.ts'
import { Cell } from './cell.ts'
import { readable } from './error-data.ts'
import { hookOf } from './family.ts'
import { invoke, isPromise } from './invoke.ts'
import { handlePublished } from './published.ts'
import { ReadTurn } from './read-turn.ts'
import { Timers } from './timers.ts'
import type { Turn } from './turn.ts'
import { recordTaken } from './volatile-record.ts'
import { VolatileTurn } from './volatile-turn.ts'

/** What supervision does unless the definition says otherwise (F1). */
const defaults = Object.freeze({ restarts: 5, within: 60_000, backoff: 200, maxBackoff: 30_000 })

export class VolatileCell extends Cell {
  state: unknown
  /** There is a state, and the start hook has run. */
  #up = false
  #timers: Timers | undefined
  #budget: RestartBudget | undefined
  #wakeUp: CancelAlarm | undefined
  /** The back-off is over; the restart waits for the children to be gone. */
  #rested = false
  #grant: string | undefined

  get timers(): Timers {
    this.#timers ??= new Timers(this)
    return this.#timers
  }

  get grantToken(): string | undefined {
    return this.#grant
  }

  makeGrant(): string {
    this.#grant ??= randomUUID()
    return this.#grant
  }

  /** Leaving memory would lose its timers, and its bonds to others. */
  override get quiet(): boolean {
    return (
      super.quiet &&
      (this.#timers === undefined || this.#timers.size === 0) &&
      this.family.parent === undefined &&
      this.family.size === 0 &&
      !this.family.isWatching
    )
  }

  // ── start ─────────────────────────────────────────────────────────────────────────────────────

  start(): void {
    this.phase = 'starting'
    try {
      const deps = this.host.deps()
      if (!isPromise(deps)) return this.#begin()
      deps.then(
        () => this.#begin(),
        (error) => this.#notStarted(error),
      )
    } catch (error) {
      this.failed(undefined, error)
    }
  }

  #notStarted(error: unknown): void {
    if (this.phase === 'starting') this.failed(undefined, error)
  }

  #begin(): void {
    if (this.phase !== 'starting') return
    const { state, onStart } = this.definition.behavior
    this.#run(new VolatileTurn(this, undefined), (turn) => {
      this.state = state?.(this.key)
      return onStart?.(turn)
    })
  }

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
    this.#run(new VolatileTurn(this, envelope), (turn) => {
      recordTaken(this, envelope)
      return envelope.header.topic === undefined
        ? handler(turn, envelope.payload)
        : handlePublished(turn, envelope, handler)
    })
  }

  /** A termination of which this actor knows, or wants to know nothing any more. */
  #skip(): void {
    this.tally.move(Count.running, Count.processed)
  }

  /** Most handlers are synchronous and end here, without a promise. */
  #run(turn: VolatileTurn, handler: (turn: VolatileTurn) => unknown): void {
    let result: unknown
    try {
      result = handler(turn)
    } catch (error) {
      if (turn.open === 0) return this.failed(turn, error)
      this.#hold(turn)
      return turn.throw(error)
    }
    const isPlain = typeof result !== 'object' || result === null
    if (isPlain && turn.open === 0) return turn.return(result)
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
    if (envelope === undefined) return this.#started(turn)
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
      envelope.header.reply?.settle({ ok: true, value: reply })
    }
    this.#timers?.handled(envelope)
    this.#afterwards(turn)
  }

  #started(turn: Turn): void {
    turn.close()
    this.#up = true
    if (this.phase === 'starting') this.phase = 'ready'
    this.host.emit({ event: 'actor-started', actor: this.id })
    this.#afterwards(turn)
  }

  #afterwards(turn: Turn): void {
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
    if (this.readings.size > 0 && this.phase === 'ready') this.phase = 'turn'
  }

  override readOver(reading: ReadTurn): void {
    super.readOver(reading)
    if (this.phase !== 'turn' || this.turn !== undefined) return
    this.turnOver()
  }

  // ── failure (F1) ──────────────────────────────────────────────────────────────────────────────

  failed(turn: Turn | undefined, thrown: unknown): void {
    if (turn?.closed || this.phase === 'gone') return
    turn?.close()
    const error = readable(thrown)
    const envelope = turn?.envelope
    if (turn !== undefined && envelope !== undefined) {
      if (turn.isAbort(error)) return this.#aborted(turn, envelope, error)
      if (turn.misfit !== undefined) return this.#misfit(turn, envelope, error)
      this.#lose(envelope, error)
    }
    if (this.turn === turn) this.turn = undefined
    if (this.phase === 'stopping') return this.endIfAlone()
    this.#obey(this.#decide(error), error)
    this.host.touched(this)
  }

  /** The handler ended as it was told to: its state is not in question. */
  #aborted(turn: Turn, envelope: Envelope, error: unknown): void {
    this.#fail(envelope, this.phase === 'stopping' ? 'stopped' : 'cancelled', error)
    this.#afterwards(turn)
  }

  /** The handler never saw it: nothing has failed. */
  #misfit(turn: Turn, envelope: Envelope, error: unknown): void {
    this.#fail(envelope, 'invalid-payload', error)
    this.#afterwards(turn)
  }

  #lose(envelope: Envelope, error: unknown): void {
    this.host.emit({
      event: 'turn-failed',
      actor: this.id,
      message: envelope.name,
      id: envelope.id,
      attempt: 1,
      error,
    })
    this.#fail(envelope, 'failed', error)
  }

  /** The message in hand: an asker gets the error, anything else is a dead letter with it. */
  #fail(
    envelope: Envelope,
    reason: 'failed' | 'cancelled' | 'stopped' | 'invalid-payload',
    error: unknown,
  ): void {
    this.tally.leave(Count.running)
    this.#timers?.handled(envelope)
    if (envelope.header.reply === undefined) return this.host.deadLetter(envelope, reason, error)
    this.tally.enter(Count.processed)
    answerError(this.host, envelope, error)
  }

  #decide(error: unknown): Directive {
    try {
      return this.definition.behavior.supervision?.decide?.(error) ?? 'restart'
    } catch {
      return 'stop'
    }
  }

  #obey(directive: Directive, error: unknown): void {
    switch (directive) {
      case 'resume':
        if (!this.#up) return this.#restart(error)
        this.phase = 'ready'
        return this.stand()
      case 'restart':
        return this.#restart(error)
      case 'stop':
        return this.end('stopped', error)
      case 'escalate':
        return this.end('failed', error)
      default:
        directive satisfies never
    }
  }

  #restart(error: unknown): void {
    const rules = { ...defaults, ...this.definition.behavior.supervision }
    const now = this.host.clock.mono()
    this.#budget ??= new RestartBudget(rules.restarts, rules.within)
    if (!this.#budget.take(now)) return this.#giveUp(now + rules.maxBackoff, error)
    const restarts = this.#budget.used(now)
    const backoff = pauseBefore(restarts, rules.backoff, rules.maxBackoff, this.host.jitter())
    this.#clear()
    this.phase = 'backoff'
    this.#rested = false
    this.#wakeUp = this.host.clock.alarm(now + backoff, () => {
      this.#rested = true
      this.stand()
    })
    this.host.emit({ event: 'actor-restarted', actor: this.id, error, restarts, backoff })
  }

  /**
   * The budget is spent. A virtual actor would be back with the next message, so it stays down for
   * the longest back-off first: what comes meanwhile is a dead letter, and nothing crash-loops.
   */
  #giveUp(until: number, error: unknown): void {
    this.downUntil = until
    this.end('failed', error)
  }

  /** Fresh state: nothing of the old one may ring, arrive or be reported any more. */
  #clear(): void {
    this.#up = false
    this.#timers?.cancelAll()
    this.family.reset()
    this.host.unsubscribe(this.id)
    this.inbox.unstash()
    this.state = undefined
  }

  override stand(): void {
    if (this.phase === 'backoff' && this.#rested && this.family.size === 0) this.phase = 'cold'
    super.stand()
  }

  protected closed(): void {
    this.#wakeUp?.()
    this.#timers?.cancelAll()
    this.host.unsubscribe(this.id)
  }
}
