/**
 * How messages get into the inbox of a durable actor: those that the store has, by arrival or read page
 * by page, and between them those that are in memory only, in the order in which all of them came (T2).
 *
 * Owns: reading on while there is room, the way back into the store, who waits here for an answer.
 * Does not own: which stored messages are in memory (`backlog.ts`), the order (`followers.ts`).
 */
import { Count, pendingColumn } from '../../mailbox/accounting.ts'
import type { CancelAlarm } from '../../mailbox/clock.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'
import { queued, type TellOutcome } from '../../mailbox/outcome.ts'
import type { Tally } from '../../mailbox/tally.ts'
import type { MessageRef } from '../../persistence/record.ts'
import type { Damage, LoadedActor, PendingPage, StoredMessage } from '../../persistence/stored.ts'
import type { ActorDefinition } from '../actor.ts'
import { answerError } from './answers.ts'
import { Askers } from './askers.ts'
import { Backlog } from './backlog.ts'
import { damagedActor } from './damaged.ts'
import type { Followers } from './followers.ts'
import { messageKey } from './hand.ts'
import type { Inbox } from './inbox.ts'
import { needsSomebody } from './needs-somebody.ts'
import type { CellHost, Journal } from './ports.ts'
import { refuseNewerMessages } from './present.ts'
import { envelopeOf, envelopeOfDamage } from './stored-message.ts'

/** Most stored messages read at once. */
export const pageSize = 256
/** Ms until a failed reading is tried again, and until what only other code can mend is. */
const pauses = Object.freeze({ failed: 200, newer: 30_000 })

/** The actor whose inbox it is. */
interface Owner {
  readonly id: string
  readonly definition: ActorDefinition
  readonly phase: string
  readonly host: CellHost
  readonly journal: Journal
  readonly inbox: Inbox
  readonly tally: Tally
  /** Stored messages that are in a turn, or on their way to commit. */
  readonly hand: { keys(): Iterable<string> }
  readonly undone: { readonly isOn: boolean } | undefined
  stand(): void
  standFor(lane: LaneNumber): void
  /** Parks a message that no turn has seen. */
  setAside(envelope: Envelope, reason: DeadLetterReason, error: unknown): void
}

export class Intake {
  readonly #cell: Owner
  readonly #backlog = new Backlog()
  readonly #followers: Followers
  /** Grows when the store is read from its start again: a page for an earlier reading is not taken. */
  #reading = 0
  readonly #askers = new Askers()
  #readLater: CancelAlarm | undefined
  /** What comes next can be read by other code only (D9). */
  isUpToSomebody = false

  constructor(cell: Owner) {
    this.#cell = cell
    this.#followers = cell.inbox.followers as Followers
  }

  /** Everything that the store has for the actor is in memory. */
  get hasAll(): boolean {
    return this.#backlog.state === 'following'
  }

  /** The store may hold messages that are not in memory. */
  get leftSome(): boolean {
    return this.#backlog.unread
  }

  // ── arrivals ──────────────────────────────────────────────────────────────────────────────────

  /** True for one that has to wait behind what only the store has of its lane. */
  mustFollow({ lane }: Envelope): boolean {
    return this.#backlog.mayHold(lane)
  }

  follow(envelope: Envelope): TellOutcome {
    const outcome = this.#cell.inbox.follow(this.#followers, envelope)
    if (this.#cell.phase === 'cold') this.#cell.stand()
    return outcome
  }

  /** A stored message came. */
  arrived(envelope: Envelope): TellOutcome {
    if (this.#backlog.arrived(envelope) === 'take') this.#takeIn(envelope)
    else this.#leaveInStore()
    return queued
  }

  /** The store may hold messages that nobody brought here. */
  wake(lane: LaneNumber | undefined): void {
    this.#backlog.wake(lane)
  }

  /** A stored message is never shed (M3): without room it waits in the store. */
  #takeIn(envelope: Envelope): void {
    const { inbox } = this.#cell
    if (inbox.mailbox.hasRoom) {
      inbox.offer(envelope)
      return this.#cell.standFor(envelope.lane)
    }
    this.#backlog.spill(envelope.lane)
    this.#leaveInStore()
  }

  #leaveInStore(): void {
    this.#cell.tally.enter(Count.inStore)
    this.#cell.stand()
  }

