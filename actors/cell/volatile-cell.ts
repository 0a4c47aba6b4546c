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
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Directive } from '../actor.ts'
import { answerError } from './answers.ts'
import type { WaitsFor } from './cell.ts'
import { readable } from './error-data.ts'
import { isPromise } from './invoke.ts'
import { Supervision } from './supervision.ts'
import type { Turn } from './turn.ts'
import { recordEnd, recordStart } from './volatile-record.ts'
import { VolatileTurn } from './volatile-turn.ts'
import { VolatileTurns } from './volatile-turns.ts'

/** Why a turn did not process its message. */
type Failure = 'failed' | 'cancelled' | 'stopped' | 'invalid-payload'

export class VolatileCell extends VolatileTurns {
  /** There is a state, and the start hook has run. */
  #up = false
  /** Made with the first failure. */
  #supervision: Supervision | undefined
  #grant: string | undefined

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
      !this.hasTimers &&
      this.family.parent === undefined &&
      this.family.size === 0 &&
      !this.family.isWatching
    )
  }

  get waitsFor(): WaitsFor {
    return this.phase === 'backoff' ? 'time' : 'nothing'
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
    this.runTurn(new VolatileTurn(this, undefined), (turn) => {
      recordStart(this)
      this.state = state?.(this.key)
      return onStart?.(turn)
    })
  }

  protected started(turn: Turn): void {
    turn.close()
    this.#up = true
    if (this.phase === 'starting') this.phase = 'ready'
    this.host.emit({ event: 'actor-started', actor: this.id })
    this.afterwards(turn)
  }

  // ── failure (F1) ──────────────────────────────────────────────────────────────────────────────

  failed(turn: Turn | undefined, thrown: unknown): void {
    if (turn?.closed || this.phase === 'gone') return
    turn?.fail(thrown)
    turn?.close()
    const error = readable(thrown)
    const envelope = turn?.envelope
    if (turn !== undefined && envelope !== undefined) {
      const reason = this.#reasonOf(turn, error)
      if (reason === 'failed') recordEnd(this, envelope, { ok: false, error })
      this.#fail(envelope, reason, error)
      if (reason !== 'failed') return this.afterwards(turn)
    }
    if (this.turn === turn) this.turn = undefined
    if (this.phase === 'stopping') return this.endIfAlone()
    this.#obey(this.#supervised.directive(error), error)
    this.host.touched(this)
  }

  /** Of a handler that obeyed its abort, or never saw its message, the state is not in question. */
  #reasonOf(turn: Turn, error: unknown): Failure {
    if (turn.isAbort(error)) return this.phase === 'stopping' ? 'stopped' : 'cancelled'
    return turn.misfit === undefined ? 'failed' : 'invalid-payload'
  }

  /** The message in hand: an asker gets the error, anything else is a dead letter with it. */
  #fail(envelope: Envelope, reason: Failure, error: unknown): void {
    if (reason === 'failed') {
      const { name: message, id } = envelope
      this.host.emit({ event: 'turn-failed', actor: this.id, message, id, attempt: 1, error })
    }
    this.tally.leave(Count.running)
    this.tickHandled(envelope)
    if (envelope.header.reply === undefined) return this.host.deadLetter(envelope, reason, error)
    this.tally.enter(Count.processed)
    answerError(this.host, envelope, error)
  }

  get #supervised(): Supervision {
    this.#supervision ??= new Supervision(this)
    return this.#supervision
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
    const next = this.#supervised.restart()
    if (next === undefined) return this.#giveUp(error)
    this.#clear()
    this.phase = 'backoff'
    this.host.emit({ event: 'actor-restarted', actor: this.id, error, ...next })
  }

  /**
   * The budget is spent. A virtual actor would be back with the next message, so it stays down for
   * the longest back-off first: what comes meanwhile is a dead letter, and nothing crash-loops.
   */
  #giveUp(error: unknown): void {
    this.downUntil = this.#supervised.downUntil
    this.end('failed', error)
  }

  /** Fresh state: nothing of the old one may ring, arrive or be reported any more. */
  #clear(): void {
    this.#up = false
    this.cancelTimers()
    this.family.reset()
    this.host.unsubscribe(this.id)
    this.inbox.unstash()
    this.state = undefined
  }

  /** Its pause is over, and the children of the old state are gone. */
  override stand(): void {
    const isRested = this.phase === 'backoff' && this.#supervised.isRested
    if (isRested && this.family.size === 0) this.phase = 'cold'
    super.stand()
  }

  protected closed(): void {
    this.#supervision?.cancel()
    this.cancelTimers()
    this.host.unsubscribe(this.id)
  }
}
