/**
 * A volatile actor: its state is an object in memory, and a failure costs the message in hand and
 * that state (F1). Mailbox and stash keep their order.
 */
import { Count } from '../../mailbox/accounting.ts'
import type { CancelAlarm } from '../../mailbox/clock.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Directive } from '../actor.ts'
import { pauseBefore, RestartBudget } from './backoff.ts'
import { Cell } from './cell.ts'
import { invoke, isPromise } from './invoke.ts'
import { ReadTurn } from './read-turn.ts'
import { Timers } from './timers.ts'
import type { Turn } from './turn.ts'
import { VolatileTurn } from './volatile-turn.ts'

export class VolatileCell extends Cell {
  state: unknown
  #timers: Timers | undefined
  #budget: RestartBudget | undefined
  #wakeUp: CancelAlarm | undefined

  get timers(): Timers {
    this.#timers ??= new Timers(this)
    return this.#timers
  }

  override get quiet(): boolean {
    return super.quiet && this.#timers === undefined && this.family.size === 0
  }

  /** Brings everything stashed back to the front of the mailbox. */
  unstash(): void {
    for (const envelope of this.stash) {
      this.release(envelope, Count.stashed)
      this.hold(envelope, Count.pending)
    }
    this.stash.unstashInto(this.mailbox)
  }

  // ── start ─────────────────────────────────────────────────────────────────────────────────────

  protected start(): void {
    this.phase = 'starting'
    try {
      const deps = this.host.deps()
      if (isPromise(deps))
        deps.then(
          () => this.#begin(),
          (error) => this.failed(undefined, error),
        )
      else this.#begin()
    } catch (error) {
      this.failed(undefined, error)
    }
  }

  #begin(): void {
    if (this.phase !== 'starting') return
    const { state, onStart } = this.definition.behavior
    const turn = new VolatileTurn(this, undefined)
    try {
      this.state = state?.(this.key)
      const started = onStart?.(turn)
      if (!isPromise(started)) return turn.return(undefined)
      this.phase = 'turn'
      this.turn = turn
      started.then(
        () => turn.return(undefined),
        (error) => this.failed(turn, error),
      )
    } catch (error) {
      this.failed(turn, error)
    }
  }

  // ── turns ─────────────────────────────────────────────────────────────────────────────────────

  protected begin(envelope: Envelope): void {
    const handler = this.definition.on.get(envelope.name)
    if (handler === undefined) return this.#other(envelope)
    const turn = new VolatileTurn(this, envelope)
    let result: unknown
    try {
      result = handler(turn, envelope.payload)
    } catch (error) {
      return this.failed(turn, error)
    }
    // Most handlers are synchronous and end here, without a promise.
    if (typeof result !== 'object' || result === null) {
      if (turn.open === 0) return this.completed(turn, result)
    }
    this.#wait(turn, result)
  }

  #other(envelope: Envelope): void {
    if (this.definition.reads.has(envelope.name)) return this.read(envelope)
    this.release(envelope, Count.running)
    this.discard(envelope, 'no-handler')
  }

  #wait(turn: VolatileTurn, result: unknown): void {
    this.phase = 'turn'
    this.turn = turn
    turn.startedMono = this.host.clock.mono()
    invoke(turn, result)
  }

  completed(turn: Turn, value: unknown): void {
    if (turn.closed) return
    const envelope = turn.envelope
    if (envelope === undefined) return this.#started(turn)
    let reply = value
    try {
      if (envelope.header.reply !== undefined) reply = this.checkedReply(envelope, value)
    } catch (error) {
      return this.failed(turn, error)
    }
    if (isPromise(reply)) {
      reply.then(
        (valid) => this.#settle(turn, envelope, valid),
        (error) => this.failed(turn, error),
      )
      return
    }
    this.#settle(turn, envelope, reply)
  }

  #settle(turn: Turn, envelope: Envelope, reply: unknown): void {
    turn.close()
    this.release(envelope, Count.running)
    if (turn.stashing) this.#putAside(envelope)
    else {
      this.bump(Count.processed, 1)
      envelope.header.reply?.settle({ ok: true, value: reply })
    }
    if (envelope.header.tick !== undefined) this.#timers?.handled(envelope.header.tick.timer)
    this.#afterwards(turn)
  }

  #started(turn: Turn): void {
    turn.close()
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
    if (this.stash.put(envelope)) this.hold(envelope, Count.stashed)
    else this.discard(envelope, 'stash-full')
  }

  protected read(envelope: Envelope): void {
    new ReadTurn(this, envelope, () => this.state).run()
  }

  // ── failure (F1) ──────────────────────────────────────────────────────────────────────────────

  failed(turn: Turn | undefined, error: unknown): void {
    if (turn?.closed || this.phase === 'gone') return
    turn?.close()
    const envelope = turn?.envelope
    if (envelope !== undefined) this.#lose(envelope, error)
    if (this.turn === turn) this.turn = undefined
    if (this.phase === 'stopping') return this.endIfAlone()
    this.#obey(this.#decide(error), error)
    this.host.touched()
  }

  /** The message in hand: an asker gets the error, anything else is a dead letter with it. */
  #lose(envelope: Envelope, error: unknown): void {
    this.release(envelope, Count.running)
    this.host.emit({
      event: 'turn-failed',
      actor: this.id,
      message: envelope.name,
      id: envelope.id,
      attempt: 1,
      error,
    })
    const { reply, tick } = envelope.header
    if (tick !== undefined) this.#timers?.handled(tick.timer)
    if (reply === undefined) return this.host.deadLetter(envelope, 'failed', error)
    this.bump(Count.processed, 1)
    reply.settle({ ok: false, error })
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
        this.phase = 'ready'
        return this.stand()
      case 'restart':
        return this.#restart(error)
      case 'stop':
      case 'escalate':
        return this.end('failed', error)
      default:
        directive satisfies never
    }
  }

  #restart(error: unknown): void {
    const rules = this.definition.behavior.supervision
    const now = this.host.clock.mono()
    this.#budget ??= new RestartBudget(rules?.restarts ?? 5, rules?.within ?? 60_000)
    if (!this.#budget.take(now)) return this.end('failed', error)
    const restarts = this.#budget.used(now)
    const backoff = pauseBefore(
      restarts,
      rules?.backoff ?? 200,
      rules?.maxBackoff ?? 30_000,
      this.host.jitter(),
    )
    this.#clear()
    this.phase = 'backoff'
    this.#wakeUp = this.host.clock.alarm(now + backoff, () => this.#again())
    this.host.emit({ event: 'actor-restarted', actor: this.id, error, restarts, backoff })
  }

  /** Fresh state: nothing of the old one may ring, arrive or be reported any more. */
  #clear(): void {
    this.#timers?.cancelAll()
    this.#timers = undefined
    this.family.reset()
    this.host.unsubscribe(this.id)
    this.unstash()
    this.state = undefined
  }

  #again(): void {
    if (this.phase !== 'backoff') return
    this.phase = 'cold'
    this.stand()
  }

  protected closed(): void {
    this.#wakeUp?.()
    this.#timers?.cancelAll()
    this.host.unsubscribe(this.id)
  }
}
