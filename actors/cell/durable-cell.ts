/**
 * A durable actor in memory: how it gets there, keeps up with what the store accepted for it, and
 * leaves again. Its turns are `durable-turns.ts`.
 */
import { Count } from '../../mailbox/accounting.ts'
import type { CancelAlarm } from '../../mailbox/clock.ts'
import type { Envelope, ReplySink } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'
import { queued, type TellOutcome } from '../../mailbox/outcome.ts'
import type { MessageRef } from '../../persistence/record.ts'
import type { Damage, LoadedActor, PendingPage, StoredMessage } from '../../persistence/stored.ts'
import { answerError } from './answers.ts'
import { Backlog } from './backlog.ts'
import { pauseBefore } from './backoff.ts'
import { childEndOf } from './durable-hooks.ts'
import { DurableTurn } from './durable-turn.ts'
import { DurableTurns } from './durable-turns.ts'
import { fold } from './fold.ts'
import { type Followers, sentKey } from './followers.ts'
import { isPromise } from './invoke.ts'
import { isOlderState, presentBook, presentState, refuseNewerMessages } from './present.ts'
import { activationKilledTwice } from './quarantined.ts'
import type { Signal } from './signal.ts'
import { Steps } from './steps.ts'
import { envelopeOf, envelopeOfDamage } from './stored-message.ts'

/** Most stored messages read at once. */
export const pageSize = 256
/** Ms until what only other code can mend is tried again. */
const slowPause = 30_000

