/**
 * A durable actor in memory: how it gets there, keeps up with what the store accepted for it, and
 * leaves again. Its turns are `durable-turns.ts`.
 */
import { Count } from '../../mailbox/accounting.ts'
import type { CancelAlarm } from '../../mailbox/clock.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { queued, type TellOutcome } from '../../mailbox/outcome.ts'
import type { Damage, LoadedActor, PendingPage, StoredMessage } from '../../persistence/stored.ts'
import { Backlog } from './backlog.ts'
import { pauseBefore } from './backoff.ts'
import { DurableTurn } from './durable-turn.ts'
import { DurableTurns } from './durable-turns.ts'
import { fold } from './fold.ts'
import { isPromise } from './invoke.ts'
import type { Signal } from './signal.ts'
import { Steps } from './steps.ts'
import { envelopeOf } from './stored-message.ts'

/** Most stored messages read at once. */
export const pageSize = 256

export class DurableCell extends DurableTurns {
  readonly #backlog = new Backlog()
  /** Failed activations in a row. */
  #failures = 0
  #wakeUpLater: CancelAlarm | undefined

  override get quiet(): boolean {
    return super.quiet && this.#backlog.state === 'following'
  }

  // ── intake ────────────────────────────────────────────────────────────────────────────────────

  override receive(envelope: Envelope): TellOutcome {
    if (!envelope.stored) return super.receive(envelope)
    if (this.#backlog.arrived(envelope) === 'take') this.#take(envelope)
    else this.#leaveInStore()
    return queued
  }

  /** A stored message is never shed (M3): without room it waits in the store. */
  #take(envelope: Envelope): void {
    if (!this.mailbox.hasRoom) {
      this.#backlog.spill()
      return this.#leaveInStore()
    }
    super.receive(envelope)
  }

