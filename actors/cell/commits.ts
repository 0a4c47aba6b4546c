/**
 * What becomes of a durable actor's turns and of the messages it gives up: one record each, and what
 * happens once that is committed (D1). State and book in memory take a turn's changes at once.
 *
 * Does not own: how a record looks (`durable-record.ts`), the order of commits (`pipeline.ts`), what
 * an undone one undoes (`undo.ts`), steps (`step-log.ts`).
 *
 * Invariant: the record of turn n is appended before turn n+1 begins.
 */
import { Count } from '../../mailbox/accounting.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Tally } from '../../mailbox/tally.ts'
import { applyPatch } from '../../persistence/patch.ts'
import { PartFlag, RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { Ack, Refusal } from '../../persistence/store.ts'
import { answerError } from './answers.ts'
import type { Book } from './book.ts'
import { terminationOf } from './durable-hooks.ts'
import {
  type PreparedTurn,
  prepare,
  type Recorded,
  writeFailedTurn,
  writeInterrupt,
  writeParked,
  writeTurn,
} from './durable-record.ts'
import type { DurableTurn } from './durable-turn.ts'
import { EndedTurn } from './ended-turn.ts'
import type { Family } from './family.ts'
import { type Hand, messageKey } from './hand.ts'
import { type Pipeline, Written } from './pipeline.ts'
import type { CellHost, Journal } from './ports.ts'
import type { Retry } from './retry.ts'
import { Staged } from './staged.ts'
import type { StepLog } from './step-log.ts'
import type { TurnInputs } from './turn-inputs.ts'

/** The actor whose records they are. */
interface Owner extends Recorded {
  state: unknown
  stateBound: number
  book: Book
  turnNumber: number
  wholeDue: boolean
  bookDue: boolean
  readonly host: CellHost
  readonly journal: Journal
  readonly pipeline: Pipeline
  readonly tally: Tally
  readonly family: Family
  readonly hand: Hand
  readonly retry: Retry | undefined
  readonly stepLog: StepLog
  readonly undone: { readonly isOn: boolean } | undefined
  readonly commits: Commits
  undo(envelope: Envelope | undefined, refusal: Refusal | undefined): void
  /** A record of this message was committed. */
  left(key: string): void
}

export class Commits {
  readonly #cell: Owner
  /** Its last turn said that it ends. */
  saidItsEnd = false

  constructor(cell: Owner) {
    this.#cell = cell
  }

  /**
   * A turn has ended.
   * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE, before anything was changed
   */
  turn(turn: DurableTurn, reply: unknown): void {
    const cell = this.#cell
    turn.rearm()
    cell.host.faults?.('turn:settled')
    if (turn.afterwards === 'stopped') turn.staged.message(this.#endOf(turn), PartFlag.end)
    const prepared = prepare(cell, turn, reply)
    turn.close()
    if (isSilent(turn, prepared)) return
    cell.turnNumber += 1
    writeTurn(cell.journal.builder, cell, turn, prepared)
    this.#apply(prepared)
    turn.bonds?.apply(cell.family)
    this.saidItsEnd = turn.afterwards !== undefined
    if (turn.envelope !== undefined) this.finish(turn.envelope)
    cell.pipeline.append(new EndedTurn(cell, turn, reply))
    if (turn.afterwards === 'destroyed') this.#tombstone(turn)
    cell.host.faults?.('turn:recorded')
  }

  #apply({ patch, book, stateBytes, stateBound }: PreparedTurn): void {
    const cell = this.#cell
    cell.stateBound = stateBound
    if (patch !== undefined) cell.state = applyPatch(cell.state, patch)
    if (book !== undefined) cell.book = applyPatch(cell.book, book) as Book
    if (stateBytes === undefined) return
    cell.wholeDue = false
    cell.bookDue = false
  }

  /** What the stash holds is pending for the next incarnation, which knows nothing of a stash. */
  #tombstone(turn: DurableTurn): void {
    const { id, host, journal } = this.#cell
    const last = new Staged(host)
    last.message(this.#endOf(turn), PartFlag.end)
    journal.builder.record({
      kind: RecordKind.destroyed,
      actor: id,
      time: turn.startedWall,
      flags: RecordFlag.unstash,
    })
    last.write(journal.builder)
    this.#append(undefined, (position, ack) => last.release(position, ack))
  }

  /** Said to all who watch the actor. */
  #endOf(turn: DurableTurn): Envelope {
    return terminationOf(turn, this.#cell.id, this.#cell.id)
  }

  /** A turn has failed whose asker gets the error instead of a retry; the history keeps both (F2). */
  answerFailure(turn: DurableTurn, envelope: Envelope, error: unknown): void {
    const cell = this.#cell
    this.finish(envelope)
    cell.turnNumber += 1
    writeFailedTurn(cell.journal.builder, cell, envelope, error, turn.inputs)
    this.#append(envelope, () => {
      this.leaveHand(envelope)
      if (!envelope.stored) cell.tally.enter(Count.handed)
      cell.tally.enter(Count.storeProcessed)
      answerError(cell.host, envelope, error)
    })
  }

  /**
   * Gives a message up: consumed, and from its commit on a dead letter that can be replayed.
   * @param inputs of the turn that gave it up, if one did
   */
  park(envelope: Envelope, reason: DeadLetterReason, error: unknown, inputs?: TurnInputs): void {
    const cell = this.#cell
    this.finish(envelope)
    cell.tally.enter(Count.running)
    writeParked(cell.journal.builder, cell, envelope, { reason, error, inputs })
    this.#append(envelope, (position) => {
      this.leaveHand(envelope)
      cell.host.deadLetter(envelope, reason, error, position)
      answerError(cell.host, envelope, error)
    })
  }

  /**
   * Records that a turn is to be aborted before its signal fires, so that a replay sees it where the
   * turn did (M6).
   * @param again what to do when the record was lost
   */
  interrupt(turn: DurableTurn, envelope: Envelope, reason: unknown, again: () => void): void {
    const cell = this.#cell
    writeInterrupt(cell.journal.builder, cell, envelope, reason)
    const committed = (position: number): void => {
      this.nowStored(envelope, position)
      if (!turn.closed) turn.abort(reason)
    }
    // Alone it undoes nothing: the turn is still as it was, and still to be aborted.
    const undone = (refusal: Refusal | undefined): void => {
      if (turn.closed || cell.undone?.isOn) return
      if (refusal === undefined) again()
      else turn.abort(reason)
    }
    cell.pipeline.append(new Written(committed, undone))
  }

  /** Forgets what belonged to a message that is no longer in hand. */
  finish(envelope: Envelope): void {
    this.#cell.retry?.over(envelope)
    this.#cell.stepLog.forget(envelope)
  }

  /** The store has accepted the message in hand together with its turn's first step. */
  nowStored(envelope: Envelope, position: number): void {
    const { tally, hand, host } = this.#cell
    if (envelope.stored) return
    tally.enter(Count.handed)
    envelope.position = position
    hand.take(envelope)
    host.starts?.goesOn(envelope)
  }

  /** A record consumed the message. */
  leaveHand(envelope: Envelope): void {
    const { tally, hand, stepLog, host } = this.#cell
    tally.leave(Count.running)
    host.starts?.ended(envelope)
    // Hand, steps and intake know of those alone that the store holds.
    if (!envelope.stored) return
    const key = messageKey(envelope)
    stepLog.consumed(key)
    hand.drop(key)
    this.#cell.left(key)
  }

  /** Hands over the record that was just built. @param envelope what it consumes */
  #append(envelope: Envelope | undefined, committed: (position: number, ack: Ack) => void): void {
    const undone = (refusal: Refusal | undefined): void => this.#cell.undo(envelope, refusal)
    this.#cell.pipeline.append(new Written(committed, undone))
  }
}

/** A start hook that changed and said nothing leaves no record. */
function isSilent(turn: DurableTurn, { patch, book }: PreparedTurn): boolean {
  if (turn.envelope !== undefined || turn.afterwards !== undefined) return false
  return !patch && !book && (turn.said?.isEmpty ?? true)
}
