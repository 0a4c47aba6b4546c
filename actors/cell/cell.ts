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
import { full, queued, type Settled, type TellOutcome } from '../../mailbox/outcome.ts'
import { Ring } from '../../mailbox/ring.ts'
import { Stash } from '../../mailbox/stash.ts'
import type { ActorDefinition } from '../actor.ts'
import type { Whereabouts } from './ask-table.ts'
import { Doorstep } from './doorstep.ts'
import { Family } from './family.ts'
import { Followers } from './followers.ts'
import { isPromise } from './invoke.ts'
import type { CellHost } from './ports.ts'
import type { ReadTurn } from './read-turn.ts'
import { Recall } from './recall.ts'
import { recoded, recodedError } from './recoded.ts'
import { validate } from './sending.ts'
import type { EndReason, Signal } from './signal.ts'
import type { Turn } from './turn.ts'
import { undeliverable } from './undeliverable.ts'

export type Phase = 'cold' | 'starting' | 'ready' | 'turn' | 'backoff' | 'stopping' | 'gone'

/** Most user messages of one slice; then the next actor has its go. */
export const sliceMessages = 16
/** Longest slice in ms, looked at between messages. */
export const sliceTime = 2
/** Most signals of one slice (M1). */
export const sliceSignals = 32

/** Idle ms after which a durable actor leaves memory, unless its definition says otherwise. */
export const defaultPassivateAfter = 300_000

/** To a delivery that found room. */
const gotIn = Object.freeze({ ok: true, value: undefined }) satisfies Settled