export class DurableCell extends DurableTurns {
  readonly #backlog = new Backlog()
  /** What waits in memory behind it. */
  get #followers(): Followers {
    return this.inbox.followers as Followers
  }
  /** Activations begun, so that an answer to an earlier one is known as such. */
  #loads = 0
  /** Its activation killed its thread twice: it is not tried again before it is released (F3). */
  #isBarred = false
  /** Failed activations in a row. */
  #failures = 0
  #wakeUpLater: CancelAlarm | undefined
  /** Who waits here for messages that are only in the store: first in a turn, then undone. */
  readonly #askers = new Map<string, ReplySink>()
  /** Signals that came before the book was loaded. */
  #early: Signal[] = []

  override get quiet(): boolean {
    return super.quiet && this.#backlog.state === 'following'
  }

  // ── intake ────────────────────────────────────────────────────────────────────────────────────

  protected override admit(envelope: Envelope): TellOutcome {
    if (envelope.stored) return this.#arrived(envelope)
    return this.#backlog.mayHold(envelope.lane) ? this.#follow(envelope) : super.admit(envelope)
  }

  #arrived(envelope: Envelope): TellOutcome {
    switch (this.#backlog.arrived(envelope)) {
      case 'take':
        this.#takeIn(envelope)
        break
      case 'leave':
        this.#followers.came(envelope)
        this.#leaveInStore()
        break
      default:
        this.#leaveInStore()
    }
    return queued
  }

  /** A stored message is never shed (M3): without room it waits in the store. */
  #takeIn(envelope: Envelope): void {
    if (this.inbox.mailbox.hasRoom) return void super.admit(envelope)
    this.#backlog.spill(envelope.lane)
    this.#followers.came(envelope)
    this.#leaveInStore()
  }

  /** Behind what only the store has of its lane (T2). */
  #follow(envelope: Envelope): TellOutcome {
    const outcome = this.inbox.follow(this.#followers, envelope)
    if (this.phase === 'cold') this.stand()
    return outcome
  }

  #leaveInStore(): void {
    this.tally.enter(Count.inStore)
    this.stand()
  }

  /** From the moment it comes, not from when it is obeyed: what is told next waits behind it (T2). */
  override receiveSignal(signal: Signal): void {
    if (signal.kind === 'wake') this.#backlog.wake(signal.lane)
    super.receiveSignal(signal)
  }

  override obey(signal: Signal): void {
    switch (signal.kind) {
      case 'wake':
        if (this.#isBarred) this.#again()
        return this.#readOn()
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
    this.#readOn()
  }

  /** Reads the next stored messages when there is room for them. */
  #readOn(): void {
    if (this.#backlog.state !== 'spilled') return
    if (this.phase !== 'ready' && this.phase !== 'turn') return
    if (this.inbox.mailbox.size > this.inbox.mailbox.capacity / 4) return
    this.#backlog.read()
    const { next } = this.#backlog
    const loads = this.#loads
    this.journal.pending(this.id, next, this.#room()).then(
      (page) => loads === this.#loads && this.#adoptLater(page),
      (error) => loads === this.#loads && this.#readFailed(error),
    )
  }

  /** A message of a newer version waits with all behind it; what came before goes on (T2, D9). */
  #adoptLater(page: PendingPage): void {
    try {
      refuseNewerMessages(this.definition, this.id, page.messages)
    } catch (error) {
      return this.#readFailed(error, slowPause)
    }
    this.#adoptPage(page)
  }

  /** How many stored messages there is room for; some at least, since all others wait for them. */
  #room(): number {
    const followers = this.#followers
    const { mailbox } = this.inbox
    const least = Math.ceil(mailbox.capacity / 4)
    return Math.min(pageSize, Math.max(least, mailbox.capacity - mailbox.size - followers.size))
  }

  #readFailed(error: unknown, pause?: number): void {
    this.#backlog.readFailed()
    this.host.log('warn', this.id, 'reading waiting messages failed', { error: String(error) })
    this.#later(() => this.#readOn(), pause)
  }

  #adoptPage(page: PendingPage): void {
    if (this.phase === 'gone' || this.undone.isOn) return
    const inHand = this.#inHand()
    const isNew = ({ position, index }: MessageRef): boolean => {
      const key = refKey(position, index)
      return !inHand.has(key) && !this.#backlog.wasConsumed(key)
    }
    for (const message of page.messages) {
      this.#letEarlierIn(message, message.at.position)
      if (isNew(message.ref)) this.#adopt(message)
    }
    for (const damage of page.damaged) {
      if (damage.message !== undefined && isNew(damage.message)) this.#quarantine(damage)
    }
    for (const envelope of this.#backlog.arrivedMeanwhile(page)) {
      this.#letEarlierIn(envelope, envelope.position)
      this.tally.leave(Count.inStore)
      this.#takeIn(envelope)
    }
    const isOver = (lane: LaneNumber): boolean => !this.#backlog.mayHold(lane)
    for (const envelope of this.#followers.takeLanes(isOver)) this.inbox.mailbox.readmit(envelope)
    this.stand()
    this.#readOn()
    this.host.touched(this)
  }

  /** What came before a stored message that goes into the mailbox now. */
  #letEarlierIn(sent: { readonly from: string; readonly lane: number }, position: number): void {
    for (const earlier of this.#followers.takeBefore(sent, position))
      this.inbox.mailbox.readmit(earlier)
  }

  /** With the asker, if it is one that waits on this thread. */
  #envelopeOf(message: StoredMessage): Envelope {
    const key = refKey(message.ref.position, message.ref.index)
    const asker = this.#askers.get(key)
    this.#askers.delete(key)
    return envelopeOf(message, this.definition, this.id, this.host, asker)
  }

  #adopt(message: StoredMessage): void {
    this.tally.leave(Count.inStore)
    const envelope = this.#envelopeOf(message)
    if (envelope.header.unfit !== undefined) return this.#setAsideUnfit(envelope)
    this.tally.enter(Count.pending)
    this.inbox.mailbox.readmit(envelope)
  }

  /** A message that cannot be brought to the present version: a dead letter with all its bytes (D9). */
  #setAsideUnfit(envelope: Envelope): void {
    this.setAside(envelope, 'parked', envelope.header.unfit?.error)
  }

  /** Everything of this actor that memory holds: waiting, stashed, running, or on its way to commit. */
  #inHand(): Set<string> {
    const keys = new Set(this.hand.keys())
    for (const { a, b } of this.inbox.mailbox) keys.add(refKey(a, b))
    for (const { a, b } of this.inbox.stash) keys.add(refKey(a, b))
    return keys
  }

  protected left(key: string): void {
    this.#backlog.consumed(key)
  }

  /** A message that cannot be read any more is set aside: its bytes are kept, the others go on (D4). */
  #quarantine(damage: Damage): void {
    this.host.emit({ event: 'actor-damaged', actor: this.id, damage })
    this.tally.leave(Count.inStore)
    const envelope = envelopeOfDamage(damage, this.id)
    this.setAside(envelope, 'quarantined', damaged(this.id, damage))
  }

  // ── activation ────────────────────────────────────────────────────────────────────────────────

  start(): void {
    this.phase = 'starting'
    this.#loads += 1
    this.#isBarred = this.host.starts?.activation(this.id) === false
    if (this.#isBarred) return this.activationFailed(activationKilledTwice(this.id))
    this.#backlog.restart()
    this.#backlog.read()
    this.#activate(this.#loads).catch((error) => this.activationFailed(error))
  }

  async #activate(loads: number): Promise<void> {
    const deps = this.host.deps()
    if (isPromise(deps)) await deps
    this.host.faults?.('actor:before-load')
    const loaded = await this.journal.load(this.id, this.#room())
    this.host.faults?.('actor:loaded')
    if (this.phase !== 'starting' || loads !== this.#loads) return
    if (loaded.kind === 'damaged') return this.#damaged(loaded)
    refuseNewerMessages(this.definition, this.id, [...loaded.pending.messages, ...loaded.stash])
    this.#foldIn(loaded)
    this.#adoptStored(loaded)
    this.#runStartHook()
  }

  #foldIn(loaded: LoadedActor): void {
    const { turn, version, state, book: old } = fold(loaded)
    const book = presentBook(this.host, this.definition, old)
    this.turnNumber = turn
    this.book = book
    this.state =
      state === undefined
        ? this.#firstState()
        : presentState(this.id, this.definition, state.value, version)
    this.bookDue = state !== undefined && isOlderState(this.definition, version)
    this.wholeDue = state === undefined || this.bookDue || book !== old
    if (book !== old) this.bookDue = true
    this.family.become(book.parent, Object.keys(book.children), Object.keys(book.watching))
  }

  #firstState(): unknown {
    const { state } = this.definition.behavior
    return state === undefined ? {} : state(this.key)
  }

  #adoptStored(loaded: LoadedActor): void {
    for (const stored of loaded.steps) this.#recall(stored)
    for (const message of loaded.stash) this.#adoptStashed(message)
    this.#adoptPage(loaded.pending)
  }

  #recall(stored: LoadedActor['steps'][number]): void {
    const { position, index } = stored.message
    const key = refKey(position, index)
    this.stepLog.recalled(key).recall(stored)
  }

  #adoptStashed(message: StoredMessage): void {
    this.tally.leave(Count.inStore)
    const envelope = this.#envelopeOf(message)
    if (envelope.header.unfit !== undefined) return this.#setAsideUnfit(envelope)
    this.tally.enter(Count.stashed)
    this.inbox.stash.put(envelope)
  }

  #runStartHook(): void {
    const { onStart } = this.definition.behavior
    const turn = new DurableTurn(this, undefined, new Steps(this.id), 1)
    try {
      this.follow(turn, onStart?.(turn))
    } catch (error) {
      this.failed(turn, error)
    }
  }

  protected started(turn: DurableTurn): void {
    this.#failures = 0
    this.host.starts?.activated(this.id)
    this.phase = 'ready'
    if (this.turn === turn) this.turn = undefined
    this.#greetFamily()
    for (const signal of this.#early.splice(0)) this.receiveSignal(signal)
    this.host.emit({ event: 'actor-started', actor: this.id })
    this.stand()
    this.#readOn()
    this.host.touched(this)
    if (turn.afterwards !== undefined) this.endAfterCommit(turn.afterwards)
  }

  /**
   * Bonds live in memory on the other side: after an activation they are tied again. Durable children
   * know their parent from their own book.
   */
  #greetFamily(): void {
    for (const child of this.family.children) {
      const type = child.slice(0, child.indexOf('/'))
      if (this.host.definition(type)?.behavior.durable === true) continue
      this.host.signal(child, { kind: 'adopt', parent: this.id })
    }
    for (const id of this.family.watching) {
      this.host.signal(id, { kind: 'watch', by: this.id })
    }
  }

  /** Askers learn why; what is in the store waits; the next try comes later, for ever. */
  protected activationFailed(error: unknown): void {
    this.host.starts?.activated(this.id)
    if (this.phase === 'gone' || this.phase === 'stopping') return this.endIfAlone()
    this.turn = undefined
    this.phase = 'backoff'
    this.#failures += 1
    const backoff = pauseBefore(this.#failures, 200, 30_000, this.host.jitter())
    this.host.emit({
      event: 'actor-restarted',
      actor: this.id,
      error,
      restarts: this.#failures,
      backoff,
    })
    this.#backlog.readFailed()
    this.#refuseWaiting(error)
    this.#later(() => this.#again(), backoff)
    this.host.touched(this)
  }

  #damaged(damage: Damage): void {
    this.host.emit({ event: 'actor-damaged', actor: this.id, damage })
    this.activationFailed(damaged(this.id, damage))
  }

  /** Only askers are refused; the others keep waiting for the actor to come up. */
  #refuseWaiting(error: unknown): void {
    this.#putBack(this.inbox.drainMailbox())
    for (const [envelope, before] of this.#followers.takeAll()) {
      if (!this.#isRefused(envelope, error)) this.#followers.push(envelope, before)
    }
    for (let left = this.inbox.reads?.length ?? 0; left > 0; left -= 1) {
      const envelope = this.inbox.reads?.shift() as Envelope
      if (!this.#isRefused(envelope, error)) this.inbox.reads?.push(envelope)
    }
  }

  #isRefused(envelope: Envelope, error: unknown): boolean {
    if (envelope.header.reply === undefined) return false
    this.tally.move(Count.pending, Count.processed)
    answerError(this.host, envelope, error)
    return true
  }

  #again(): void {
    if (this.phase !== 'backoff') return
    this.phase = 'cold'
    this.stand()
  }

  #later(act: () => void, pause = 200): void {
    const { clock } = this.host
    this.#wakeUpLater?.()
    this.#wakeUpLater = clock.alarm(clock.mono() + pause, act)
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
      if (!inHand.has(envelope)) this.#backToStore(envelope, Count.stashed)
    }
    this.#putBack(inHand)
    this.stepLog.clear()
    if (this.phase === 'stopping') return this.endIfAlone()
    this.phase = 'cold'
    this.stand()
  }

  /**
   * Messages that were in memory, oldest first, as they were before the actor was loaded: what the
   * store has is read again, the others wait where they stood in between.
   */
  #putBack(envelopes: Iterable<Envelope>): void {
    this.#backlog.restart()
    const behind = this.#followers.takeAll()
    const last = new Map<string, number>()
    for (const envelope of envelopes) {
      const sent = sentKey(envelope)
      if (envelope.stored) last.set(sent, envelope.position)
      if (envelope.stored) this.#backToStore(envelope, Count.pending)
      else this.#followers.push(envelope, (last.get(sent) ?? 0) + 1)
    }
    for (const [envelope, before] of behind) this.#followers.push(envelope, before)
  }

  #backToStore(envelope: Envelope, column: number): void {
    this.tally.leave(column)
    this.tally.enter(Count.inStore)
    const { reply } = envelope.header
    if (reply !== undefined) this.#askers.set(refKey(envelope.a, envelope.b), reply)
  }

  // ── stash, timers, the end ────────────────────────────────────────────────────────────────────

  protected overfullStash(envelope: Envelope): void {
    const error = new TroupeError('MAILBOX_FULL', `the stash of ${this.id} is full`, {
      fields: { capacity: this.inbox.stash.capacity },
    })
    this.park(envelope, 'stash-full', error)
  }

  override endIfAlone(): void {
    if (this.pipeline.isEmpty) super.endIfAlone()
  }

  /** Stored messages outlive this incarnation: the next one takes them at once. */
  override get leftInStore(): boolean {
    if (this.#backlog.unread) return true
    const stashed = this.ending?.reason === 'destroyed' ? [...this.inbox.stash] : []
    return [...this.inbox.mailbox, ...stashed].some((envelope) => envelope.stored)
  }

  protected closed(): void {
    this.retry.cancel()
    const { id } = this
    const error = new TroupeError(
      'ACTOR_STOPPED',
      `${id} stopped; its next incarnation will not answer`,
    )
    for (const asker of this.#askers.values()) asker.settle({ ok: false, error })
    this.#askers.clear()
    this.#wakeUpLater?.()
    this.host.starts?.activated(this.id)
  }
}

function damaged(id: string, damage: Damage): TroupeError {
  const fields = { actor: id, positions: damage.positions }
  return new TroupeError('STORE_CORRUPT', `${id} cannot be read: ${damage.detail}`, { fields })
}

function refKey(position: number, index: number): string {
  return `${position}:${index}`
}
