/**
 * One actor in memory: its mailbox, its phase, and the rule that one handler runs at a time (T1).
 *
 * Owns: intake, the slice loop, reads beside turns, the way to the end. Does not own: what a turn
 * may do (`*-turn.ts`), what state is and when it is real (`volatile-cell.ts`, `durable-cell.ts`),
 * when it runs (the host's run queue).
 *
 *   cold ── start ──► starting ──► ready ◄──► turn        ready: may take a message
 *                        │  ▲        │          │         turn: an asynchronous handler is out
 *                        ▼  │        ▼          ▼
 *                      backoff ◄── failed    stopping ──► gone
 *
 * Invariants
 * 1. A message is taken only in `ready`; `turn` is left only through `turnOver`.
 * 2. Every message counted as pending leaves by exactly one of: turn, dead letter, stash, store.
 */
import { Count, type CountRow } from '../../mailbox/accounting.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import { Mailbox } from '../../mailbox/mailbox.ts'
import { full, queued, type TellOutcome } from '../../mailbox/outcome.ts'
import { Ring } from '../../mailbox/ring.ts'
import { Stash } from '../../mailbox/stash.ts'
import type { ActorDefinition } from '../actor.ts'
import type { Whereabouts } from './ask-table.ts'
import { Family } from './family.ts'
import type { CellHost } from './ports.ts'
import { recoded } from './recoded.ts'
import { validate } from './sending.ts'
import type { EndReason, Signal } from './signal.ts'
import type { Turn } from './turn.ts'

export type Phase = 'cold' | 'starting' | 'ready' | 'turn' | 'backoff' | 'stopping' | 'gone'

/** Most user messages of one slice; then the next actor has its go. */
export const sliceMessages = 16
/** Longest slice in ms, looked at between messages. */
export const sliceTime = 2
/** Most signals of one slice (M1). */
export const sliceSignals = 32

/** Idle ms after which a durable actor leaves memory, unless its definition says otherwise. */
export const defaultPassivateAfter = 300_000

export abstract class Cell {
  readonly id: string
  readonly type: string
  readonly key: string
  readonly definition: ActorDefinition
  readonly host: CellHost
  readonly counts: CountRow
  readonly mailbox: Mailbox<Signal>
  readonly stash: Stash
  readonly family: Family
  phase: Phase = 'cold'
  /** Lane in which it stands in the run queue, 0 when it does not. Kept by the host. */
  standing: LaneNumber = Lane.system
  /** The handler that is out, in phase `turn`. */
  turn: Turn | undefined
  /** Idle ms after which it leaves memory. */
  readonly passivateAfter: number
  /** Monotonic ms since which it has had nothing to do. Kept by the host. */
  idleSince = 0
  /** Messages for read handlers that may run beside a turn. */
  protected readonly reads: Ring<Envelope> | undefined
  /** Why it is ending, in phase `stopping`. */
  protected ending: { readonly reason: EndReason; readonly error?: unknown } | undefined

  constructor(definition: ActorDefinition, type: string, key: string, host: CellHost) {
    this.id = `${type}/${key}`
    this.type = type
    this.key = key
    this.definition = definition
    this.host = host
    this.counts = host.counts(type)
    this.mailbox = new Mailbox(definition.behavior.mailbox)
    this.stash = new Stash(definition.behavior.stash)
    const { durable, passivateAfter } = definition.behavior
    this.passivateAfter =
      passivateAfter ?? (durable ? defaultPassivateAfter : Number.POSITIVE_INFINITY)
    this.family = new Family(this)
    if (definition.behavior.durable && definition.reads.size > 0) this.reads = new Ring()
  }

  // ── intake ────────────────────────────────────────────────────────────────────────────────────

  /** Takes a message in. What has no room becomes a dead letter, never an exception (M3). */
  receive(envelope: Envelope): TellOutcome {
    if (this.reads !== undefined && this.definition.reads.has(envelope.name)) {
      return this.receiveRead(envelope)
    }
    const loser = this.mailbox.offer(envelope)
    this.hold(envelope, Count.pending)
    if (loser !== undefined) this.shed(loser, loser === envelope)
    if (this.standing === Lane.system || envelope.lane < this.standing) this.stand()
    return loser === envelope ? full : queued
  }

  receiveSignal(signal: Signal): void {
    this.mailbox.signal(signal)
    this.stand()
  }

  /** Takes its place in the run queue, if it has something to do now. */
  stand(): void {
    const lane = this.nextLane()
    if (lane !== undefined) this.host.enqueue(this, lane)
  }

  /** True when it may leave memory: nothing waiting, nothing running, nothing to settle. */
  get quiet(): boolean {
    return (
      this.phase === 'ready' &&
      this.mailbox.size === 0 &&
      this.mailbox.signalCount === 0 &&
      this.stash.size === 0 &&
      (this.reads === undefined || this.reads.length === 0)
    )
  }

  /** Nothing waits here and nothing runs; stashed messages may lie. */
  get settled(): boolean {
    const waiting = this.mailbox.size + this.mailbox.signalCount + (this.reads?.length ?? 0)
    return this.phase !== 'turn' && this.phase !== 'starting' && waiting === 0
  }