/** A cell's place in one lane of the run queue; made once and used again. */
export interface Place {
  readonly cell: Cell
  readonly lane: LaneNumber
  isQueued: boolean
}

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
  /** Its places in the run queue, by lane. Kept by the host. */
  readonly places: (Place | undefined)[] = []
  /** The handler that is out, in phase `turn`. */
  turn: Turn | undefined
  /** Idle ms after which it leaves memory. */
  readonly passivateAfter: number
  /** Monotonic ms since which it has had nothing to do. Kept by the host. */
  idleSince = 0
  /** Read handlers that are out. */
  readonly readings = new Set<ReadTurn>()
  /** Monotonic ms until which it takes no messages after failing for good (F1); 0 when it did not. */
  downUntil = 0
  /** Messages for read handlers that may run beside a turn. */
  readonly reads: Ring<Envelope> | undefined
  /** Deliveries that wait for room; made with the first of them. */
  doorstep: Doorstep | undefined
  /** Messages that wait behind those which only the store has; of a durable actor. */
  readonly followers: Followers | undefined
  readonly #recall = new Recall(this)
  /** Why it is ending, in phase `stopping`. */
  protected ending: { readonly reason: EndReason; readonly error?: unknown } | undefined

  constructor(definition: ActorDefinition, type: string, key: string, host: CellHost) {
    this.id = `${type}/${key}`
    this.type = type
    this.key = key
    this.definition = definition
    this.host = host
    this.counts = host.counts(type)
    this.followers = definition.behavior.durable ? new Followers() : undefined
    this.mailbox = new Mailbox(definition.behavior.mailbox, this.followers)
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
    return this.reads !== undefined && this.definition.reads.has(envelope.name)
      ? this.receiveRead(envelope)
      : this.admit(envelope)
  }

  /** Finds it a place in the mailbox. */
  protected admit(envelope: Envelope): TellOutcome {
    envelope.since = this.host.coarse
    const loser = this.mailbox.offer(envelope)
    this.hold(envelope, Count.pending)
    if (loser === envelope && this.waitAtDoor(envelope)) return queued
    if (loser !== undefined) this.shed(loser, loser === envelope)
    if (loser === envelope) return full
    envelope.header.accepted?.settle(gotIn)
    if (this.standing === Lane.system || envelope.lane < this.standing) this.stand()
    return queued
  }

  /** A delivery waits for room, unless too many do already. */
  private waitAtDoor(envelope: Envelope): boolean {
    if (envelope.header.accepted === undefined) return false
    this.doorstep ??= new Doorstep()
    return this.doorstep.push(envelope)
  }

  /** Somebody left the mailbox: those who wait for room come in. */
  private letIn(): void {
    while (this.doorstep !== undefined && this.mailbox.hasRoom) {
      const envelope = this.doorstep.shift()
      if (envelope === undefined) return
      this.mailbox.offer(envelope)
      envelope.header.accepted?.settle(gotIn)
    }
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
      this.readings.size === 0 &&
      (this.reads === undefined || this.reads.length === 0)
    )
  }

  /** Nothing waits here and nothing runs; stashed messages may lie. */
  get settled(): boolean {
    const { mailbox, reads, followers } = this
    const waiting =
      mailbox.size + mailbox.signalCount + (reads?.length ?? 0) + (followers?.size ?? 0)
    return this.phase !== 'turn' && this.phase !== 'starting' && waiting === 0
  }

  /** A record says that it ends, and to whom: durable watchers hear of it by the store (F6). */
  get hasSaidItsEnd(): boolean {
    return false
  }

  /** The store holds messages for it that nobody will think of unless it wakes again. */
  get leftInStore(): boolean {
    return false
  }

  /** Monotonic ms since which the oldest waiting message waits; undefined when none does. */
  get waitingSince(): number | undefined {
    // A follower came after those of its lane in the mailbox, but its lane may have none there.
    const [first] = this.followers ?? []
    const since = Math.min(this.mailbox.waitingSince ?? Infinity, first?.since ?? Infinity)
    return since === Infinity ? undefined : since
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
      this.letIn()
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
    if (this.phase === 'cold') return this.mailbox.best() ?? this.followers?.best ?? Lane.normal
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
        return this.interrupt(signal)
      case 'probe':
        if (this.#recall.has(signal.probe.message)) this.turn?.probe(signal.probe)
        return
      default:
        return this.family.obey(signal)
    }
  }

  private handle(envelope: Envelope): void {
    if (this.isWorthless(envelope)) return
    this.hold(envelope, Count.running)
    this.host.taken(envelope, this.counts)
    this.begin(envelope)
  }

  /** Discards what came too late or was given up meanwhile. */
  private isWorthless(envelope: Envelope): boolean {
    const { deadline, signal } = envelope.header
    if (deadline !== undefined && this.host.clock.mono() > deadline) {
      this.discard(envelope, 'expired')
    } else if (signal?.aborted) {
      this.discard(envelope, 'cancelled')
    } else {
      return false
    }
    return true
  }

  /** The handler that is out has ended; the actor may take its next message. */
  protected turnOver(): void {
    this.turn = undefined
    if (this.phase === 'turn') this.phase = 'ready'
    this.stand()
    this.host.touched(this)
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
    envelope.header.accepted?.settle(gotIn)
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
      if (this.isWorthless(envelope)) continue
      this.hold(envelope, Count.running)
      this.read(envelope)
    }
  }

  /** A read that was out is over. */
  readOver(reading: ReadTurn): void {
    this.readings.delete(reading)
    this.endIfAlone()
    this.host.touched(this)
  }

  // ── giving up and interrupting ────────────────────────────────────────────────────────────────

  /** Takes a waiting message back or aborts its turn; says where it was. */
  giveUp(a: number, b: number): Whereabouts | undefined {
    return this.#recall.giveUp(a, b)
  }

  /** Only the parent, and who was handed a grant, may interrupt; a turn that has ended is past it. */
  private interrupt({ id, grant, by }: Signal & { readonly kind: 'interrupt' }): void {
    if (grant === undefined ? by !== this.family.parent : grant !== this.grantToken) return
    this.#recall.interrupt(id)
  }

  /** What a grant of this actor carries; undefined while none was made. */
  protected abstract get grantToken(): string | undefined

  /** Aborts a handler that is out. */
  abort(running: Turn | ReadTurn, reason: TroupeError): void {
    running.abort(reason)
  }

  /** Takes one message out of the mailbox and hands it on. */
  withdraw(isIt: (envelope: Envelope) => boolean, then: (envelope: Envelope) => void): void {
    for (let lane = Lane.control as number; lane <= Lane.low; lane += 1) {
      const envelope = this.mailbox.remove(lane as LaneNumber, isIt)
      if (envelope === undefined) continue
      this.release(envelope, Count.pending)
      then(envelope)
      return this.letIn()
    }
  }

  // ── accounting (M4) ───────────────────────────────────────────────────────────────────────────

  /** Counts a message in at `column`. */
  hold(_envelope: Envelope, column: number): void {
    this.counts[column] = (this.counts[column] as number) + 1
  }

  /** Counts a message out of `column`. */
  release(_envelope: Envelope, column: number): void {
    this.counts[column] = (this.counts[column] as number) - 1
  }

  bump(column: number, by: number): void {
    this.counts[column] = (this.counts[column] as number) + by
  }

  /** A message that will not be processed: the asker is told, the rest is a dead letter. */
  discard(envelope: Envelope, reason: DeadLetterReason, error?: unknown): void {
    this.host.deadLetter(envelope, reason, error)
    const { reply, accepted } = envelope.header
    if (reply === undefined && accepted === undefined) return
    const settled = { ok: false, error: error ?? undeliverable(envelope, reason) } as const
    reply?.settle(settled)
    accepted?.settle(settled)
  }

  /** A reply after its schema, and in development mode after the codec (T5). */
  checkedReply(envelope: Envelope, value: unknown): unknown {
    const schema = this.definition.contract.messages[envelope.name]?.output
    if (schema === undefined) return this.sendable(value)
    const valid = validate(`the reply of ${this.id} to "${envelope.name}"`, schema, value)
    return isPromise(valid) ? valid.then((settled) => this.sendable(settled)) : this.sendable(valid)
  }

  /** What leaves this actor, as it would arrive on another thread (T5). */
  sendable(value: unknown): unknown {
    return this.host.development ? recoded(value) : value
  }

  /** Answers an ask with what its handler threw. */
  answerError(envelope: Envelope, error: unknown): void {
    const { reply } = envelope.header
    reply?.settle({ ok: false, error: this.host.development ? recodedError(error) : error })
  }

  protected shed(loser: Envelope, offered: boolean): void {
    this.release(loser, Count.pending)
    const isNewest = this.mailbox.overflow === 'drop-newest'
    if (isNewest) this.discard(loser, 'dropped-newest')
    else this.discard(loser, offered ? 'mailbox-full' : 'dropped-oldest')
  }

  /** What it ended with, when it failed. */
  get endError(): unknown {
    return this.ending?.error
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /** Ends this activation: children first, then this one; watchers and parent are told. */
  end(reason: EndReason, error?: unknown): void {
    if (this.phase === 'stopping' || this.phase === 'gone') return
    this.phase = 'stopping'
    this.ending = { reason, error }
    const stopping = new TroupeError('ACTOR_STOPPED', `${this.id} is stopping`)
    for (const running of [this.turn, ...this.readings]) running?.abort(stopping)
    this.family.stopChildren()
    this.endIfAlone()
  }

  /** Called again when a child is gone and when the last turn is over. */
  endIfAlone(): void {
    if (this.phase !== 'stopping' || this.family.size > 0) return
    if (this.turn !== undefined || this.readings.size > 0) return
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
    for (let e = this.doorstep?.shift(); e !== undefined; e = this.doorstep?.shift()) {
      this.leave(e, Count.pending)
    }
    for (const [e] of this.followers?.takeAll() ?? []) this.leave(e, Count.pending)
  }

  private leave(envelope: Envelope, column: number): void {
    this.release(envelope, column)
    if (!envelope.stored) return this.discard(envelope, 'stopped', this.ending?.error)
    // The next incarnation will handle it, but its answer finds no way to who asks here.
    this.bump(Count.inStore, 1)
    envelope.header.reply?.settle({ ok: false, error: undeliverable(envelope, 'stopped') })
  }
}
