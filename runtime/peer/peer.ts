/**
 * One thread's share of the bus: the actors that live here, the run queue that gives them slices,
 * and the way of a message from here to anywhere. Every host is one, and so is the main thread,
 * which with `workers: 0` runs all actors itself and otherwise only sends.
 *
 *   send ──► route ──► actor here ──► run queue ──► slice
 *                 └──► link ──► another peer
 *
 * Owns: residence, routing, signals, the pump. Does not own: what an actor does (`actors/cell`),
 * frames (`runtime/wire`), records (`journal.ts`).
 *
 * Invariant: within one call from outside nothing runs; handlers run only in the pump.
 */
import type { ActorDefinition } from '../../actors/actor.ts'
import { type HostInfo, renamedTypes } from '../../actors/app.ts'
import { type Ask, AskTable, type Whereabouts } from '../../actors/cell/ask-table.ts'
import type { Cell } from '../../actors/cell/cell.ts'
import { DurableCell } from '../../actors/cell/durable-cell.ts'
import type { EffectChoices } from '../../actors/cell/effect-choices.ts'
import type { CellEvent, CellHost, LogLevel } from '../../actors/cell/ports.ts'
import { recoded } from '../../actors/cell/recoded.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import { sliceTime } from '../../actors/cell/slice.ts'
import { undeliverable } from '../../actors/cell/undeliverable.ts'
import { VolatileCell } from '../../actors/cell/volatile-cell.ts'
import { Count, type CountRow } from '../../mailbox/accounting.ts'
import { Alarms } from '../../mailbox/alarms.ts'
import type { Clock } from '../../mailbox/clock.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import { full, queued, refused, type TellOutcome } from '../../mailbox/outcome.ts'
import { Keyring } from '../../persistence/keyring.ts'
import { encoded, payloadBytes } from '../wire/message-item.ts'
import type { Placement } from '../wire/placement.ts'
import { acceptInStore, publishInStore } from './accept.ts'
import type { BusyNote } from './busy-note.ts'
import type { Counters } from './counters.ts'
import { Fallen } from './fallen.ts'
import { type FlightEntry, FlightRecorder } from './flight-recorder.ts'
import type { JournalClient } from './journal.ts'
import type { PeerLink } from './peer-link.ts'
import { defaultResidency, Residents } from './residents.ts'
import { RunQueue } from './run-queue.ts'
import { Standby } from './standby.ts'
import type { Starts } from './starts.ts'
import { type Published, Topics } from './topics.ts'
import type { Waker } from './waker.ts'
import { Ward } from './ward.ts'
import { Watching } from './watching.ts'

/** Messages of the flight recorder in the report of an actor's failure. */
const reportedFlight = 16
/** Milliseconds of slices before the event loop has its turn. */
const pumpTime = 8

/** What a peer reports upwards. */
export interface PeerSink {
  event(event: CellEvent): void
  deadLetter(
    envelope: Envelope,
    reason: DeadLetterReason,
    error: unknown,
    position: number | undefined,
  ): void
  log(
    level: LogLevel,
    actor: string,
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ): void
}

export interface PeerOptions {
  /** This thread's slot, {@link mainSlot} on the main thread. */
  readonly slot: number
  readonly actors: ReadonlyMap<string, ActorDefinition>
  readonly deps: ((host: Omit<HostInfo, 'ref'>) => unknown) | undefined
  readonly placement: Placement
  readonly clock: Clock
  readonly counters: Counters
  /** In shared memory, so that it can be read when this thread is dead. */
  readonly flight?: FlightRecorder
  /** Where this thread says what it is at (F5); only hosts do. */
  readonly busy?: BusyNote
  /** From the store, or any number unique among this system's threads. */
  readonly origin: number
  readonly development: boolean
  readonly residency?: number
  /** What becomes of calls out of turns, in a fork that is run on. */
  readonly effects?: EffectChoices | undefined
  /** Default: without keys. */
  readonly secrets?: Keyring
  readonly sink: PeerSink
  readonly jitter: () => number
  /** Runs a function after what the event loop has ready now. */
  readonly soon: (run: () => void) => void
  readonly faults?: Faults | undefined
}

