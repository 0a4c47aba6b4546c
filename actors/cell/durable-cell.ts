/**
 * A durable actor in memory. Its turns are `durable-turns.ts`; how it gets here is `activation.ts`, how
 * its messages do `intake.ts`. This is what happens to it between: signals, an undo, its end.
 */
import { Count, pendingColumn } from '../../mailbox/accounting.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { TroupeError } from '../../mailbox/errors.ts'
import type { TellOutcome } from '../../mailbox/outcome.ts'
import type { Refusal } from '../../persistence/store.ts'
import { Activation } from './activation.ts'
import type { WaitsFor } from './cell.ts'
import { childEndOf } from './durable-hooks.ts'
import { readDurable } from './durable-read.ts'
import { DurableTurn } from './durable-turn.ts'
import { DurableTurns } from './durable-turns.ts'
import { Intake } from './intake.ts'
import type { ReadTurn } from './read-turn.ts'
import { copied } from './recoded.ts'
import { replyTo } from './reply-names.ts'
import type { EndReason, Signal } from './signal.ts'
import { Steps } from './steps.ts'
import type { Turn } from './turn.ts'
import { undeliverable } from './undeliverable.ts'
import { Undo } from './undo.ts'
import { undoneError } from './undone-error.ts'

export class DurableCell extends DurableTurns {
  readonly intake: Intake
  readonly #activation: Activation
  /** The record that says its end, where no turn did. */
  #ending: 'recording' | 'recorded' | undefined
  /** Signals that came before the book was loaded. */
  #early: Signal[] | undefined

  constructor(...args: ConstructorParameters<typeof DurableTurns>) {
    super(...args)
    this.intake = new Intake(this)
    this.#activation = new Activation(this)
  }

  override get quiet(): boolean {
    return super.quiet && this.intake.hasAll
  }

  override get mayHoldMore(): boolean {
    return (this.phase !== 'ready' && this.phase !== 'turn') || !this.intake.hasAll
  }

  override get settled(): boolean {
    return super.settled && this.pipeline.isEmpty
  }

  get waitsFor(): WaitsFor {
    if (this.phase === 'backoff') return this.#activation.isUpToSomebody ? 'somebody' : 'time'
    if (this.phase !== 'ready' || this.intake.hasAll) return 'nothing'
    return this.intake.isUpToSomebody ? 'somebody' : 'time'
  }

  override get hasSaidItsEnd(): boolean {
    return this.commits.saidItsEnd || this.#ending !== undefined
  }

  /** Stored messages outlive this incarnation: the next one takes them at once. */
  override get leftInStore(): boolean {
    if (this.intake.leftSome) return true
    const stashed = this.ending?.reason === 'destroyed' ? [...this.inbox.stash] : []
    return [...this.inbox.mailbox, ...stashed].some((envelope) => envelope.stored)
  }

  // ── messages and signals ──────────────────────────────────────────────────────────────────────

  protected override admit(envelope: Envelope): TellOutcome {
    if (envelope.stored) return this.intake.arrived(envelope)
    return this.intake.mustFollow(envelope) ? this.intake.follow(envelope) : super.admit(envelope)
  }

  /** A wake counts from the moment it comes: what is told next waits behind what it told of (T2). */
  override receiveSignal(signal: Signal): void {
    if (signal.kind === 'wake') this.intake.wake(signal.lane)
    super.receiveSignal(signal)
  }

  override obey(signal: Signal): void {
    switch (signal.kind) {
      case 'wake':
        this.#activation.woken()
        return this.intake.readOn()
      case 'terminated':
      case 'child-ended':
        return this.#bondEnded(signal)
      case 'interrupt':
        // Who may stands in the book: before that is loaded it waits for its message (M6).
        return this.#isLoaded ? super.obey(signal) : this.host.interrupts.keep(this.id, signal)
      default:
        return super.obey(signal)
    }
  }