  // ── pages ─────────────────────────────────────────────────────────────────────────────────────

  /** The store is read from its start; the first page comes with the actor. Says how large it may be. */
  begin(): number {
    this.#reading += 1
    this.isUpToSomebody = false
    this.#backlog.restart()
    this.#backlog.read()
    return this.#room
  }

  /** The actor is here, with what it stashed and its first page. */
  adopt({ stash, pending }: LoadedActor): void {
    for (const message of stash) {
      this.#bringIn(message, Count.stashed, (it) => this.#cell.inbox.stash.put(it))
    }
    this.#adoptPage(pending)
  }

  /** Reads the next stored messages when there is room for them. */
  readOn(): void {
    const { id, phase, inbox, journal } = this.#cell
    if (this.#backlog.state !== 'spilled') return
    if (phase !== 'ready' && phase !== 'turn') return
    if (inbox.mailbox.size > inbox.mailbox.capacity / 4) return
    this.#backlog.read()
    this.isUpToSomebody = false
    const reading = this.#reading
    journal.pending(id, this.#backlog.next, this.#room).then(
      (page) => reading === this.#reading && this.#adoptLater(page),
      (error) => reading === this.#reading && this.#readFailed(error),
    )
  }

  /** How many stored messages there is room for; some at least, since all others wait for them. */
  get #room(): number {
    const { mailbox } = this.#cell.inbox
    const least = Math.ceil(mailbox.capacity / 4)
    const free = mailbox.capacity - mailbox.size - this.#followers.size
    return Math.min(pageSize, Math.max(least, free))
  }

  /** A message of a newer version waits with all behind it; what came before goes on (T2, D9). */
  #adoptLater(page: PendingPage): void {
    try {
      refuseNewerMessages(this.#cell.definition, this.#cell.id, page.messages)
    } catch (error) {
      return this.#readFailed(error, pauses.newer)
    }
    this.#adoptPage(page)
  }

  #readFailed(error: unknown, pause: number = pauses.failed): void {
    const { host, id } = this.#cell
    this.#backlog.readFailed()
    this.isUpToSomebody = needsSomebody(error)
    host.log('warn', id, 'reading waiting messages failed', { error: String(error) })
    this.#readLater?.()
    this.#readLater = host.clock.alarm(host.clock.mono() + pause, () => this.readOn())
    host.touched(this.#cell)
  }

  #adoptPage(page: PendingPage): void {
    const { phase, undone, tally, host } = this.#cell
    const { mailbox } = this.#cell.inbox
    if (phase === 'gone' || undone?.isOn) return
    const inMemory = this.#inMemory()
    const isNew = ({ position, index }: MessageRef): boolean => {
      const key = messageKey({ a: position, b: index })
      return !inMemory.has(key) && !this.#backlog.wasConsumed(key)
    }
    for (const message of page.messages) {
      if (isFresh(message)) this.#letEarlierIn(message, message.at.position)
      if (!isNew(message.ref)) continue
      this.#bringIn(message, pendingColumn(message.lane), (it) => mailbox.readmit(it))
    }
    for (const damage of page.damaged) {
      if (damage.message !== undefined && isNew(damage.message)) this.#quarantine(damage)
    }
    for (const envelope of this.#backlog.arrivedMeanwhile(page)) {
      this.#letEarlierIn(envelope, envelope.position)
      tally.leave(Count.inStore)
      this.#takeIn(envelope)
    }
    const isOver = (lane: LaneNumber): boolean => !this.#backlog.mayHold(lane)
    for (const envelope of this.#followers.takeLanes(isOver)) mailbox.readmit(envelope)
    this.#cell.stand()
    this.readOn()
    host.touched(this.#cell)
  }

  /** One that cannot be brought to the present version is a dead letter with all its bytes (D9). */
  #bringIn(message: StoredMessage, column: number, put: (envelope: Envelope) => void): void {
    const { tally } = this.#cell
    const envelope = this.#envelopeOf(message)
    const { unfit } = envelope.header
    tally.leave(Count.inStore)
    if (unfit !== undefined) return this.#cell.setAside(envelope, 'parked', unfit.error)
    tally.enter(column)
    put(envelope)
  }

