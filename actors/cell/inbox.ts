/**
 * Everything that waits for one actor, bounded (M3), each with its count (M4).
 *
 *   offer ──► mailbox ──► take                   reads: for handlers that run beside a turn
 *      └──► doorstep ──┘                         stash: put aside by a turn
 *   follow ──► followers ──► mailbox (as soon as the store has been read that far)
 *
 * Owns where a message waits, and who has to go when there is no room. Does not own: when one is taken,
 * what becomes of one that has to go, what the store holds (`backlog.ts`).
 */
import { Count, pendingColumn } from '../../mailbox/accounting.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import { Mailbox } from '../../mailbox/mailbox.ts'
import { full, queued, type Settled, type TellOutcome } from '../../mailbox/outcome.ts'
import { Ring } from '../../mailbox/ring.ts'
import { Stash } from '../../mailbox/stash.ts'
import type { Tally } from '../../mailbox/tally.ts'
import type { ActorDefinition } from '../actor.ts'
import { Doorstep } from './doorstep.ts'
import { Followers } from './followers.ts'
import type { Signal } from './signal.ts'

type IsIt = (envelope: Envelope) => boolean

/** The actor for which it waits. */
interface Owner {
  readonly definition: ActorDefinition
  readonly host: { readonly coarse: number }
  readonly tally: Tally
  discard(envelope: Envelope, reason: DeadLetterReason): void
}

/** To a delivery that found room. */
const gotIn = Object.freeze({ ok: true, value: undefined }) satisfies Settled

export class Inbox {
  readonly mailbox: Mailbox<Signal>
  readonly stash: Stash
  /** Messages for read handlers that may run beside a turn. */
  readonly reads: Ring<Envelope> | undefined
  /** Messages that wait behind those which only the store has; of a durable actor. */
  readonly followers: Followers | undefined
  /** Deliveries that wait for room; made with the first of them. */
  private doorstep: Doorstep | undefined
  // Plain fields, not #private: every message comes through here.
  private readonly owner: Owner
  private readonly tally: Tally
  private readonly host: Owner['host']

  constructor(owner: Owner) {
    const { behavior, reads } = owner.definition
    this.owner = owner
    this.tally = owner.tally
    this.host = owner.host
    this.followers = behavior.durable ? new Followers() : undefined
    this.mailbox = new Mailbox(behavior.mailbox, this.followers)
    this.stash = new Stash(behavior.stash)
    if (behavior.durable && reads.size > 0) this.reads = new Ring()
  }

  /** Messages and signals that wait, stashed ones left out. */
  get waiting(): number {
    const { mailbox, reads, followers } = this
    return mailbox.size + mailbox.signalCount + (reads?.length ?? 0) + (followers?.size ?? 0)
  }

  /** Messages that wait, those of the stash left out. */
  get size(): number {
    const { mailbox, reads, followers, doorstep } = this
    const beside = (reads?.length ?? 0) + (followers?.size ?? 0) + (doorstep?.size ?? 0)
    return mailbox.size + beside
  }

  /** Monotonic ms since which the oldest message waits; undefined when none does. */
  get waitingSince(): number | undefined {
    // A follower came after those of its lane in the mailbox, but its lane may have none there.
    const [first] = this.followers ?? []
    const since = Math.min(this.mailbox.waitingSince ?? Infinity, first?.since ?? Infinity)
    return since === Infinity ? undefined : since
  }

  /** Lane of the most urgent message, whether it may be taken now or not. */
  get best(): LaneNumber | undefined {
    return this.mailbox.best() ?? this.followers?.best
  }

  // ── coming in ─────────────────────────────────────────────────────────────────────────────────

  /** Takes a message in; what has no room goes, but never with an exception (M3). */
  offer(envelope: Envelope): TellOutcome {
    envelope.since = this.host.coarse
    const loser = this.mailbox.offer(envelope)
    this.tally.enter(pendingColumn(envelope.lane))
    if (loser === envelope && this.waitAtDoor(envelope)) return queued
    if (loser !== undefined) this.shed(loser, loser === envelope)
    if (loser === envelope) return full
    envelope.header.accepted?.settle(gotIn)
    return queued
  }

  /** A message for a read handler that runs beside turns. */
  offerRead(reads: Ring<Envelope>, envelope: Envelope): TellOutcome {
    this.tally.enter(pendingColumn(envelope.lane))
    if (reads.length >= this.mailbox.capacity) {
      this.shed(envelope, true)
      return full
    }
    envelope.header.accepted?.settle(gotIn)
    reads.push(envelope)
    return queued
  }

  /**
   * Behind what only the store has of its lane (T2), in the room that there is for all of them (M3).
   * Nothing is dropped for it: what the store holds was there before, and is never shed.
   */
  follow(followers: Followers, envelope: Envelope): TellOutcome {
    envelope.since = this.host.coarse
    this.tally.enter(pendingColumn(envelope.lane))
    if (!this.mailbox.hasRoom && envelope.header.keep !== true) {
      this.shed(envelope, true)
      return full
    }
    followers.push(envelope)
    return queued
  }