  /** The store holds messages for it that nobody will think of unless it wakes again. */
  get leftInStore(): boolean {
    return false
  }

  // ── the slice ─────────────────────────────────────────────────────────────────────────────────

  /** One go: signals, reads, then messages until the slice is used up. */
  run(until: number): void {
    this.runSignals()
    if (this.phase === 'cold') this.start()
    this.runReads()
    for (let left = sliceMessages; left > 0 && this.phase === 'ready'; left -= 1) {
      if (!this.mayTake()) break
      const envelope = this.nextMessage()
      if (envelope === undefined) break
      this.handle(envelope)
      if ((left & 3) === 1 && this.host.clock.mono() > until) break
    }
    this.stand()
  }

  /** Brings the actor up: state, dependencies, start hook. Ends in `ready` or in {@link failed}. */
  protected abstract start(): void
  /** Runs one message. */
  protected abstract begin(envelope: Envelope): void
  /** A handler, hook or state function threw. */
  abstract failed(turn: Turn | undefined, error: unknown): void
  /** A handler and all its steps have settled. */
  abstract completed(turn: Turn, value: unknown): void
  /** Runs a read handler on the state of the last ended turn (T1). */
  protected abstract read(envelope: Envelope): void
  /** Releases what the kind of cell holds: timers, state, stored messages. */
  protected abstract closed(): void

  /** The message to handle now, no longer counted as pending. */
  protected nextMessage(): Envelope | undefined {
    const envelope = this.mailbox.take()
    if (envelope !== undefined) this.release(envelope, Count.pending)
    return envelope
  }

  /** Lane of the message that {@link nextMessage} would return. */
  protected bestLane(): LaneNumber | undefined {
    return this.mailbox.best()
  }

  /** False while something outside holds the next turn back, such as store credit (M5). */
  protected mayTake(): boolean {
    return true
  }

  private nextLane(): LaneNumber | undefined {
    if (this.phase === 'gone') return undefined
    if (this.mailbox.signalCount > 0) return Lane.control
    if (this.reads !== undefined && this.reads.length > 0 && this.canRead()) return Lane.high
    if (this.phase === 'cold') return this.mailbox.best() ?? Lane.normal
    return this.phase === 'ready' ? this.bestLane() : undefined
  }

  private runSignals(): void {
    for (let left = sliceSignals; left > 0; left -= 1) {
      const signal = this.mailbox.takeSignal()
      if (signal === undefined) return
      this.obey(signal)
    }
  }

  /** Acts on a signal; kinds of cells add theirs. */
  protected obey(signal: Signal): void {
    switch (signal.kind) {
      case 'stop':
        return this.end(signal.reason)
      case 'give-up':
        return void this.giveUp(signal.a, signal.b)
      case 'interrupt':
        return this.interrupt(signal.id)
      case 'probe':
        return this.turn?.probe(signal.probe)
      default:
        return this.family.obey(signal)
    }
  }

  private handle(envelope: Envelope): void {
    const { deadline, signal } = envelope.header
    if (deadline !== undefined && this.host.clock.mono() > deadline) {
      return this.discard(envelope, 'expired')
    }
    if (signal?.aborted) return this.discard(envelope, 'cancelled')
    this.hold(envelope, Count.running)
    this.begin(envelope)
  }

  /** The handler that is out has ended; the actor may take its next message. */
  protected turnOver(): void {
    this.turn = undefined
    if (this.phase === 'turn') this.phase = 'ready'
    this.stand()
    this.host.touched()
  }

  // ── reads beside turns ────────────────────────────────────────────────────────────────────────

  protected canRead(): boolean {
    return this.phase === 'ready' || this.phase === 'turn'
  }

  private receiveRead(envelope: Envelope): TellOutcome {
    const reads = this.reads as Ring<Envelope>
    this.hold(envelope, Count.pending)
    if (reads.length >= this.mailbox.capacity) {
      this.shed(envelope, true)
      return full
    }
    reads.push(envelope)
    this.stand()
    return queued
  }

  private runReads(): void {
    if (this.reads === undefined) return
    for (let left = sliceMessages; left > 0 && this.canRead(); left -= 1) {
      const envelope = this.reads.shift()
      if (envelope === undefined) return
      this.release(envelope, Count.pending)
      this.hold(envelope, Count.running)
      this.read(envelope)
    }
  }

  // ── giving up and interrupting ────────────────────────────────────────────────────────────────

  /** Takes a waiting message back or aborts its turn; says where it was. */
  giveUp(a: number, b: number): Whereabouts | undefined {
    const isIt = (envelope: Envelope): boolean => envelope.a === a && envelope.b === b
    const busy = this.busy()
    if (this.turn?.envelope !== undefined && isIt(this.turn.envelope)) {
      this.turn.abort(new TroupeError('CANCELLED', 'the caller gave up waiting'))
      return busy
    }
    const position = this.mailbox.positionOf(isIt)
    if (position === undefined) return busy
    this.takeBack(isIt)
    return { ...busy, position }
  }