  #leaveInStore(): void {
    this.bump(Count.inStore, 1)
    this.stand()
  }

  protected override obey(signal: Signal): void {
    if (signal.kind !== 'wake') return super.obey(signal)
    if (this.phase === 'ready' || this.phase === 'turn') this.#reread()
  }

  override run(until: number): void {
    super.run(until)
    this.#readOn()
  }

  /** Reads the next stored messages when there is room for them. */
  #readOn(): void {
    if (this.#backlog.state !== 'spilled') return
    if (this.phase !== 'ready' && this.phase !== 'turn') return
    if (this.mailbox.size > this.mailbox.capacity / 4) return
    this.#backlog.read()
    const { next } = this.#backlog
    this.journal.pending(this.id, next, pageSize).then(
      (page) => this.#adoptPage(page),
      (error) => this.#readFailed(error),
    )
  }

  /** Some stored messages may never have arrived here: read all again, skip what is in hand. */
  #reread(): void {
    this.#backlog.restart()
    this.#readOn()
  }

  #readFailed(error: unknown): void {
    this.#backlog.spill()
    this.host.log('warn', this.id, 'reading waiting messages failed', { error: String(error) })
    this.#later(() => this.#readOn())
  }

  #adoptPage(page: PendingPage): void {
    if (this.phase === 'gone' || this.undone !== undefined) return
    const inHand = this.#inHand()
    for (const message of page.messages) {
      if (!inHand.has(refKey(message.ref.position, message.ref.index))) this.#adopt(message)
    }
    for (const damage of page.damaged) this.#parkDamaged(damage)
    for (const envelope of this.#backlog.arrivedMeanwhile(page.position, page.next)) {
      this.bump(Count.inStore, -1)
      this.#take(envelope)
    }
    this.stand()
    this.#readOn()
    this.host.touched()
  }

  #adopt(message: StoredMessage): void {
    this.bump(Count.inStore, -1)
    const envelope = envelopeOf(message, this.id, this.host.clock)
    this.hold(envelope, Count.pending)
    this.mailbox.offer(envelope)
  }

  /** Everything of this actor that memory holds: waiting, stashed, running, or on its way to commit. */
  #inHand(): Set<string> {
    const keys = new Set(this.taken)
    for (const { a, b } of this.mailbox) keys.add(refKey(a, b))
    for (const { a, b } of this.stash) keys.add(refKey(a, b))
    return keys
  }

  #parkDamaged(damage: Damage): void {
    this.host.emit({ event: 'actor-damaged', actor: this.id, damage })
  }

  // ── activation ────────────────────────────────────────────────────────────────────────────────

  protected start(): void {
    this.phase = 'starting'
    this.#backlog.restart()
    this.#backlog.read()
    this.#activate().catch((error) => this.activationFailed(error))
  }

  async #activate(): Promise<void> {
    const deps = this.host.deps()
    if (isPromise(deps)) await deps
    const loaded = await this.journal.load(this.id, pageSize)
    if (this.phase !== 'starting') return
    if (loaded.kind === 'damaged') return this.#damaged(loaded)
    this.#foldIn(loaded)
    this.#adoptStored(loaded)
    this.#runStartHook()
  }

  #foldIn(loaded: LoadedActor): void {
    const { turn, state, book } = fold(loaded)
    this.turnNumber = turn
    this.book = book
    this.wholeDue = state === undefined
    this.state = state === undefined ? this.#firstState() : state.value
    for (const child of Object.keys(book.children)) this.family.addChild(child)
    for (const id of Object.keys(book.watching)) this.family.watch(id)
    this.family.parent ??= book.parent
  }

  #firstState(): unknown {
    const { state } = this.definition.behavior
    return state === undefined ? {} : state(this.key)
  }

  #adoptStored(loaded: LoadedActor): void {
    const waiting = this.#emptyMailbox()
    for (const stored of loaded.steps) this.#recall(stored)
    for (const message of loaded.stash) this.#adoptStashed(message)
    this.#adoptPage(loaded.pending)
    for (const envelope of waiting) {
      this.release(envelope, Count.pending)
      this.receive(envelope)
    }
  }

  /** What waited before the state was there goes behind what the store had accepted earlier. */
  #emptyMailbox(): Envelope[] {
    const waiting: Envelope[] = []
    for (let e = this.mailbox.take(); e !== undefined; e = this.mailbox.take()) waiting.push(e)
    return waiting
  }

  #recall(stored: LoadedActor['steps'][number]): void {
    const { position, index } = stored.message
    const key = refKey(position, index)
    const steps = this.steps.get(key) ?? new Steps(`${this.id}\n${key}`)
    this.steps.set(key, steps)
    steps.recall(stored)
  }

  #adoptStashed(message: StoredMessage): void {
    this.bump(Count.inStore, -1)
    const envelope = envelopeOf(message, this.id, this.host.clock)
    this.hold(envelope, Count.stashed)
    this.stash.put(envelope)
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
    this.phase = 'ready'
    if (this.turn === turn) this.turn = undefined
    this.#greetFamily()
    this.host.emit({ event: 'actor-started', actor: this.id })
    this.stand()
    this.#readOn()
    this.host.touched()
    if (turn.afterwards !== undefined) this.end(turn.afterwards)
  }

  /** Bonds live in memory on the other side: after an activation they are tied again. */
  #greetFamily(): void {
    for (const child of this.family.children) {
      this.host.signal(child, { kind: 'adopt', parent: this.id })
    }
    for (const id of this.family.watching) {
      this.host.signal(id, { kind: 'watch', by: this.id })
    }
  }

  /** Askers learn why; what is in the store waits; the next try comes later, for ever. */
  protected activationFailed(error: unknown): void {
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
    this.#refuseWaiting(error)
    this.#later(() => this.#again(), backoff)
    this.host.touched()
  }

  #damaged(damage: Damage): void {
    this.host.emit({ event: 'actor-damaged', actor: this.id, damage })
    const fields = { actor: this.id, positions: damage.positions }
    this.activationFailed(
      new TroupeError('STORE_CORRUPT', `${this.id} cannot be read: ${damage.detail}`, { fields }),
    )
  }

  /** Only askers are refused; tells keep waiting for the actor to come up. */
  #refuseWaiting(error: unknown): void {
    for (const envelope of this.#emptyMailbox()) {
      if (envelope.stored) {
        this.release(envelope, Count.pending)
        this.bump(Count.inStore, 1)
      } else if (envelope.header.reply === undefined) {
        this.mailbox.offer(envelope)
      } else {
        this.release(envelope, Count.pending)
        this.bump(Count.processed, 1)
        envelope.header.reply.settle({ ok: false, error })
      }
    }
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
    if (this.undone !== undefined) this.#reload(this.takeUndone())
    else this.endIfAlone()
    this.host.touched()
  }

  #reload(envelopes: Envelope[]): void {
    const waiting = this.#emptyMailbox()
    for (const envelope of this.stash.drain()) this.#backToStore(envelope, Count.stashed)
    for (const envelope of [...envelopes, ...waiting]) {
      if (envelope.stored) this.#backToStore(envelope, Count.pending)
      else this.mailbox.offer(envelope)
    }
    this.steps.clear()
    if (this.phase === 'stopping') return this.endIfAlone()
    this.phase = 'cold'
    this.stand()
  }

  #backToStore(envelope: Envelope, column: number): void {
    this.release(envelope, column)
    this.bump(Count.inStore, 1)
  }

  // ── stash, timers, the end ────────────────────────────────────────────────────────────────────

  protected unstash(): void {
    for (const envelope of this.stash) {
      this.release(envelope, Count.stashed)
      this.hold(envelope, Count.pending)
    }
    this.stash.unstashInto(this.mailbox)
  }

  protected overfullStash(envelope: Envelope): void {
    const error = new TroupeError('MAILBOX_FULL', `the stash of ${this.id} is full`, {
      fields: { capacity: this.stash.capacity },
    })
    this.park(envelope, 'stash-full', error)
  }

  override endIfAlone(): void {
    if (this.pipeline.isEmpty) super.endIfAlone()
  }

  protected closed(): void {
    this.cancelRetry()
    this.#wakeUpLater?.()
  }
}

function refKey(position: number, index: number): string {
  return `${position}:${index}`
}