export class Peer implements CellHost {
  readonly slot: number
  readonly clock: Clock
  readonly alarms: Alarms
  readonly asks: AskTable
  origin: number
  readonly development: boolean
  readonly faults: Faults | undefined
  readonly secrets: Keyring
  readonly effects: EffectChoices | undefined
  readonly topics: Topics
  readonly residents: Residents
  readonly links = new Map<number, PeerLink>()
  journal: JournalClient | undefined
  /** Wakes those for whom the store holds messages. */
  waker: Waker | undefined
  starts: Starts | undefined
  readonly #options: PeerOptions
  /** Present types by old ones: addresses in states and messages may be that old (D9). */
  readonly #renamed: ReadonlyMap<string, string>
  readonly #flight: FlightRecorder
  readonly #busy: BusyNote | undefined
  readonly #queue = new RunQueue()
  readonly #watching = new Watching(this)
  readonly #fallen = new Fallen()
  readonly #shutdown = new AbortController()
  #ward: Ward | undefined
  #deps: { readonly value: unknown } | undefined
  #seq = 0
  #coarse = 0
  #pumping = false
  #scheduled = false
  #intake = true
  #whenQuiet: (() => void)[] = []

  constructor(options: PeerOptions) {
    this.#options = options
    this.#renamed = renamedTypes(options.actors)
    this.slot = options.slot
    this.clock = options.clock
    this.#flight = options.flight ?? new FlightRecorder()
    this.#busy = options.busy
    this.origin = -options.origin
    this.development = options.development
    this.faults = options.faults
    this.secrets = options.secrets ?? new Keyring()
    this.effects = options.effects
    this.alarms = new Alarms(options.clock)
    this.asks = new AskTable(this.alarms, (ask) => this.#giveUp(ask))
    this.topics = new Topics((pattern, wanted) => {
      for (const link of this.links.values()) link.interest(pattern, wanted)
      this.touched()
    })
    const cap = options.residency ?? defaultResidency
    this.residents = new Residents(this.clock, this.alarms, cap, {
      mayLeave: (cell) => cell.quiet && !this.#holdsOn(cell),
      left: (cell) => this.#passivate(cell),
    })
  }

  // ── the pump ──────────────────────────────────────────────────────────────────────────────────

  enqueue(cell: Cell, lane: LaneNumber): void {
    this.#queue.enqueue(cell, lane)
    if (!this.#pumping) this.schedule()
  }

  /** Something happened outside a slice: there may be frames to send, or rest to take. */
  touched(cell?: Cell): void {
    if (cell !== undefined) this.#rested(cell)
    if (!this.#pumping) this.schedule()
  }

  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    // Until the pump comes, user code that a reply or an alarm resumed may run.
    this.#busy?.begin(this.clock.mono())
    this.#options.soon(() => this.#pump())
  }

  /** Runs slices for a bounded time, then sends what they said. */
  #pump(): void {
    this.#scheduled = false
    this.#pumping = true
    this.#busy?.begin(this.clock.mono())
    try {
      this.#runSlices()
    } finally {
      this.#pumping = false
      this.flush()
      this.#busy?.rest()
      this.starts?.rested()
      this.#ward?.look()
      if (this.#queue.size > 0) this.schedule()
      else this.#rest()
    }
  }

  #runSlices(): void {
    const end = this.clock.mono() + pumpTime
    for (let now = end - pumpTime; now < end; now = this.clock.mono()) {
      this.#coarse = now
      const cell = this.#queue.take()
      if (cell === undefined) return
      if (this.#ward?.admits(cell) === false) continue
      cell.run(now + sliceTime)
      this.#rested(cell)
    }
  }

  /** Sends everything collected for the store and for other threads. */
  flush(): void {
    this.journal?.flush()
    for (const link of this.links.values()) link.flush()
  }

  #rest(): void {
    this.alarms.rest()
    if (this.#whenQuiet.length === 0 || !this.isQuiet) return
    for (const resolve of this.#whenQuiet.splice(0)) resolve()
  }

  /** Nothing runs, waits for a turn or for the store here. */
  get isQuiet(): boolean {
    if (this.#queue.size > 0 || this.asks.size > 0 || this.journal?.isIdle === false) return false
    if (this.waker?.isIdle === false || !this.#watching.isIdle) return false
    for (const cell of this.residents) if (!cell.settled) return false
    return true
  }

  /** Resolves when this thread has nothing left to do. */
  quiet(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenQuiet.push(resolve)
      this.touched()
    })
  }

  // ── after an unclean end (F3) ─────────────────────────────────────────────────────────────────

  /** From now on all wait, until {@link tryAlone} has been through and {@link tryAll} says so. */
  holdAll(): void {
    this.#ward = new Ward(this)
  }

  /** Runs actors with suspects, one by one. */
  async tryAlone(actors: readonly string[]): Promise<void> {
    await this.#ward?.run(actors)
  }

  tryAll(): void {
    const ward = this.#ward
    this.#ward = undefined
    ward?.end()
  }

  // ── routing ───────────────────────────────────────────────────────────────────────────────────

  route(envelope: Envelope): TellOutcome {
    const cell = this.residents.get(envelope.to)
    if (cell === undefined) return this.#routeAway(envelope)
    cell.tally.enter(acceptedBy(envelope))
    return this.#receive(cell, envelope)
  }

  /** A message from another thread: it was counted as accepted there. */
  arrived(envelope: Envelope): void {
    const type = typeOf(envelope.to)
    const resident = this.residents.get(envelope.to)
    if (resident === undefined && this.#isDown(envelope)) return
    const cell = resident ?? this.#activate(envelope.to, type)
    if (cell === undefined) return this.deadLetter(envelope, 'no-definition')
    this.#enter(cell, envelope)
  }

  #enter(cell: Cell, envelope: Envelope): TellOutcome {
    this.faults?.('mailbox:before-enqueue')
    const outcome = cell.receive(envelope)
    this.faults?.('mailbox:enqueued')
    return outcome
  }

  /** True for a message to an actor that failed for good a moment ago: it is a dead letter (F1). */
  #isDown(envelope: Envelope): boolean {
    const error = this.#fallen.refusal(envelope.to, this.clock.mono())
    if (error === undefined) return false
    this.deadLetter(envelope, 'stopped', error)
    envelope.header.reply?.settle({ ok: false, error })
    envelope.header.accepted?.settle({ ok: false, error })
    return true
  }

  #receive(cell: Cell, envelope: Envelope): TellOutcome {
    if (envelope.header.keep || envelope.stored) return this.#enter(cell, envelope)
    let arriving: Envelope
    try {
      arriving = this.#carried(cell, envelope)
    } catch (error) {
      cell.tally.enter(Count.deadLettered)
      return unsendable(error)
    }
    return this.#enter(cell, arriving)
  }

  /**
   * Within a thread a payload travels by reference. What a durable actor's record will have to hold is
   * checked before it is sent, like what crosses (T5).
   * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
   */
  #carried(cell: Cell, envelope: Envelope): Envelope {
    if (this.development) return withPayload(envelope, recoded(envelope.payload))
    if (cell.definition.behavior.durable) payloadBytes(envelope)
    return envelope
  }

