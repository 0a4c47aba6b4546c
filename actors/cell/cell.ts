/**
 * One actor in memory: its phase, and the rule that one handler runs at a time (T1).
 *
 * Owns: what is out, what a signal does, the way to the end. Does not own: what waits for it
 * (`inbox.ts`), in which order it is taken (`slice.ts`), what a turn may do (`*-turn.ts`), what state is
 * and when it is real (`volatile-cell.ts`, `durable-cell.ts`), when it runs (the host's run queue).
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
import { Count } from '../../mailbox/accounting.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import { queued, type TellOutcome } from '../../mailbox/outcome.ts'
import type { Tally } from '../../mailbox/tally.ts'
import type { ActorDefinition } from '../actor.ts'
import { checkedReply } from './answers.ts'
import type { Whereabouts } from './ask-table.ts'
import { Family } from './family.ts'
import { Inbox } from './inbox.ts'
import type { Killed } from './killed.ts'
import type { CellHost } from './ports.ts'
import type { ReadTurn } from './read-turn.ts'
import { Recall } from './recall.ts'
import type { EndReason, Signal } from './signal.ts'
import { laneOf, runSlice } from './slice.ts'
import type { Turn } from './turn.ts'
import { undeliverable } from './undeliverable.ts'

export type Phase = 'cold' | 'starting' | 'ready' | 'turn' | 'backoff' | 'stopping' | 'gone'

/** `time`: of a back-off, or for the store to answer. `somebody`: a release, a repair, or other code. */
export type WaitsFor = 'nothing' | 'time' | 'somebody'

/** Idle ms after which a durable actor leaves memory, unless its definition says otherwise. */
export const defaultPassivateAfter = 300_000

const noReadings: readonly ReadTurn[] = Object.freeze([])

/** Why it ends. */
interface Ending {
  readonly reason: EndReason
  readonly error?: unknown
}

export abstract class Cell {
  readonly id: string
  readonly type: string
  readonly key: string
  readonly definition: ActorDefinition
  readonly host: CellHost
  readonly tally: Tally
  readonly inbox: Inbox
  readonly family: Family
  phase: Phase = 'cold'
  /** Lane in which it stands in the run queue, 0 when it does not. Kept by the host. */
  standing: LaneNumber = Lane.system
  /** Lanes of the run queue in which it has an entry, as bits. Kept by the host. */
  queuedIn = 0
  /** The handler that is out, in phase `turn`. */
  turn: Turn | undefined
  /** Read handlers that are out. */
  #readings: Set<ReadTurn> | undefined
  /** Idle ms after which it leaves memory. */
  readonly passivateAfter: number
  /** Monotonic ms since which it has had nothing to do. Kept by the host. */
  idleSince = 0
  /** Its neighbours among the idle ones. Kept by the host. */
  idleBefore: Cell | undefined
  idleBehind: Cell | undefined
  /** Monotonic ms until which it takes no messages after failing for good (F1); 0 when it did not. */
  downUntil = 0
  readonly #recall = new Recall(this)
  /** From phase `stopping` on. */
  protected ending: Ending | undefined

  constructor(definition: ActorDefinition, type: string, key: string, host: CellHost) {
    this.id = `${type}/${key}`
    this.type = type
    this.key = key
    this.definition = definition
    this.host = host
    this.tally = host.tally(type)
    this.inbox = new Inbox(this)
    this.family = new Family(this)
    const { durable, passivateAfter } = definition.behavior
    this.passivateAfter =
      passivateAfter ?? (durable ? defaultPassivateAfter : Number.POSITIVE_INFINITY)
  }

  // ── intake ────────────────────────────────────────────────────────────────────────────────────

  /** Takes a message in. What has no room becomes a dead letter, never an exception (M3). */
  receive(envelope: Envelope): TellOutcome {
    const { reads } = this.inbox
    if (reads === undefined || !this.definition.reads.has(envelope.name))
      return this.admit(envelope)
    const outcome = this.inbox.offerRead(reads, envelope)
    this.stand()
    return outcome
  }

  /** Finds a place for a message that will have a turn. */
  protected admit(envelope: Envelope): TellOutcome {
    const outcome = this.inbox.offer(envelope)
    if (outcome === queued) this.standFor(envelope.lane)
    return outcome
  }

  receiveSignal(signal: Signal): void {
    this.inbox.mailbox.signal(signal)
    this.stand()
  }

  /** Takes its place for a message of this lane, unless it stands there already. */
  standFor(lane: LaneNumber): void {
    if (this.standing === Lane.system || lane < this.standing) this.stand()
  }

  /** Takes its place in the run queue, if it has something to do now. */
  stand(): void {
    const lane = laneOf(this)
    if (lane !== undefined) this.host.enqueue(this, lane)
  }

  // ── what it looks like from outside ───────────────────────────────────────────────────────────

  /** True when it may leave memory: nothing waiting, nothing running, nothing to settle. */
  get quiet(): boolean {
    const { waiting, stash } = this.inbox
    return this.phase === 'ready' && waiting + stash.size + this.readsOut === 0
  }

  /** Nothing waits here and nothing runs; stashed messages may lie. */
  get settled(): boolean {
    return this.phase !== 'turn' && this.phase !== 'starting' && this.inbox.waiting === 0
  }

  /** What has to come before it goes on; of one that can go on now, nothing. */
  abstract get waitsFor(): WaitsFor

