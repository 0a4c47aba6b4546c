/**
 * The way of one message: into a mailbox of this thread, over a link, or to the account of those that
 * go nowhere.
 *
 *   route ──► actor here ──► its mailbox
 *      └────► link with credit · door · standby ──► another thread
 *
 * Owns that way and its accounts. Does not own links, mailboxes, nor where an address lives.
 */
import type { Cell } from '../../actors/cell/cell.ts'
import { recoded } from '../../actors/cell/recoded.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import { undeliverable } from '../../actors/cell/undeliverable.ts'
import { Count, type CountRow, pendingColumn } from '../../mailbox/accounting.ts'
import { typeOf } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { Memo } from '../../mailbox/memo.ts'
import { full, queued, refused, type TellOutcome } from '../../mailbox/outcome.ts'
import { payloadBytes } from '../wire/payload.ts'
import type { Placement } from '../wire/placement.ts'
import type { Accounts } from './accounts.ts'
import { withPayload } from './copies.ts'
import type { PeerLink } from './peer-link.ts'
import { closedError, unknownType, unsendable } from './refusals.ts'
import { Standby, type StandbyOwner } from './standby.ts'

/** The thread that messages come to and leave from. */
export interface RoutedThread {
  readonly slot: number
  readonly development: boolean
  readonly faults: Faults | undefined
  readonly placement: Placement
  readonly accounts: Accounts
  readonly heard: number
  readonly links: Map<number, PeerLink>
  readonly residents: { get(id: string): Cell | undefined }
  /** Monotonic ms. */
  readonly coarse: number
  slotOf(address: string): number
  knows(type: string): boolean
  /** Brings an actor that lives here into memory; undefined for an unknown type. */
  activate(id: string): Cell | undefined
  /** Why an actor that failed for good a moment ago takes no messages (F1). */
  refusalOf(id: string): TroupeError | undefined
  signal(to: string, signal: Signal): void
  /** There may be frames to send. */
  touched(): void
}

export class Routing implements StandbyOwner {
  readonly #thread: RoutedThread
  #intake = true
  /** Accounts by address; undefined for a type that is not in the app. */
  readonly #rows = new Memo((to) => this.#rowOf(typeOf(to)))

  constructor(thread: RoutedThread) {
    this.#thread = thread
  }

  get coarse(): number {
    return this.#thread.coarse
  }

  /** Refuses new actors and new work from outside; what is here goes on. */
  stopIntake(): void {
    this.#intake = false
  }