  #routeAway(envelope: Envelope): TellOutcome {
    const type = typeOf(envelope.to)
    const definition = this.definition(type)
    if (definition === undefined) return refused('no-definition', unknownType(type))
    if (!this.#intake) return refused('closed', closedError())
    const slot = this.#options.placement.slotOf(envelope.to, type)
    this.#count(envelope.to, acceptedBy(envelope))
    if (slot !== this.slot) return this.#sendAway(envelope, slot)
    if (this.#isDown(envelope)) return queued
    return this.#receive(this.#activate(envelope.to, type) as Cell, envelope)
  }

  #sendAway(envelope: Envelope, slot: number): TellOutcome {
    const link = this.#linkTo(slot)
    try {
      if (link?.send(envelope)) {
        this.touched()
        return queued
      }
      if (!envelope.stored) return this.#noCredit(envelope, link)
    } catch (error) {
      this.#count(envelope.to, Count.deadLettered)
      return unsendable(error)
    }
    // The store has it; the receiver only needs to know that it should look (M3).
    this.#count(envelope.to, Count.inStore)
    link?.signal(envelope.to, { kind: 'wake', lane: envelope.lane })
    return queued
  }

  /** A delivery waits for credit (M3); anything else is told that there is none. */
  #noCredit(envelope: Envelope, link: PeerLink | undefined): TellOutcome {
    if (envelope.header.accepted !== undefined && link?.wait(envelope)) {
      this.#count(envelope.to, Count.pending)
      return queued
    }
    this.deadLetter(envelope, 'link-full')
    return full
  }

  /** While a slot has no thread, what is sent to it waits (F4); undefined when it was given up. */
  #linkTo(slot: number): PeerLink | undefined {
    const known = this.links.get(slot)
    if (known !== undefined || this.#options.placement.isRetired(slot)) return known
    const standby = new Standby(this)
    this.links.set(slot, standby)
    return standby
  }

  waits(envelope: Envelope): void {
    this.#count(envelope.to, Count.pending)
  }

  waitIsOver(envelope: Envelope): void {
    const row = this.counts(typeOf(envelope.to))
    row[Count.pending] = (row[Count.pending] as number) - 1
  }

  /** It waited for a slot that was given up, and goes to where its address lives now. */
  forward(envelope: Envelope): void {
    const slot = this.#slotOf(envelope.to)
    if (slot === this.slot) return this.arrived(envelope)
    const outcome = this.#sendAway(envelope, slot)
    if (outcome.status === 'queued') return
    const { reply, accepted } = envelope.header
    const error = undeliverable(envelope, 'link-full')
    for (const sink of [reply, accepted]) sink?.settle({ ok: false, error })
  }

  /** The system ended while it waited; what the store holds waits there for the next start. */
  endedWaiting(envelope: Envelope): void {
    if (envelope.stored) return this.#count(envelope.to, Count.inStore)
    const { reply, accepted } = envelope.header
    for (const sink of [reply, accepted]) sink?.settle({ ok: false, error: closedError() })
    this.lost(envelope, true)
  }

  gaveUpWaiting(envelope: Envelope): void {
    this.waitIsOver(envelope)
    this.deadLetter(envelope, 'cancelled')
  }

  #activate(id: string, type: string): Cell | undefined {
    const definition = this.definition(type)
    if (definition === undefined) return undefined
    const key = id.slice(type.length + 1)
    const cell = definition.behavior.durable
      ? new DurableCell(definition, type, key, this)
      : new VolatileCell(definition, type, key, this)
    this.residents.add(cell)
    return cell
  }

  accept(envelope: Envelope): Promise<number> {
    return acceptInStore(this, envelope)
  }

  arrivedInStore(actor: string): void {
    // A timer or a subscription of a type that is not in the app any more: it waits (D9).
    if (this.definition(typeOf(actor)) === undefined) return
    const row = this.counts(typeOf(actor))
    row[Count.storeAccepted] = (row[Count.storeAccepted] as number) + 1
    row[Count.inStore] = (row[Count.inStore] as number) + 1
    // What topics and timers bring travels in the normal lane.
    this.signal(actor, { kind: 'wake', lane: Lane.normal })
  }

  // ── signals ───────────────────────────────────────────────────────────────────────────────────

  signal(to: string, signal: Signal): void {
    const slot = this.#slotOf(to)
    if (slot === this.slot) return this.signalled(to, signal)
    this.#linkTo(slot)?.signal(to, signal)
    this.touched()
  }

  /** True for an actor of the app whose place is this thread. */
  livesHere(id: string): boolean {
    return this.definition(typeOf(id)) !== undefined && this.#slotOf(id) === this.slot
  }

  /** Has an actor that lives here look into the store. */
  wake(id: string): Cell | undefined {
    this.signalled(id, { kind: 'wake' })
    return this.residents.get(id)
  }

  /** A signal for an actor that lives here. */
  signalled(to: string, signal: Signal): void {
    const cell = this.residents.get(to)
    switch (signal.kind) {
      case 'watch':
        return this.#watching.watch(to, signal.by)
      case 'unwatch':
        this.#watching.unwatch(to, signal.by)
        return cell && this.#rested(cell)
      case 'adopt':
        this.#fallen.pardon(to)
        return (cell ?? this.#activate(to, typeOf(to)))?.receiveSignal(signal)
      case 'wake':
        return (cell ?? this.#activate(to, typeOf(to)))?.receiveSignal(signal)
      case 'terminated':
      case 'child-ended':
        return (cell ?? this.#durable(to))?.receiveSignal(signal)
      case 'stop':
        if (cell !== undefined) return cell.receiveSignal(signal)
        if (signal.by !== undefined) this.signal(signal.by, { kind: 'child-ended', child: to })
        return
      default:
        return cell?.receiveSignal(signal)
    }
  }

  /** Durable actors exist without being in memory; volatile ones that are not there are gone. */
  #durable(to: string): Cell | undefined {
    const type = typeOf(to)
    return this.definition(type)?.behavior.durable ? this.#activate(to, type) : undefined
  }

  #giveUp(ask: Ask): Whereabouts | undefined | Promise<Whereabouts | undefined> {
    const slot = this.#slotOf(ask.to)
    if (slot !== this.slot) return this.links.get(slot)?.giveUp(ask)
    this.touched()
    return this.residents.get(ask.to)?.giveUp(ask.a, ask.b)
  }

  takenBack(to: string, a: number, b: number): Whereabouts | undefined {
    return this.residents.get(to)?.giveUp(a, b)
  }

  // ── topics ────────────────────────────────────────────────────────────────────────────────────

  publish(envelope: Envelope, position?: number): void {
    if (position === undefined && this.journal !== undefined) return publishInStore(this, envelope)
    const slots = this.topics.slots(envelope.header.topic as string)
    // Before anybody has it, and once for all: what cannot cross goes nowhere (T5).
    const crossing = slots.size === 0 ? envelope : encoded(envelope)
    this.fanOut(envelope, position ?? 0)
    for (const slot of slots) this.links.get(slot)?.publish(crossing, position ?? 0)
    this.touched()
  }

  /** Hands copies to this thread's subscribers. */
  fanOut(envelope: Envelope, position: number): void {
    const topic = envelope.header.topic as string
    const { from, id, payload } = envelope
    for (const { actor, name, listen } of this.topics.matching(topic)) {
      if (actor !== undefined && name !== undefined) this.route(copyTo(envelope, actor, name))
      else if (listen !== undefined) this.#call(listen, { topic, payload, from, id, position })
    }
  }

  /** What a listener throws is its own affair, not the publisher's. */
  #call(listen: (published: Published) => void, published: Published): void {
    try {
      listen(published)
    } catch (error) {
      const fields = { topic: published.topic, error: String(error) }
      this.log('error', published.from, 'a listener failed', fields)
    }
  }

  interested(slot: number, pattern: string, wanted: boolean): void {
    this.topics.remote(slot, pattern, wanted)
  }

  subscribe(actor: string, pattern: string, name: string): void {
    this.topics.subscribe(actor, pattern, name)
  }

  unsubscribe(actor: string, pattern?: string): void {
    this.topics.unsubscribe(actor, pattern)
  }

  /** The main thread learns its origin after the store is open; nothing was sent before. */
  adoptOrigin(origin: number): void {
    this.origin = -origin
  }

  // ── what cells ask for ────────────────────────────────────────────────────────────────────────

  /** While slices run, the start of the present one; else now. */
  get coarse(): number {
    if (!this.#pumping && !this.#scheduled) this.#coarse = this.clock.mono()
    return this.#coarse
  }

  /** Age in ms of the message that waits longest on this thread, also for a way to another. */
  get oldestWaiting(): number | undefined {
    let oldest = Number.POSITIVE_INFINITY
    for (const { waitingSince } of this.residents) oldest = Math.min(oldest, waitingSince ?? oldest)
    for (const { waitingSince } of this.links.values()) {
      oldest = Math.min(oldest, waitingSince ?? oldest)
    }
    return oldest === Number.POSITIVE_INFINITY ? undefined : this.clock.mono() - oldest
  }

  nextSeq(): number {
    this.#seq += 1
    return this.#seq
  }

  jitter(): number {
    return this.#options.jitter()
  }

  definition(type: string): ActorDefinition | undefined {
    return this.#options.actors.get(this.#renamed.get(type) ?? type)
  }

  counts(type: string): CountRow {
    return this.#options.counters.row(type)
  }

  /** Built once; after a failure the next activation tries again. */
  deps(): unknown {
    if (this.#deps !== undefined) return this.#deps.value
    const { deps } = this.#options
    if (deps === undefined) return undefined
    const made = deps({ slot: this.slot, signal: this.#shutdown.signal })
    this.#deps = { value: made }
    if (made instanceof Promise) {
      made.then(
        (value) => {
          this.#deps = { value }
        },
        () => {
          this.#deps = undefined
        },
      )
    }
    return made
  }

  taken(envelope: Envelope, counts: CountRow): void {
    this.#flight.note(envelope, counts.byteOffset / counts.byteLength, this.coarse)
    this.#busy?.hand(envelope)
  }

  resumed(envelope: Envelope): void {
    this.#busy?.hand(envelope)
    this.starts?.resumed(envelope)
    this.schedule()
  }

  /** The last messages that were taken into hand here, oldest first. */
  flight(last?: number): FlightEntry[] {
    return this.#flight.entries([...this.#options.actors.keys()], last)
  }

  deadLetter(
    envelope: Envelope,
    reason: DeadLetterReason,
    error?: unknown,
    position?: number,
  ): void {
    // A record gave it up: its own thread's word is good only until that thread dies (F4).
    if (position !== undefined) {
      if (!envelope.stored) this.#count(envelope.to, Count.handed)
      this.#count(envelope.to, Count.storeDead)
    } else {
      this.#count(envelope.to, Count.deadLettered)
    }
    this.#options.sink.deadLetter(envelope, reason, error, position)
  }

  emit(event: CellEvent): void {
    if (event.event === 'actor-stopped' && event.reason === 'failed') {
      this.log('error', event.actor, 'failed for good', { flight: this.flight(reportedFlight) })
    }
    this.#options.sink.event(event)
  }

  log(
    level: LogLevel,
    actor: string,
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ): void {
    this.#options.sink.log(level, actor, message, fields)
  }

  #rested(cell: Cell): void {
    this.waker?.rested(cell)
    if (cell.standing === Lane.system) this.residents.rest(cell)
  }

  /** A volatile actor that left memory would be gone to those who watch it. */
  #holdsOn(cell: Cell): boolean {
    return !cell.definition.behavior.durable && this.#watching.has(cell.id)
  }

  forget(cell: Cell): void {
    this.residents.remove(cell)
    this.waker?.left(cell)
    if (cell.downUntil > 0) this.#fallen.add(cell.id, cell.downUntil, cell.endError)
    this.topics.unsubscribe(cell.id)
    this.#watching.ended(cell)
    if (cell.leftInStore) this.signal(cell.id, { kind: 'wake' })
  }

  /**
   * A message that may have died with another thread (F4); its asker has been told.
   * @param counted false when that thread had received it: then it is in that thread's account
   */
  lost(envelope: Envelope, counted: boolean): void {
    if (counted) this.#count(envelope.to, Count.deadLettered)
    if (envelope.header.reply !== undefined) return
    this.#options.sink.deadLetter(envelope, 'host-lost', undefined, undefined)
  }

  /**
   * Another slot has a new incarnation. Durable actors there are watched again; volatile ones are
   * gone, and whoever watched them is told (F6).
   */
  slotReplaced(slot: number): void {
    for (const cell of this.residents) this.#rebind(cell, slot)
  }

  #rebind(cell: Cell, slot: number): void {
    const { watching, children, parent } = cell.family
    for (const id of [...watching].filter((other) => this.#slotOf(other) === slot)) {
      if (this.isDurable(id)) this.signal(id, { kind: 'watch', by: cell.id })
      else cell.receiveSignal({ kind: 'terminated', who: id })
    }
    for (const child of [...children].filter((other) => this.#slotOf(other) === slot)) {
      if (this.isDurable(child)) this.signal(child, { kind: 'adopt', parent: cell.id })
      else cell.receiveSignal({ kind: 'child-ended', child, error: hostLost(child) })
    }
    if (parent !== undefined && this.#slotOf(parent) === slot && !this.isDurable(parent)) {
      cell.receiveSignal({ kind: 'stop', reason: 'stopped' })
    }
  }

  #slotOf(id: string): number {
    return this.#options.placement.slotOf(id, typeOf(id))
  }

  isDurable(id: string): boolean {
    return this.definition(typeOf(id))?.behavior.durable === true
  }

  #count(id: string, column: number): void {
    const row = this.counts(typeOf(id))
    row[column] = (row[column] as number) + 1
  }

  #passivate(cell: Cell): void {
    cell.phase = 'gone'
    this.waker?.left(cell)
    this.emit({ event: 'actor-passivated', actor: cell.id })
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────

  /** Refuses new actors and new work from outside; what is here goes on. */
  stopIntake(): void {
    this.#intake = false
  }

  /** Releases what `deps` built. */
  async dispose(release: ((deps: unknown) => unknown) | undefined): Promise<void> {
    this.#shutdown.abort()
    const deps = await this.#deps?.value
    if (this.#deps !== undefined) await release?.(deps)
  }
}

/** What the store accepted is counted apart. */
function acceptedBy(envelope: Envelope): number {
  return envelope.stored ? Count.storeAccepted : Count.accepted
}

export function typeOf(id: string): string {
  return id.slice(0, id.indexOf('/'))
}

/** What was thrown at the door, as the answer to a tell. */
function unsendable(thrown: unknown): TellOutcome {
  const error = thrown as TroupeError
  return refused(error.code === 'PAYLOAD_TOO_LARGE' ? 'too-large' : 'not-encodable', error)
}

function copyTo(envelope: Envelope, to: string, name: string): Envelope {
  const { from, payload, lane, a, b, causeA, causeB, header } = envelope
  return new Envelope(to, from, name, payload, lane, a, b, causeA, causeB, header)
}

function withPayload(envelope: Envelope, payload: unknown): Envelope {
  const { to, from, name, lane, a, b, causeA, causeB, header } = envelope
  return new Envelope(to, from, name, payload, lane, a, b, causeA, causeB, header)
}

export function unknownType(type: string): TroupeError {
  return new TroupeError(
    'DEFINITION_MISSING',
    `no actor of type "${type}" is in the app; add its definition to app(..., { actors: [...] })`,
  )
}

function hostLost(id: string): TroupeError {
  return new TroupeError('HOST_LOST', `the thread of ${id} died`, { fields: { actor: id } })
}

export function closedError(): TroupeError {
  return new TroupeError('SYSTEM_CLOSED', 'the system is closing or closed and takes no more work')
}
