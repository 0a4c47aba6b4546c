/**
 * A durable actor: its state is what the store has of it, plus turns on their way there.
 *
 * Owns the turns: begin, end, what becomes of a failure (F2). Does not own: the wait for the next
 * attempt (`retry.ts`), what an undo collects (`undo.ts`), steps (`step-log.ts`), activation and the
 * messages that wait in the store (`durable-cell.ts`), how a record looks (`durable-record.ts`).
 *
 * Invariants
 * 1. `state` and `book` include every ended turn, committed or not; nothing said by one leaves
 *    before its commit (D1). The record of turn n is appended before turn n+1 begins.
 * 2. After an undo nothing is appended until every record in flight is answered and the state is
 *    loaded again; the first record after it says so (`rebased`).
 */
import { Count } from '../../mailbox/accounting.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { isTerminal, TroupeError } from '../../mailbox/errors.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'
import { applyPatch } from '../../persistence/patch.ts'
import { PartFlag, RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { Refusal } from '../../persistence/store.ts'
import { Looks } from '../draft/look.ts'
import { answerError } from './answers.ts'
import { type Book, emptyBook } from './book.ts'
import { Cell } from './cell.ts'
import { durableHookOf, terminationOf } from './durable-hooks.ts'
import {
  type PreparedTurn,
  prepare,
  writeFailure,
  writeInterrupt,
  writeTurn,
} from './durable-record.ts'
import { DurableTurn } from './durable-turn.ts'
import { readable } from './error-data.ts'
import { Hand, messageKey } from './hand.ts'
import { invoke, isPromise } from './invoke.ts'
import { Pipeline } from './pipeline.ts'
import type { Journal } from './ports.ts'
import { handlePublished } from './published.ts'
import { killedTwice } from './quarantined.ts'
import { ReadTurn } from './read-turn.ts'
import { copied } from './recoded.ts'
import { Retry } from './retry.ts'
import type { EndReason } from './signal.ts'
import { Staged } from './staged.ts'
import { StepLog } from './step-log.ts'
import type { Turn } from './turn.ts'
import type { TurnInputs } from './turn-inputs.ts'
import { undeliverable } from './undeliverable.ts'
import { Undo } from './undo.ts'
import { undoneError } from './undone-error.ts'

export abstract class DurableTurns extends Cell {
  state: unknown
  book: Book = emptyBook()
  /** Number of the last turn, committed or not. */
  turnNumber = 0
  /** The store has no state to fold on yet: the next turn writes it whole. */
  wholeDue = true
  /** Its book was brought up to date when it was loaded: the next turn writes it whole, too (D9). */
  bookDue = false
  readonly journal: Journal
  readonly pipeline: Pipeline
  #saidItsEnd = false
  readonly hand = new Hand()
  protected readonly retry: Retry
  readonly undone: Undo
  /** The store's side of its steps (D2). */
  readonly stepLog: StepLog

  constructor(...args: ConstructorParameters<typeof Cell>) {
    super(...args)
    const { journal } = this.host
    if (journal === undefined) throw storeNeeded(this.id)
    this.journal = journal
    this.pipeline = new Pipeline(journal, () => this.answered())
    this.retry = new Retry(this)
    this.undone = new Undo(this)
    this.stepLog = new StepLog(this)
  }

  override get quiet(): boolean {
    return super.quiet && this.pipeline.isEmpty && this.retry.isEmpty && this.family.size === 0
  }

  get grantToken(): string | undefined {
    return this.book.grant
  }

  override get settled(): boolean {
    return super.settled && this.pipeline.isEmpty
  }

  override get hasSaidItsEnd(): boolean {
    return this.#saidItsEnd
  }

  /** Every record in flight was answered. */
  protected abstract answered(): void

  // ── beginning a turn ──────────────────────────────────────────────────────────────────────────

  /** Without store credit no turn starts; the journal calls when there is some (M5). */
  override mayTake(): boolean {
    if (this.journal.hasCredit) return true
    this.journal.whenCredit(this)
    return false
  }

  override nextMessage(): Envelope | undefined {
    const envelope = this.retry.due ?? this.inbox.mailbox.take(this.retry.limit)
    if (envelope !== undefined) this.tally.leave(Count.pending)
    return envelope
  }

  override bestLane(): LaneNumber | undefined {
    const lane = this.retry.due?.lane ?? this.inbox.mailbox.best(this.retry.limit)
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
    if (this.host.starts?.message(envelope, this.inbox.mailbox) === false) {
      this.tally.leave(Count.running)
      return this.setAside(envelope, 'quarantined', killedTwice(envelope))
    }
    if (envelope.stored) this.hand.take(envelope)
    const attempt = this.retry.attemptOf(envelope) ?? this.host.script?.attempt ?? 1
    const turn = new DurableTurn(this, envelope, this.stepLog.restart(envelope), attempt)
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
    turn.rearm()
    this.host.faults?.('turn:settled')
    if (turn.afterwards === 'stopped') turn.staged.message(endOf(this, turn), PartFlag.end)
    const prepared = prepare(this, turn, reply)
    turn.close()
    if (this.#isSilent(turn, prepared)) return this.#over(turn)
    this.turnNumber += 1
    writeTurn(this.journal.builder, this, turn, prepared)
    this.#apply(prepared)
    for (const tie of turn.ties) tie(this.family)
    this.#saidItsEnd = turn.afterwards !== undefined
    this.#finishMessage(turn.envelope)
    if (turn.afterwards === 'destroyed') this.#appendTurn(turn, reply, () => this.#tombstone(turn))
    else this.#appendTurn(turn, reply)
    this.host.faults?.('turn:recorded')
    this.#over(turn)
  }

  /** A start hook that changed and said nothing leaves no record. */
  #isSilent(turn: DurableTurn, { patch, book }: PreparedTurn): boolean {
    if (turn.envelope !== undefined || turn.afterwards !== undefined) return false
    return !patch && !book && turn.staged.isEmpty
  }

  #apply({ patch, book, stateBytes }: PreparedTurn): void {
    if (patch !== undefined) this.state = applyPatch(this.state, patch)
    if (book !== undefined) this.book = applyPatch(this.book, book) as Book
    if (stateBytes === undefined) return
    this.wholeDue = false
    this.bookDue = false
  }

  #appendTurn(turn: DurableTurn, reply: unknown, then?: () => void): void {
    const { envelope } = turn
    this.pipeline.append({
      committed: (position, ack) => {
        if (envelope !== undefined) this.#consumed(turn, envelope, position)
        for (const id of turn.watches) this.family.watchCommitted(id, position)
        turn.staged.release(position, ack)
        if (!turn.stashing) envelope?.header.reply?.settle({ ok: true, value: reply })
      },
      undone: (refusal) => this.undo(envelope, refusal),
    })
    then?.()
  }

  #consumed(turn: DurableTurn, envelope: Envelope, position: number): void {
    this.#leaveHand(envelope)
    if (!envelope.stored) this.tally.enter(Count.handed)
    if (!turn.stashing) return this.tally.enter(Count.storeProcessed)
    if (envelope.position === 0) envelope.position = position
    if (!turn.overfull) this.tally.enter(Count.stashed)
  }

  #over(turn: DurableTurn): void {
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
    this.park(envelope, 'stash-full', error)
  }

  #afterwards(turn: DurableTurn): void {
    if (this.turn === turn) this.turnOver()
    else if (this.phase === 'ready') this.stand()
    if (turn.afterwards === undefined) this.endIfAlone()
    else this.endAfterCommit(turn.afterwards)
  }

  /** Its end is something a turn says: nobody hears of it before the commit (D1). */
  protected endAfterCommit(reason: EndReason): void {
    if (this.phase === 'stopping' || this.phase === 'gone') return
    if (!this.pipeline.isEmpty) this.phase = 'starting'
    // Undone, the turn never said so: the actor is loaded again.
    this.pipeline.gate(
      () => this.end(reason),
      () => undefined,
    )
  }

  /** What the stash holds is pending for the next incarnation, which knows nothing of a stash. */
  #tombstone(turn: DurableTurn): void {
    const last = new Staged(this.host)
    last.message(endOf(this, turn), PartFlag.end)
    this.journal.builder.record({
      kind: RecordKind.destroyed,
      actor: this.id,
      time: turn.startedWall,
      flags: RecordFlag.unstash,
    })
    last.write(this.journal.builder)
    this.pipeline.append({
      committed: (position, ack) => last.release(position, ack),
      undone: (refusal) => this.undo(undefined, refusal),
    })
  }

  /** Forgets what belonged to a message that is no longer in hand. */
  #finishMessage(envelope: Envelope | undefined): void {
    if (envelope === undefined) return
    this.retry.over(envelope)
    this.stepLog.forget(envelope)
  }

  protected abstract started(turn: DurableTurn): void
  protected abstract notStarted(error: unknown): void

  // ── failure (F2) ──────────────────────────────────────────────────────────────────────────────

  failed(turn: Turn | undefined, thrown: unknown): void {
    if (turn?.closed || this.phase === 'gone') return
    turn?.close()
    const error = readable(thrown)
    const envelope = turn?.envelope
    if (envelope === undefined) return this.notStarted(error)
    const durable = turn as DurableTurn
    if (durable.misfit !== undefined) this.#giveUp(envelope, 'invalid-payload', error)
    else this.#settleFailure(durable, envelope, error)
    this.#afterwards(durable)
  }

  #settleFailure(turn: DurableTurn, envelope: Envelope, failure: unknown): void {
    this.host.emit({
      event: 'turn-failed',
      actor: this.id,
      message: envelope.name,
      id: envelope.id,
      attempt: turn.attempt,
      error: failure,
    })
    // Obeying an abort is no failure, whatever was thrown for it: it is final, and says why.
    const isAbort = turn.isAbort(failure)
    const error = isAbort ? turn.signal.reason : failure
    const attempts = this.definition.behavior.retry?.attempts ?? 3
    if (envelope.header.reply !== undefined || envelope.header.asked) {
      this.#answerFailure(turn, envelope, error)
    } else if (isAbort || isTerminal(error) || turn.attempt >= attempts) {
      this.#giveUp(envelope, isAbort ? 'cancelled' : 'parked', error)
    } else {
      this.#retryLater(turn, envelope)
    }
  }

  /** An asker gets the error instead of a retry; the history keeps both. */
  #answerFailure(turn: DurableTurn, envelope: Envelope, error: unknown): void {
    this.#finishMessage(envelope)
    this.turnNumber += 1
    const { builder } = this.journal
    writeFailure(builder, this, envelope, RecordKind.turn, error, turn.inputs)
    this.pipeline.append({
      committed: () => {
        this.#leaveHand(envelope)
        if (!envelope.stored) this.tally.enter(Count.handed)
        this.tally.enter(Count.storeProcessed)
        answerError(this.host, envelope, error)
      },
      undone: (refusal) => this.undo(envelope, refusal),
    })
  }

  #giveUp(envelope: Envelope, reason: DeadLetterReason, error: unknown): void {
    this.tally.leave(Count.running)
    this.park(envelope, reason, error)
  }

  /** Gives a message up: consumed, and from its commit on a dead letter that can be replayed. */
  protected park(
    envelope: Envelope,
    reason: DeadLetterReason,
    error: unknown,
    inputs?: TurnInputs,
  ): void {
    this.#finishMessage(envelope)
    this.tally.enter(Count.running)
    const { builder } = this.journal
    writeFailure(builder, this, envelope, RecordKind.parked, error, inputs)
    this.pipeline.append({
      committed: (position) => {
        this.#leaveHand(envelope)
        this.host.deadLetter(envelope, reason, error, position)
        answerError(this.host, envelope, error)
      },
      undone: (refusal) => this.undo(envelope, refusal),
    })
  }

  #leaveHand(envelope: Envelope): void {
    this.tally.leave(Count.running)
    const key = messageKey(envelope)
    this.stepLog.consumed(key)
    this.host.starts?.ended(envelope)
    this.hand.drop(key)
    this.left(key)
  }

  /** A record of this message was committed. */
  protected abstract left(key: string): void

  #retryLater(turn: DurableTurn, envelope: Envelope): void {
    this.tally.move(Count.running, Count.pending)
    this.stepLog.keep(envelope, turn.steps)
    this.retry.later(envelope, turn.attempt)
  }

  /** A message that is in the store cannot just be dropped: its end is a record too. */
  override discard(envelope: Envelope, reason: DeadLetterReason, error?: unknown): void {
    this.#finishMessage(envelope)
    if (!envelope.stored || reason === 'stopped') return super.discard(envelope, reason, error)
    this.setAside(envelope, reason, error ?? undeliverable(envelope, reason))
  }

  /** Parks a message that no turn has seen. */
  setAside(envelope: Envelope, reason: DeadLetterReason, error: unknown): void {
    this.hand.take(envelope)
    this.park(envelope, reason, error)
  }

  /** Recorded before the signal fires, so that a replay sees it where the turn did (M6). */
  override abort(running: Turn | ReadTurn, reason: TroupeError): void {
    const { envelope } = running
    if (running !== this.turn || envelope === undefined) return void running.abort(reason)
    const turn = this.turn
    writeInterrupt(this.journal.builder, this, envelope, reason)
    this.pipeline.append({
      committed: (position) => {
        this.nowStored(envelope, position)
        if (!turn.closed) turn.abort(reason)
      },
      // Alone it undoes nothing: the turn is still as it was, and still to be aborted.
      undone: (refusal) => {
        if (turn.closed || this.undone.isOn) return
        if (refusal === undefined) this.abort(turn, reason)
        else turn.abort(reason)
      },
    })
  }

  // ── undoing (D5) ──────────────────────────────────────────────────────────────────────────────

  /** A record of this actor was refused or lost: everything after it is as if it had never run. */
  undo(envelope: Envelope | undefined, refusal: Refusal | undefined): void {
    const isFirst = this.undone.begin(refusal)
    this.#saidItsEnd = false
    if (isFirst && (this.phase === 'ready' || this.phase === 'turn')) this.phase = 'starting'
    if (envelope !== undefined) this.undone.add(envelope, refusal)
  }

  /** Takes the running turn and the waiting retry back too; returns all messages, oldest first. */
  protected takeUndone(): Envelope[] {
    const envelopes = this.undone.take()
    this.hand.clear()
    const running = this.turn
    running?.close()
    // Its calls go on: the turn that comes again joins them.
    running?.leaveAsks(undoneError())
    this.turn = undefined
    if (running?.envelope !== undefined) envelopes.push(running.envelope)
    for (const _ of envelopes) this.tally.move(Count.running, Count.pending)
    for (const waiting of this.retry.envelopes) {
      if (!envelopes.includes(waiting)) envelopes.push(waiting)
    }
    this.retry.cancel()
    return envelopes
  }

  takeRebase(): number {
    return this.undone.takeRebase()
  }

  /** The store has accepted the message in hand together with its turn's first step. */
  nowStored(envelope: Envelope, position: number): void {
    if (envelope.stored) return
    this.tally.enter(Count.handed)
    envelope.position = position
    this.hand.take(envelope)
    this.host.starts?.goesOn(envelope)
  }

  // ── reads (T1, D1) ────────────────────────────────────────────────────────────────────────────

  read(envelope: Envelope): void {
    const looks = new Looks()
    const reading: ReadTurn = new ReadTurn(
      this,
      envelope,
      () => looks.at(this.state),
      (open) => this.pipeline.gate(open, () => this.#readAgain(reading)),
    )
    reading.run()
  }

  /** It saw a turn that was undone: nobody may hear of it (D1). */
  #readAgain(reading: ReadTurn): void {
    const { envelope } = reading
    this.tally.move(Count.running, Count.pending)
    this.inbox.reads?.unshift(envelope)
    this.readOver(reading)
    this.stand()
  }

  /** A copy: the answer may be a part of the state, which goes on changing before it leaves. */
  override checkedReply(envelope: Envelope, value: unknown): unknown {
    return super.checkedReply(envelope, copied(value))
  }
}

/** Said to all who watch it. */
function endOf({ id }: DurableTurns, turn: DurableTurn): Envelope {
  return terminationOf(turn, id, id)
}

/** The handler of a message that is only to be consumed. */
function nothing(): void {}

function storeNeeded(id: string): TroupeError {
  return new TroupeError(
    'OPTION_INVALID',
    `${id} is durable: give createSystem a store, for example { store: './app.db' } or { store: 'memory' }`,
  )
}