  /** A delivery waits for room, unless too many do already. */
  private waitAtDoor(envelope: Envelope): boolean {
    if (envelope.header.accepted === undefined) return false
    this.doorstep ??= new Doorstep()
    return this.doorstep.push(envelope)
  }

  /** Somebody left the mailbox: those who wait for room come in. */
  private letIn(doorstep: Doorstep): void {
    while (this.mailbox.hasRoom) {
      const envelope = doorstep.shift()
      if (envelope === undefined) return
      this.mailbox.offer(envelope)
      envelope.header.accepted?.settle(gotIn)
    }
  }

  private shed(loser: Envelope, offered: boolean): void {
    this.tally.leave(pendingColumn(loser.lane))
    const isNewest = this.mailbox.overflow === 'drop-newest'
    if (isNewest) this.owner.discard(loser, 'dropped-newest')
    else this.owner.discard(loser, offered ? 'mailbox-full' : 'dropped-oldest')
  }

  // ── going out ─────────────────────────────────────────────────────────────────────────────────

  /** The next message for a turn; with `limit`, of the lanes up to it. */
  take(limit?: LaneNumber): Envelope | undefined {
    const envelope = this.mailbox.take(limit)
    if (envelope === undefined) return undefined
    this.tally.leave(pendingColumn(envelope.lane))
    if (this.doorstep !== undefined) this.letIn(this.doorstep)
    return envelope
  }

  takeRead(): Envelope | undefined {
    const envelope = this.reads?.shift()
    if (envelope !== undefined) this.tally.leave(pendingColumn(envelope.lane))
    return envelope
  }

  /** Takes one waiting message out, wherever it stands; says how many were before it. */
  remove(isIt: IsIt): { readonly envelope: Envelope; readonly position: number } | undefined {
    const position = this.mailbox.positionOf(isIt)
    const found =
      position === undefined ? this.removeElsewhere(isIt) : this.removeQueued(isIt, position)
    if (found !== undefined) this.tally.leave(pendingColumn(found.envelope.lane))
    if (position !== undefined && this.doorstep !== undefined) this.letIn(this.doorstep)
    return found
  }

  private removeQueued(
    isIt: IsIt,
    position: number,
  ): { envelope: Envelope; position: number } | undefined {
    for (let lane = Lane.control as number; lane <= Lane.low; lane += 1) {
      const envelope = this.mailbox.remove(lane as LaneNumber, isIt)
      if (envelope !== undefined) return { envelope, position }
    }
    return undefined
  }

  private removeElsewhere(isIt: IsIt): { envelope: Envelope; position: number } | undefined {
    const found =
      this.doorstep?.remove(isIt) ?? this.followers?.remove(isIt) ?? this.removeRead(isIt)
    return found && { ...found, position: this.mailbox.size + found.position }
  }

  private removeRead(isIt: IsIt): { envelope: Envelope; position: number } | undefined {
    const { reads } = this
    for (let position = 0; position < (reads?.length ?? 0); position += 1) {
      if (!isIt(reads?.at(position) as Envelope)) continue
      return { envelope: reads?.removeAt(position) as Envelope, position }
    }
    return undefined
  }

  /** True when such a message waits for a turn of its own. */
  has(isIt: IsIt): boolean {
    const places = [this.mailbox, this.stash, this.doorstep ?? [], this.followers ?? []]
    return places.some((place) => {
      for (const envelope of place) if (isIt(envelope)) return true
      return false
    })
  }

  // ── the stash ─────────────────────────────────────────────────────────────────────────────────

  /** Brings everything stashed back to the front of the mailbox. */
  unstash(): void {
    for (const { lane } of this.stash) this.tally.move(Count.stashed, pendingColumn(lane))
    this.stash.unstashInto(this.mailbox)
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /** Empties the mailbox alone; nothing is counted. */
  drainMailbox(): Envelope[] {
    const all: Envelope[] = []
    for (let e = this.mailbox.take(); e !== undefined; e = this.mailbox.take()) all.push(e)
    return all
  }

  /** Takes out everything, in order; none of it is counted here any more. */
  drain(): Envelope[] {
    const { tally } = this
    const stashed = this.stash.drain()
    const waiting = this.drainMailbox()
    for (let e = this.reads?.shift(); e !== undefined; e = this.reads?.shift()) waiting.push(e)
    for (let e = this.doorstep?.shift(); e !== undefined; e = this.doorstep?.shift()) {
      waiting.push(e)
    }
    for (const envelope of this.followers?.takeAll() ?? []) waiting.push(envelope)
    for (const _ of stashed) tally.leave(Count.stashed)
    for (const { lane } of waiting) tally.leave(pendingColumn(lane))
    return [...stashed, ...waiting]
  }
}