  #rowOf(type: string): CountRow | undefined {
    return this.#thread.knows(type) ? this.#thread.accounts.row(type) : undefined
  }

  route(envelope: Envelope): TellOutcome {
    const cell = this.#thread.residents.get(envelope.to)
    if (cell === undefined) return this.#routeAway(envelope)
    cell.tally.enter(acceptedBy(envelope))
    return this.#receive(cell, envelope)
  }

  /**
   * A message from another thread: it was counted as accepted there. An actor comes up where it lives and
   * nowhere else: two of it would both have their turns committed.
   */
  arrived(envelope: Envelope): void {
    const resident = this.#thread.residents.get(envelope.to)
    if (resident === undefined && this.#thread.slotOf(envelope.to) !== this.#thread.slot) {
      return this.forward(envelope)
    }
    if (resident === undefined && this.#isDown(envelope)) return
    const cell = resident ?? this.#thread.activate(envelope.to)
    if (cell !== undefined) this.#enter(cell, envelope)
    else this.#thread.accounts.deadLetter(envelope, 'no-definition', undefined, undefined)
  }

  #routeAway(envelope: Envelope): TellOutcome {
    const { to } = envelope
    const row = this.#rows.of(to)
    if (row === undefined) return refused('no-definition', unknownType(typeOf(to)))
    if (!this.#intake) return refused('closed', closedError())
    const slot = this.#thread.slotOf(to)
    const column = acceptedBy(envelope)
    row[column] = (row[column] as number) + 1
    if (slot !== this.#thread.slot) {
      envelope.heard = this.#thread.heard
      return this.#sendAway(envelope, slot)
    }
    if (this.#isDown(envelope)) return queued
    return this.#receive(this.#thread.activate(to) as Cell, envelope)
  }

  // ── here ──────────────────────────────────────────────────────────────────────────────────────

  #receive(cell: Cell, envelope: Envelope): TellOutcome {
    if (envelope.header.keep || envelope.stored) return this.#enter(cell, envelope)
    let arriving: Envelope
    try {
      arriving = this.#carried(cell, envelope)
    } catch (error) {
      cell.tally.enter(Count.deadLettered)
      return unsendable(error)
    }
    if (cell.definition.behavior.durable) arriving.heard = this.#thread.heard
    return this.#enter(cell, arriving)
  }

  /**
   * Within a thread a payload travels by reference. What a durable actor's record will have to hold is
   * checked before it is sent, like what crosses (T5).
   * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
   */
  #carried(cell: Cell, envelope: Envelope): Envelope {
    if (this.#thread.development)
      return withPayload(envelope, recoded(envelope.payload, `payload of "${envelope.name}"`))
    if (cell.definition.behavior.durable) payloadBytes(envelope)
    return envelope
  }

  #enter(cell: Cell, envelope: Envelope): TellOutcome {
    const { faults } = this.#thread
    faults?.('mailbox:before-enqueue')
    const outcome = cell.receive(envelope)
    faults?.('mailbox:enqueued')
    return outcome
  }

  /** True for a message to an actor that failed for good a moment ago: it is a dead letter (F1). */
  #isDown(envelope: Envelope): boolean {
    const error = this.#thread.refusalOf(envelope.to)
    if (error === undefined) return false
    this.#thread.accounts.deadLetter(envelope, 'stopped', error, undefined)
    fail(envelope, error)
    return true
  }

  // ── away ──────────────────────────────────────────────────────────────────────────────────────

  #sendAway(envelope: Envelope, slot: number): TellOutcome {
    const { accounts } = this.#thread
    const link = this.linkTo(slot)
    try {
      if (link?.send(envelope)) {
        this.#thread.touched()
        return queued
      }
      if (!envelope.stored) return this.#noCredit(envelope, link)
    } catch (error) {
      accounts.enter(envelope.to, Count.deadLettered)
      return unsendable(error)
    }
    // The store has it; the receiver only needs to know that it should look (M3).
    accounts.enter(envelope.to, Count.inStore)
    link?.signal(envelope.to, { kind: 'wake', lane: envelope.lane })
    return queued
  }

  /** A delivery waits for credit (M3); anything else is told that there is none. */
  #noCredit(envelope: Envelope, link: PeerLink | undefined): TellOutcome {
    const { accounts } = this.#thread
    if (envelope.header.accepted !== undefined && link?.wait(envelope)) {
      accounts.enter(envelope.to, pendingColumn(envelope.lane))
      return queued
    }
    accounts.deadLetter(envelope, 'link-full', undefined, undefined)
    return full
  }

  /** While a slot has no thread, what is sent to it waits (F4); undefined when it was given up. */
  linkTo(slot: number): PeerLink | undefined {
    const { links, placement } = this.#thread
    const known = links.get(slot)
    if (known !== undefined || placement.isRetired(slot)) return known
    const standby = new Standby(this)
    links.set(slot, standby)
    return standby
  }

  // ── what waits for a way ──────────────────────────────────────────────────────────────────────

  waits({ to, lane }: Envelope): void {
    this.#thread.accounts.enter(to, pendingColumn(lane))
  }

  waitIsOver({ to, lane }: Envelope): void {
    this.#thread.accounts.leave(to, pendingColumn(lane))
  }

  gaveUpWaiting(envelope: Envelope): void {
    this.waitIsOver(envelope)
    this.#thread.accounts.deadLetter(envelope, 'cancelled', undefined, undefined)
  }

  /** It waited for a slot that was given up, or came here for another: it goes to where its address lives. */
  forward(envelope: Envelope): void {
    const slot = this.#thread.slotOf(envelope.to)
    if (slot === this.#thread.slot) return this.arrived(envelope)
    const outcome = this.#sendAway(envelope, slot)
    if (outcome.status !== 'queued') fail(envelope, undeliverable(envelope, 'link-full'))
  }

  signal(to: string, signal: Signal): void {
    this.#thread.signal(to, signal)
  }

  /** The system ended while it waited; what the store holds waits there for the next start. */
  endedWaiting(envelope: Envelope): void {
    const { accounts } = this.#thread
    if (envelope.stored) return accounts.enter(envelope.to, Count.inStore)
    fail(envelope, closedError())
    accounts.lost(envelope, true)
  }
}

/** What the store accepted is counted apart. */
function acceptedBy(envelope: Envelope): number {
  return envelope.stored ? Count.storeAccepted : Count.accepted
}

/** Tells whoever waits for it. */
function fail({ header }: Envelope, error: unknown): void {
  header.reply?.settle({ ok: false, error })
  header.accepted?.settle({ ok: false, error })
}