  get #isLoaded(): boolean {
    return this.phase === 'ready' || this.phase === 'turn' || this.phase === 'stopping'
  }

  /** Whose end it is to know stands in the book: before that is loaded, such a signal waits. */
  #bondEnded(signal: Signal & { readonly kind: 'terminated' | 'child-ended' }): void {
    if (!this.#isLoaded) return this.#waitsForBook(signal)
    if (signal.kind === 'terminated') return super.obey(signal)
    const { child } = signal
    if (!this.family.hasChild(child)) return
    super.obey({ kind: 'child-ended', child })
    if (this.phase !== 'stopping') this.host.route(childEndOf(this.host, this.id, signal))
  }

  #waitsForBook(signal: Signal): void {
    this.#early ??= []
    this.#early.push(signal)
  }

  override run(until: number): void {
    super.run(until)
    this.intake.readOn()
  }

  left(key: string): void {
    this.intake.consumed(key)
  }

  /** A message that is in the store cannot just be dropped: its end is a record too. */
  override discard(envelope: Envelope, reason: DeadLetterReason, error?: unknown): void {
    this.commits.finish(envelope)
    if (!envelope.stored || reason === 'stopped') return super.discard(envelope, reason, error)
    this.setAside(envelope, reason, error ?? undeliverable(envelope, reason))
  }

  /** Parks a message that no turn has seen. */
  setAside(envelope: Envelope, reason: DeadLetterReason, error: unknown): void {
    if (envelope.stored) this.hand.take(envelope)
    this.commits.park(envelope, reason, error)
  }

  /** In a turn it is recorded first (M6). */
  override abort(running: Turn | ReadTurn, reason: TroupeError): void {
    const { envelope } = running
    if (running !== this.turn || envelope === undefined) return void running.abort(reason)
    const turn = running as DurableTurn
    this.commits.interrupt(turn, envelope, reason, () => this.abort(turn, reason))
  }

  // ── activation ────────────────────────────────────────────────────────────────────────────────

  start(): void {
    this.#activation.begin()
  }

  runStartHook(): void {
    const { onStart } = this.definition.behavior
    const turn = new DurableTurn(this, undefined, new Steps(this.id), 1)
    try {
      this.follow(turn, onStart?.(turn))
    } catch (error) {
      this.failed(turn, error)
    }
  }

  protected started(turn: DurableTurn): void {
    this.#activation.succeeded()
    if (this.turn === turn) this.turn = undefined
    const early = this.#early ?? []
    this.#early = undefined
    for (const signal of early) this.receiveSignal(signal)
    this.host.emit({ event: 'actor-started', actor: this.id })
    this.stand()
    this.intake.readOn()
    this.host.touched(this)
    if (turn.afterwards !== undefined) this.endAfterCommit(turn.afterwards)
  }

  protected notStarted(error: unknown): void {
    this.#activation.failed(error)
  }

  // ── undoing (D5) ──────────────────────────────────────────────────────────────────────────────

  /** All records in flight are answered: an undone actor is loaded again. */
  answered(): void {
    if (this.undone?.isOn) this.#reload(this.#takeUndone(this.undone))
    else this.endIfAlone()
    this.host.touched(this)
  }

  /** A record of this actor was refused or lost: everything after it is as if it had never run. */
  undo(envelope: Envelope | undefined, refusal: Refusal | undefined): void {
    this.undone ??= new Undo(this)
    const isFirst = this.undone.begin(refusal)
    this.commits.saidItsEnd = false
    if (isFirst && (this.phase === 'ready' || this.phase === 'turn')) this.phase = 'starting'
    if (envelope !== undefined) this.undone.add(envelope, refusal)
  }

  /** Takes the running turn and the waiting retry back too; returns all messages, oldest first. */
  #takeUndone(undone: Undo): Envelope[] {
    const running = this.turn
    const comesBack = running?.envelope !== undefined && !undone.isPast(running.envelope)
    const envelopes = undone.take()
    this.hand.clear()
    running?.fail(undoneError())
    running?.close()
    // Its calls go on: the turn that comes again joins them.
    running?.leaveAsks(undoneError())
    this.turn = undefined
    if (comesBack) envelopes.push(running.envelope as Envelope)
    for (const { lane } of envelopes) this.tally.move(Count.running, pendingColumn(lane))
    for (const waiting of this.retry?.envelopes ?? []) {
      if (!envelopes.includes(waiting)) envelopes.push(waiting)
    }
    this.retry?.cancel()
    return envelopes
  }

  #reload(undone: Envelope[]): void {
    const inHand = new Set<Envelope>()
    for (const envelope of [...undone, ...this.inbox.drainMailbox()]) {
      // It was brought back from the stash before the turn that put it there was undone.
      if (inHand.has(envelope)) this.tally.move(pendingColumn(envelope.lane), Count.stashed)
      else inHand.add(envelope)
    }
    for (const envelope of this.inbox.stash.drain()) {
      // One whose turn was undone is in hand again: it was never stashed.
      if (!inHand.has(envelope)) this.intake.backToStore(envelope, Count.stashed)
    }
    this.intake.putBack(inHand)
    this.stepLog.clear()
    if (this.phase === 'stopping') return this.endIfAlone()
    this.phase = 'cold'
    this.stand()
  }

  // ── reads (T1, D1) ────────────────────────────────────────────────────────────────────────────

  read(envelope: Envelope): void {
    readDurable(this, envelope)
  }

  /** A copy: the answer may be a part of the state, which goes on changing before it leaves. */
  override checkedReply(envelope: Envelope, value: unknown): unknown {
    return super.checkedReply(envelope, copied(value, replyTo(envelope)))
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

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

  override endIfAlone(): void {
    if (this.pipeline.isEmpty) super.endIfAlone()
  }

  /** An end that no turn of its own said, since its parent stopped it, is a record all the same (F6). */
  protected override mayBeGone(): boolean {
    if (this.commits.saidItsEnd || this.#ending === 'recorded') return true
    if (this.#ending === 'recording') return false
    this.#ending = 'recording'
    void this.host.recordEnd(this.id).then(() => {
      this.#ending = 'recorded'
      this.endIfAlone()
    })
    return false
  }

  protected closed(): void {
    this.retry?.cancel()
    this.intake.close()
    this.#activation.close()
  }
}