  private takeBack(isIt: (envelope: Envelope) => boolean): void {
    for (let lane = Lane.control as number; lane <= Lane.low; lane += 1) {
      const envelope = this.mailbox.remove(lane as LaneNumber, isIt)
      if (envelope === undefined) continue
      this.release(envelope, Count.pending)
      return this.discard(envelope, 'cancelled')
    }
  }

  private busy(): Whereabouts | undefined {
    const envelope = this.turn?.envelope
    if (this.turn === undefined || envelope === undefined) return undefined
    return { busyWith: envelope.name, busyFor: this.host.clock.mono() - this.turn.startedMono }
  }

  private interrupt(id: string): void {
    if (this.turn?.envelope?.id !== id) return
    this.turn.abort(new TroupeError('CANCELLED', `the turn of ${id} was interrupted`))
  }

  // ── accounting (M4) ───────────────────────────────────────────────────────────────────────────

  /** Counts a message in at `column`. */
  hold(envelope: Envelope, column: number): void {
    this.counts[column] = (this.counts[column] as number) + 1
    if (envelope.position === 0) this.bump(Count.volatile, 1)
  }

  /** Counts a message out of `column`. */
  release(envelope: Envelope, column: number): void {
    this.counts[column] = (this.counts[column] as number) - 1
    if (envelope.position === 0) this.bump(Count.volatile, -1)
  }

  bump(column: number, by: number): void {
    this.counts[column] = (this.counts[column] as number) + by
  }

  /** A message that will not be processed: the asker is told, the rest is a dead letter. */
  protected discard(envelope: Envelope, reason: DeadLetterReason, error?: unknown): void {
    this.host.deadLetter(envelope, reason, error)
    envelope.header.reply?.settle({ ok: false, error: error ?? undeliverable(envelope, reason) })
  }

  /** A reply after its schema, and in development mode after the codec (T5). */
  checkedReply(envelope: Envelope, value: unknown): unknown {
    const schema = this.definition.contract.messages[envelope.name]?.output
    if (schema !== undefined) {
      return validate(`the reply of ${this.id} to "${envelope.name}"`, schema, value)
    }
    return this.host.development ? recoded(value) : value
  }

  private shed(loser: Envelope, offered: boolean): void {
    this.release(loser, Count.pending)
    const overflow = this.mailbox.overflow
    const dropped = overflow === 'drop-oldest' ? 'dropped-oldest' : 'dropped-newest'
    this.discard(loser, offered && overflow === 'reject' ? 'mailbox-full' : dropped)
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /** Ends this activation: children first, then this one; watchers and parent are told. */
  end(reason: EndReason, error?: unknown): void {
    if (this.phase === 'stopping' || this.phase === 'gone') return
    this.phase = 'stopping'
    this.ending = { reason, error }
    this.turn?.abort(new TroupeError('ACTOR_STOPPED', `${this.id} is stopping`))
    this.family.stopChildren()
    this.endIfAlone()
  }

  /** Called again when a child is gone and when the last turn is over. */
  endIfAlone(): void {
    if (this.phase !== 'stopping' || this.family.size > 0 || this.turn !== undefined) return
    const ending = this.ending as { readonly reason: EndReason; readonly error?: unknown }
    this.phase = 'gone'
    this.closed()
    this.host.forget(this)
    this.leaveBehind()
    this.family.tellEnd(ending.reason, ending.error)
    this.host.emit({ event: 'actor-stopped', actor: this.id, reason: ending.reason })
  }

  /** What still waits is handed on as dead letters; what the store holds stays there. */
  private leaveBehind(): void {
    for (const envelope of this.stash.drain()) this.leave(envelope, Count.stashed)
    for (let e = this.mailbox.take(); e !== undefined; e = this.mailbox.take()) {
      this.leave(e, Count.pending)
    }
    for (let e = this.reads?.shift(); e !== undefined; e = this.reads?.shift()) {
      this.leave(e, Count.pending)
    }
  }

  private leave(envelope: Envelope, column: number): void {
    this.release(envelope, column)
    if (envelope.stored) this.bump(Count.inStore, 1)
    else this.discard(envelope, 'stopped', this.ending?.error)
  }
}

/** Why a message was not processed, for whoever waits for it. */
export function undeliverable(envelope: Envelope, reason: DeadLetterReason): TroupeError {
  const fields = { to: envelope.to, message: envelope.name, reason }
  switch (reason) {
    case 'expired':
      return new TroupeError(
        'MESSAGE_EXPIRED',
        `"${envelope.name}" reached ${envelope.to} but its deadline passed before its turn came`,
        { fields },
      )
    case 'cancelled':
      return new TroupeError('CANCELLED', `"${envelope.name}" to ${envelope.to} was taken back`, {
        fields,
      })
    case 'stopped':
      return new TroupeError('ACTOR_STOPPED', `${envelope.to} stopped before "${envelope.name}"`, {
        fields,
      })
    case 'no-handler':
      return new TroupeError(
        'DEFINITION_MISSING',
        `${envelope.to} has no handler for "${envelope.name}"; is its host running an older app?`,
        { fields },
      )
    default:
      return new TroupeError('MAILBOX_FULL', `${envelope.to} has no room (${reason})`, { fields })
  }
}
