/**
 * The turns of a durable actor, whose state is what the store has of it, plus turns on their way there.
 *
 * Owns: how a turn begins and ends. Does not own: what ends up in records (`commits.ts`), what becomes of
 * a failure (`verdict.ts`), the wait for the next attempt (`retry.ts`), steps (`step-log.ts`), and what
 * happens to the actor between turns (`durable-cell.ts`).
 *
 * Invariants
 * 1. `state` and `book` include every ended turn, committed or not; nothing said by one leaves
 *    before its commit (D1).
 * 2. After an undo nothing is appended until every record in flight is answered and the state is
 *    loaded again; the first record after it says so (`rebased`).
 */
import { Count, pendingColumn } from '../../mailbox/accounting.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'
import type { Refusal } from '../../persistence/store.ts'
import { type Book, emptyBook } from './book.ts'
import { Cell } from './cell.ts'
import { Commits } from './commits.ts'
import { durableHookOf } from './durable-hooks.ts'
import { DurableTurn } from './durable-turn.ts'
import { readable } from './error-data.ts'
import { Hand } from './hand.ts'
import { invoke, isPromise } from './invoke.ts'
import { Pipeline } from './pipeline.ts'
import type { Journal } from './ports.ts'
import { handlePublished } from './published.ts'
import { killedTwice } from './quarantined.ts'
import { Retry } from './retry.ts'
import type { EndReason } from './signal.ts'
import { StepLog } from './step-log.ts'
import { storeNeeded } from './store-needed.ts'
import type { Turn } from './turn.ts'
import type { Undo } from './undo.ts'
import { verdictOn } from './verdict.ts'

export abstract class DurableTurns extends Cell {
  state: unknown
  /** At most so many bytes does the state take encoded (T5). */
  stateBound = 0
  book: Book = emptyBook()
  /** Number of the last turn, committed or not. */
  turnNumber = 0
  /** The store has no state to fold on yet: the next turn writes it whole. */
  wholeDue = true
  /** Its book was brought up to date when it was loaded: the next turn writes it whole, too (D9). */
  bookDue = false
  readonly journal: Journal
  readonly pipeline: Pipeline
  readonly commits: Commits
  readonly hand = new Hand()
  // Most actors never need these: they come with the first message that fails, the first record that is lost.
  retry: Retry | undefined
  undone: Undo | undefined
  /** The store's side of its steps (D2). */
  readonly stepLog: StepLog

  constructor(...args: ConstructorParameters<typeof Cell>) {
    super(...args)
    const { journal } = this.host
    if (journal === undefined) throw storeNeeded(this.id)
    this.journal = journal
    this.pipeline = new Pipeline(journal, this)
    this.commits = new Commits(this)
    this.stepLog = new StepLog(this)
  }

  override get quiet(): boolean {
    const isDone = this.pipeline.isEmpty && this.retry?.isEmpty !== false
    return super.quiet && isDone && this.family.size === 0
  }

  /** When its records are answered. */
  override get isHeardOfAgain(): boolean {
    return !this.pipeline.isEmpty
  }

  /** A turn may hand it out, as an item of its stream, before its book is committed. */
  get grantToken(): string | undefined {
    return this.book.grant ?? (this.turn as DurableTurn | undefined)?.granted
  }

  /** Every record in flight was answered. */
  abstract answered(): void

  // ── beginning a turn ──────────────────────────────────────────────────────────────────────────

  /** Without store credit no turn starts; the journal calls when there is some (M5). */
  override mayTake(): boolean {
    if (this.journal.hasCredit) return true
    this.journal.whenCredit(this)
    return false
  }

  override nextMessage(): Envelope | undefined {
    const { retry } = this
    const envelope = retry?.due ?? this.inbox.mailbox.take(retry?.limit)
    if (envelope !== undefined) this.tally.leave(pendingColumn(envelope.lane))
    return envelope
  }

  override bestLane(): LaneNumber | undefined {
    const { retry } = this
    const lane = retry?.due?.lane ?? this.inbox.mailbox.best(retry?.limit)
    return lane === undefined || this.mayTake() ? lane : undefined
  }

  begin(envelope: Envelope): void {
    const { definition } = this
    const isAwaited = this.family.awaits(envelope)
    if (!isAwaited && !envelope.stored) return this.#skip()
    const handler = isAwaited
      ? (definition.on.get(envelope.name) ?? durableHookOf(definition, envelope.name))
      : nothing
    if (handler === undefined) {
      this.tally.leave(Count.running)
      return this.discard(envelope, 'no-handler')
    }
    if (this.wasGivenUp(envelope)) {
      this.tally.leave(Count.running)
      return this.discard(envelope, 'cancelled')
    }
    if (this.host.starts?.message(envelope, this.inbox.mailbox) === false) {
      this.tally.leave(Count.running)
      return this.setAside(envelope, 'quarantined', killedTwice(envelope))
    }
    if (envelope.stored) this.hand.take(envelope)
    const attempt = this.retry?.attemptOf(envelope) ?? this.host.script?.attempt ?? 1
    const turn = new DurableTurn(this, envelope, this.stepLog.restart(envelope), attempt)
    if (this.host.tracing !== undefined) turn.beginSpan()
    let result: unknown
    try {
      this.host.faults?.('turn:before-handler')
      result =
        envelope.header.topic === undefined
          ? handler(turn, envelope.payload)
          : handlePublished(turn, envelope, handler)
    } catch (error) {
      return this.failed(turn, error)
    }
    this.follow(turn, result)
  }

