/**
 * A durable actor in memory. Its turns are `durable-turns.ts`; how it gets here is `activation.ts`, how
 * its messages do `intake.ts`. This is what happens to it between: signals, an undo, its end.
 */
import { Count } from '../../mailbox/accounting.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { TellOutcome } from '../../mailbox/outcome.ts'
import { Activation } from './activation.ts'
import { childEndOf } from './durable-hooks.ts'
import { DurableTurn } from './durable-turn.ts'
import { DurableTurns } from './durable-turns.ts'
import { Intake } from './intake.ts'
import type { Signal } from './signal.ts'
import { Steps } from './steps.ts'

export class DurableCell extends DurableTurns {
  readonly intake: Intake
  readonly #activation: Activation
  /** Signals that came before the book was loaded. */
  #early: Signal[] = []

  constructor(...args: ConstructorParameters<typeof DurableTurns>) {
    super(...args)
    this.intake = new Intake(this)
    this.#activation = new Activation(this)
  }

  override get quiet(): boolean {
    return super.quiet && this.intake.hasAll
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
      default:
        return super.obey(signal)
    }
  }

  /** Whose end it is to know stands in the book: before that is loaded, such a signal waits. */
  #bondEnded(signal: Signal & { readonly kind: 'terminated' | 'child-ended' }): void {
    const isLoaded = this.phase === 'ready' || this.phase === 'turn' || this.phase === 'stopping'
    if (!isLoaded) return void this.#early.push(signal)
    if (signal.kind === 'terminated') return super.obey(signal)
    const { child, error } = signal
    if (!this.family.hasChild(child)) return
    super.obey({ kind: 'child-ended', child })
    if (this.phase !== 'stopping') this.host.route(childEndOf(this.host, this.id, child, error))
  }

  override run(until: number): void {
    super.run(until)
    this.intake.readOn()
  }

  protected left(key: string): void {
    this.intake.consumed(key)
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
    for (const signal of this.#early.splice(0)) this.receiveSignal(signal)
    this.host.emit({ event: 'actor-started', actor: this.id })
    this.stand()
    this.intake.readOn()
    this.host.touched(this)
    if (turn.afterwards !== undefined) this.endAfterCommit(turn.afterwards)
  }

  protected notStarted(error: unknown): void {
    this.#activation.failed(error)
  }

  // ── after an undo (D5) ────────────────────────────────────────────────────────────────────────

  /** All records in flight are answered: an undone actor is loaded again. */
  protected answered(): void {
    if (this.undone.isOn) this.#reload(this.takeUndone())
    else this.endIfAlone()
    this.host.touched(this)
  }

  #reload(undone: Envelope[]): void {
    const inHand = new Set<Envelope>()
    for (const envelope of [...undone, ...this.inbox.drainMailbox()]) {
      // It was brought back from the stash before the turn that put it there was undone.
      if (inHand.has(envelope)) this.tally.move(Count.pending, Count.stashed)
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

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  override endIfAlone(): void {
    if (this.pipeline.isEmpty) super.endIfAlone()
  }

  protected closed(): void {
    this.retry.cancel()
    this.intake.close()
    this.#activation.close()
  }
}