  /** What came before a stored message that goes into the mailbox now. */
  #letEarlierIn(sent: { readonly from: string; readonly lane: number }, position: number): void {
    const { mailbox } = this.#cell.inbox
    for (const earlier of this.#followers.takeBefore(sent, position)) mailbox.readmit(earlier)
  }

  /** Everything of this actor that memory holds: waiting, stashed, running, or on its way to commit. */
  #inMemory(): Set<string> {
    const { hand, inbox } = this.#cell
    const keys = new Set(hand.keys())
    for (const envelope of inbox.mailbox) keys.add(messageKey(envelope))
    for (const envelope of inbox.stash) keys.add(messageKey(envelope))
    return keys
  }

  /** With the asker, if it is one that waits on this thread. */
  #envelopeOf(message: StoredMessage): Envelope {
    const { id, host, definition } = this.#cell
    const key = messageKey({ a: message.ref.position, b: message.ref.index })
    return envelopeOf(message, definition, id, host, this.#askers.take(key))
  }

  /** A message that cannot be read any more is set aside: its bytes are kept, the others go on (D4). */
  #quarantine(damage: Damage): void {
    const { id, host, tally } = this.#cell
    host.emit({ event: 'actor-damaged', actor: id, damage })
    tally.leave(Count.inStore)
    this.#cell.setAside(envelopeOfDamage(damage, id), 'quarantined', damagedActor(id, damage))
  }

  /** A record of this message was committed. */
  consumed(key: string): void {
    this.#backlog.consumed(key)
  }

  // ── the way back ──────────────────────────────────────────────────────────────────────────────

  /**
   * Messages that were in memory, oldest first, as they were before the actor was loaded: what the
   * store has is read again, the others wait where they stood in between.
   */
  putBack(envelopes: Iterable<Envelope>): void {
    this.#reading += 1
    this.#backlog.restart()
    const behind = this.#followers.takeAll()
    for (const envelope of envelopes) {
      if (envelope.stored) this.backToStore(envelope, pendingColumn(envelope.lane))
      else this.#followers.push(envelope)
    }
    for (const envelope of behind) this.#followers.push(envelope)
  }

  /** @param column where it was counted */
  backToStore(envelope: Envelope, column: number): void {
    this.#cell.tally.move(column, Count.inStore)
    this.#askers.keep(envelope)
  }

  /** The actor did not come up: askers learn why, all others go on waiting for it. */
  refuse(error: unknown): void {
    const { inbox, tally, host } = this.#cell
    this.putBack(inbox.drainMailbox())
    const isAsk = ({ header }: Envelope): boolean => header.reply !== undefined
    for (let found = inbox.remove(isAsk); found !== undefined; found = inbox.remove(isAsk)) {
      tally.enter(Count.processed)
      answerError(host, found.envelope, error)
    }
  }

  /** The actor ends: who waits here is told. */
  close(): void {
    const { id } = this.#cell
    this.#readLater?.()
    const error = new TroupeError(
      'ACTOR_STOPPED',
      `${id} stopped; its next incarnation will not answer`,
    )
    this.#askers.failAll(error)
  }
}

/**
 * True for one that was in the store before it came here. One whose turn brought it there, with its first
 * step, was in hand before anything that still waits.
 */
function isFresh({ ref }: StoredMessage): boolean {
  return ref.position > 0
}