  /** A termination that nobody waits for any more; one in the store takes a turn to leave it. */
  #skip(): void {
    this.tally.move(Count.running, Count.processed)
  }

  /** Ends the turn now if it can, else waits for its handler and steps. */
  protected follow(turn: DurableTurn, result: unknown): void {
    const isPlain = typeof result !== 'object' || result === null
    if (isPlain && turn.open === 0) return this.completed(turn, result)
    this.phase = 'turn'
    this.turn = turn
    turn.startedMono = this.host.clock.mono()
    if (turn.envelope !== undefined) this.host.starts?.goesOn(turn.envelope)
    invoke(turn, result)
  }

  // ── ending it ─────────────────────────────────────────────────────────────────────────────────

  completed(turn: Turn, value: unknown): void {
    if (turn.closed) return
    const durable = turn as DurableTurn
    try {
      const reply = this.#reply(durable, value)
      if (!isPromise(reply)) return this.#end(durable, reply)
      reply.then(
        (valid) => this.#endChecked(durable, valid),
        (error) => this.failed(turn, error),
      )
    } catch (error) {
      this.failed(turn, error)
    }
  }

  #endChecked(turn: DurableTurn, reply: unknown): void {
    if (turn.closed) return
    try {
      this.#end(turn, reply)
    } catch (error) {
      this.failed(turn, error)
    }
  }

  #reply(turn: DurableTurn, value: unknown): unknown {
    const { envelope } = turn
    if (envelope === undefined) return undefined
    const { reply, asked, ownId } = envelope.header
    // Whoever comes again with an own id gets the reply, even if nobody waits for it now.
    if (reply === undefined && !asked && ownId === undefined) return undefined
    return this.checkedReply(envelope, value)
  }

  /** @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE, before anything was changed */
  #end(turn: DurableTurn, reply: unknown): void {
    this.commits.turn(turn, reply)
    const { envelope } = turn
    if (envelope === undefined) return this.started(turn)
    if (turn.unstashing) this.inbox.unstash()
    if (turn.stashing) this.#putAside(turn, envelope)
    this.#afterwards(turn)
  }

  /** A message that the stash has no room for is parked; the turn that put it there stands. */
  #putAside(turn: DurableTurn, envelope: Envelope): void {
    if (this.inbox.stash.put(envelope)) return
    turn.overfull = true
    const error = new TroupeError('MAILBOX_FULL', `the stash of ${this.id} is full`, {
      fields: { capacity: this.inbox.stash.capacity },
    })
    this.commits.park(envelope, 'stash-full', error)
  }

  #over(turn: DurableTurn): void {
    if (this.turn === turn) this.turnOver()
    else if (this.phase === 'ready') this.stand()
  }

  #afterwards(turn: DurableTurn): void {
    this.#over(turn)
    if (turn.afterwards === undefined) this.endIfAlone()
    else this.endAfterCommit(turn.afterwards)
  }

  protected abstract started(turn: DurableTurn): void
  protected abstract notStarted(error: unknown): void
  /** Its end is something a turn says: nobody hears of it before the commit (D1). */
  protected abstract endAfterCommit(reason: EndReason): void

  // ── failure (F2) ──────────────────────────────────────────────────────────────────────────────

  failed(turn: Turn | undefined, thrown: unknown): void {
    if (turn?.closed || this.phase === 'gone') return
    turn?.fail(thrown)
    turn?.close()
    const error = readable(thrown)
    const envelope = turn?.envelope
    if (envelope === undefined) return this.notStarted(error)
    this.#settle(turn as DurableTurn, envelope, error)
    this.#over(turn as DurableTurn)
    // What it said of its actor's end is undone with the rest (T3).
    this.endIfAlone()
  }

  #settle(turn: DurableTurn, envelope: Envelope, failure: unknown): void {
    const { attempt, misfit } = turn
    const { id, name } = envelope
    if (misfit === undefined) {
      const event = 'turn-failed'
      this.host.emit({ event, actor: this.id, message: name, id, attempt, error: failure })
    }
    const attempts = this.definition.behavior.retry?.attempts ?? 3
    const verdict = verdictOn(turn, envelope, failure, attempts)
    switch (verdict.kind) {
      case 'answered':
        return this.commits.answerFailure(turn, envelope, verdict.error)
      case 'parked':
        this.tally.leave(Count.running)
        return this.commits.park(envelope, verdict.reason, verdict.error, turn.inputs)
      case 'retried':
        return this.#retryLater(turn, envelope)
      default:
        verdict satisfies never
    }
  }

  #retryLater(turn: DurableTurn, envelope: Envelope): void {
    this.tally.move(Count.running, pendingColumn(envelope.lane))
    this.stepLog.keep(envelope, turn.steps)
    this.retry ??= new Retry(this)
    this.retry.later(envelope, turn.attempt)
  }

  /** The flag for the next record, once after an undo (D5). */
  takeRebase(): number {
    return this.undone?.takeRebase() ?? 0
  }

  /** A record of this actor was refused or lost: everything after it is as if it had never run. */
  abstract undo(envelope: Envelope | undefined, refusal: Refusal | undefined): void
  /** A record of this message was committed. */
  abstract left(key: string): void
  /** Parks a message that no turn has seen. */
  abstract setAside(envelope: Envelope, reason: DeadLetterReason, error: unknown): void
}

/** The handler of a message that is only to be consumed. */
function nothing(): void {}