  /** A record says that it ends, and to whom: durable watchers hear of it by the store (F6). */
  get hasSaidItsEnd(): boolean {
    return false
  }

  /** It will touch its host again without a message: it does not rest yet, whatever it looks like. */
  get isHeardOfAgain(): boolean {
    return false
  }

  /** The store holds messages for it that nobody will think of unless it wakes again. */
  get leftInStore(): boolean {
    return false
  }

  /** Monotonic ms since which the oldest waiting message waits; undefined when none does. */
  get waitingSince(): number | undefined {
    return this.inbox.waitingSince
  }

  /** What it ended with, when it failed. */
  get endError(): unknown {
    return this.ending?.error
  }

  // ── running ───────────────────────────────────────────────────────────────────────────────────

  /** One go, until monotonic `until`. */
  run(until: number): void {
    runSlice(this, until)
    this.stand()
  }

  /** Brings the actor up: state, dependencies, start hook. Ends in `ready` or in {@link failed}. */
  abstract start(): void
  /** Runs one message. */
  abstract begin(envelope: Envelope): void
  /** A handler, hook or state function threw. */
  abstract failed(turn: Turn | undefined, error: unknown): void
  /** A handler and all its steps have settled. */
  abstract completed(turn: Turn, value: unknown): void
  /** Runs a read handler on the state of the last ended turn (T1). */
  abstract read(envelope: Envelope): void
  /** Releases what the kind of cell holds: timers, state, stored messages. */
  protected abstract closed(): void
  /** What a grant of this actor carries; undefined while none was made. */
  abstract get grantToken(): string | undefined

  nextMessage(): Envelope | undefined {
    return this.inbox.take()
  }

  bestLane(): LaneNumber | undefined {
    return this.inbox.mailbox.best()
  }

  mayTake(): boolean {
    return true
  }

  /** The handler that is out has ended; the actor may take its next message. */
  protected turnOver(): void {
    this.turn = undefined
    if (this.phase === 'turn') this.phase = 'ready'
    this.stand()
    this.host.touched(this)
  }

  /** Reads that run. */
  protected get readsOut(): number {
    return this.#readings?.size ?? 0
  }

  get readings(): Iterable<ReadTurn> {
    return this.#readings ?? noReadings
  }

  /** A read handler is out. */
  readIsOut(reading: ReadTurn): void {
    this.#readings ??= new Set()
    this.#readings.add(reading)
  }

  /** A read that was out is over. */
  readOver(reading: ReadTurn): void {
    this.#readings?.delete(reading)
    this.endIfAlone()
    this.host.touched(this)
  }

  /** A reply as it may leave this actor. */
  checkedReply(envelope: Envelope, value: unknown): unknown {
    return checkedReply(this, envelope, value)
  }

  // ── signals ───────────────────────────────────────────────────────────────────────────────────

  /** Acts on a signal; kinds of cells add theirs. */
  obey(signal: Signal): void {
    switch (signal.kind) {
      case 'stop':
        return this.end(signal.reason)
      case 'give-up':
        return void this.giveUp(signal.a, signal.b)
      case 'interrupt':
        return this.#recall.interrupt(signal)
      case 'probe':
        if (this.#recall.has(signal.probe.message)) this.turn?.probe(signal.probe)
        return
      default:
        return this.family.obey(signal)
    }
  }

  /** Takes a waiting message back or aborts its turn; says where it was. */
  giveUp(a: number, b: number): Whereabouts | undefined {
    return this.#recall.giveUp(a, b)
  }

  protected wasGivenUp(envelope: Envelope): boolean {
    return this.#recall.wasGivenUp(envelope)
  }

  /** Of volatile actors it holds none. */
  get mayHoldMore(): boolean {
    return false
  }

  waits(message: string): boolean {
    return this.inbox.mailbox.positionOf(({ name }) => name === message) !== undefined
  }

  /** Aborts the turn that is out, if it is one that was killed. */
  abortKilled(killed: Killed): void {
    const { turn } = this
    const refusal = turn?.envelope && killed.refusal(turn.envelope)
    if (turn !== undefined && refusal !== undefined) this.abort(turn, refusal)
  }

  /** True when an interrupt of this message came before it (M6). */
  wasInterrupted(envelope: Envelope): boolean {
    return this.#recall.wasInterrupted(envelope)
  }

  /** Aborts a handler that is out. */
  abort(running: Turn | ReadTurn, reason: TroupeError): void {
    running.abort(reason)
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
    if (this.turn !== undefined || this.readsOut > 0 || !this.mayBeGone()) return
    const { reason, error } = this.ending as Ending
    this.phase = 'gone'
    this.closed()
    this.host.forget(this)
    for (const envelope of this.inbox.drain()) this.#leave(envelope)
    this.family.tellEnd(reason, error)
    this.host.emit({ event: 'actor-stopped', actor: this.id, reason })
  }

  /** False while something has to be said before; it calls {@link endIfAlone} then. */
  protected mayBeGone(): boolean {
    return true
  }

  /** What still waits is handed on as a dead letter; what the store holds stays there. */
  #leave(envelope: Envelope): void {
    if (!envelope.stored) return this.discard(envelope, 'stopped', this.ending?.error)
    // The next incarnation will handle it, but its answer finds no way to who asks here.
    this.tally.enter(Count.inStore)
    envelope.header.reply?.settle({ ok: false, error: undeliverable(envelope, 'stopped') })
  }
}
