/**
 * One thread's share of the bus: the actors that live here, and what they ask of their thread. Every
 * host is one, and so is the main thread, which with `workers: 0` runs all actors itself and otherwise
 * only sends.
 *
 *   send ──► routing ──► actor here ──► pump ──► slice
 *                └─────► link ──► another peer
 *
 * Puts the parts of a thread together and is the one face that cells, links and the store see. Owns who
 * is brought into memory and who left it. Does not own when actors run (`pump.ts`), where a message goes
 * (`routing.ts`, `publishing.ts`), what a signal does (`signalling.ts`, `watching.ts`), the accounts
 * (`accounts.ts`), frames (`runtime/wire`), records (`journal.ts`).
 */
import type { ActorDefinition } from '../../actors/actor.ts'
import { renamedTypes } from '../../actors/app.ts'
import { type Ask, AskTable, type Whereabouts } from '../../actors/cell/ask-table.ts'
import type { Cell } from '../../actors/cell/cell.ts'
import { DurableCell } from '../../actors/cell/durable-cell.ts'
import { EarlyInterrupts } from '../../actors/cell/early-interrupts.ts'
import type { EffectChoices } from '../../actors/cell/effect-choices.ts'
import { Killed } from '../../actors/cell/killed.ts'
import {
  type CellEvent,
  type CellHost,
  type LogLevel,
  type LogTurn,
  logRanks,
} from '../../actors/cell/ports.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import type { Tracing } from '../../actors/cell/tracing.ts'
import { VolatileCell } from '../../actors/cell/volatile-cell.ts'
import { Count, type CountRow } from '../../mailbox/accounting.ts'
import { typeOf } from '../../mailbox/address.ts'
import { Alarms } from '../../mailbox/alarms.ts'
import type { Clock } from '../../mailbox/clock.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import type { TellOutcome } from '../../mailbox/outcome.ts'
import type { Tally } from '../../mailbox/tally.ts'
import { Keyring } from '../../persistence/keyring.ts'
import type { KilledActor } from '../../persistence/killed-files.ts'
import type { ThreadMeter } from '../telemetry/metrics/thread-meter.ts'
import type { Calm } from '../wire/host-control.ts'
import { mainSlot, type Placement } from '../wire/placement.ts'
import { acceptInStore, endInStore, publishInStore } from './accept.ts'
import { Accounts } from './accounts.ts'
import { Fallen } from './fallen.ts'
import { type FlightEntry, FlightRecorder } from './flight-recorder.ts'
import type { JournalClient } from './journal.ts'
import type { PeerLink } from './peer-link.ts'
import type { PeerOptions } from './peer-options.ts'
import { Publishing } from './publishing.ts'
import { Pump } from './pump.ts'
import { defaultResidency, Residents } from './residents.ts'
import { Routing } from './routing.ts'
import { Signalling } from './signalling.ts'
import type { Starts } from './starts.ts'
import { isAwaiting, isQuiet, isResting } from './stillness.ts'
import { ThreadDeps } from './thread-deps.ts'
import { Topics } from './topics.ts'
import type { Waker } from './waker.ts'
import { Watching } from './watching.ts'

/** Messages of the flight recorder in the report of an actor's failure. */
const reportedFlight = 16

export class Peer implements CellHost {
  readonly slot: number
  readonly clock: Clock
  readonly alarms: Alarms
  readonly asks: AskTable
  origin: number
  readonly development: boolean
  readonly faults: Faults | undefined
  readonly tracing: Tracing | undefined
  readonly secrets: Keyring
  readonly effects: EffectChoices | undefined
  readonly meter: ThreadMeter | undefined
  readonly logRank: number
  readonly placement: Placement
  readonly accounts: Accounts
  readonly topics: Topics
  readonly residents: Residents
  readonly links = new Map<number, PeerLink>()
  readonly pump: Pump
  readonly routing = new Routing(this)
  readonly watching = new Watching(this)
  readonly fallen = new Fallen()
  readonly interrupts = new EarlyInterrupts()
  journal: JournalClient | undefined
  /** Wakes those for whom the store holds messages. */
  waker: Waker | undefined
  starts: Starts | undefined
  killed: Killed | undefined
  readonly #options: PeerOptions
  /** Present types by old ones: addresses in states and messages may be that old (D9). */
  readonly #renamed: ReadonlyMap<string, string>
  readonly #flight: FlightRecorder
  readonly #publishing = new Publishing(this)
  readonly #signalling = new Signalling(this)
  readonly #deps: ThreadDeps
  #seq = 0

  constructor(options: PeerOptions) {
    this.#options = options
    this.#renamed = renamedTypes(options.actors)
    this.slot = options.slot
    this.clock = options.clock
    this.#flight = options.flight ?? new FlightRecorder()
    this.origin = -options.origin
    this.development = options.development
    this.faults = options.faults
    this.tracing = options.tracing
    this.secrets = options.secrets ?? new Keyring()
    this.effects = options.effects
    this.meter = options.meter
    this.logRank = options.logRank ?? logRanks.debug
    this.placement = options.placement
    this.accounts = new Accounts(options.counters, options.sink)
    this.#deps = new ThreadDeps(options.deps, options.slot)
    this.pump = new Pump(this, options)
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

  /** All that is killed from here on; what runs of it is aborted. */
  kill(all: readonly KilledActor[]): void {
    const killed =
      all.length === 0 ? undefined : new Killed(all.map(({ actor, reason }) => [actor, reason]))
    this.killed = killed
    if (killed === undefined) return
    for (const cell of this.residents) cell.abortKilled(killed)
    this.touched()
  }

  // ── running ───────────────────────────────────────────────────────────────────────────────────

  enqueue(cell: Cell, lane: LaneNumber): void {
    this.pump.enqueue(cell, lane)
  }

  /** Something happened outside a slice: there may be frames to send, or rest to take. */
  touched(cell?: Cell): void {
    if (cell !== undefined) this.rested(cell)
    this.pump.touch()
  }

  get coarse(): number {
    return this.pump.coarse
  }

  get isAwaited(): boolean {
    return this.pump.isAwaited
  }

  /** Sends what was collected for the store and for other threads. */
  flush(): void {
    this.journal?.flush()
    this.sendFrames()
  }

  /** The same before this thread ends: nothing stays for later. */
  flushAll(): void {
    this.journal?.send()
    this.sendFrames()
  }

  sendFrames(): void {
    for (const link of this.links.values()) link.flush()
  }

  /** Takes in what other threads have sent. */
  takeIn(): void {
    for (const link of this.links.values()) link.takeIn()
  }

  /** A host always; the main thread only while an ask of its own is out (S1). */
  get expects(): boolean {
    return this.slot !== mainSlot || this.asks.size > 0
  }

  /** Nothing stands in the run queue, and no part of this thread has anything out. */
  get isStill(): boolean {
    if (!this.pump.isEmpty || this.asks.size > 0 || this.journal?.isIdle === false) return false
    return this.waker?.isIdle !== false && this.watching.isIdle
  }

  is(calm: Calm): boolean {
    return calm === 'quiet' ? isQuiet(this) : isResting(this)
  }

  /** Messages wait here for somebody to do something about their actor. */
  get isAwaiting(): boolean {
    return isAwaiting(this)
  }

  rested(cell: Cell): void {
    this.waker?.rested(cell)
    if (cell.standing === Lane.system && !cell.isHeardOfAgain) {
      this.residents.rest(cell, this.coarse)
    }
  }

  taken(envelope: Envelope, counts: CountRow): void {
    const type = counts.byteOffset / counts.byteLength
    this.#flight.note(envelope, type, this.coarse)
    this.meter?.taken(type, envelope.lane, this.coarse - envelope.since)
    this.#options.busy?.hand(envelope)
  }

  resumed(envelope: Envelope): void {
    this.#options.busy?.hand(envelope)
    this.starts?.resumed(envelope)
    this.pump.schedule()
  }

  // ── messages ──────────────────────────────────────────────────────────────────────────────────

  route(envelope: Envelope): TellOutcome {
    return this.routing.route(envelope)
  }

  accept(envelope: Envelope): Promise<number> {
    return acceptInStore(this, envelope)
  }

  recordEnd(actor: string): Promise<void> {
    return endInStore(this, actor)
  }

  arrivedInStore(actor: string): void {
    // A timer or a subscription of a type that is not in the app any more: it waits (D9).
    if (!this.knows(typeOf(actor))) return
    this.accounts.enter(actor, Count.storeAccepted)
    this.accounts.enter(actor, Count.inStore)
    // What topics and timers bring travels in the normal lane.
    this.signal(actor, { kind: 'wake', lane: Lane.normal })
  }

  publish(envelope: Envelope, position?: number): void {
    if (position === undefined && this.journal !== undefined) publishInStore(this, envelope)
    else this.#publishing.publish(envelope, position ?? 0)
  }

  fanOut(envelope: Envelope, position: number): void {
    this.#publishing.fanOut(envelope, position)
  }

  subscribe(actor: string, pattern: string, name: string): void {
    this.topics.subscribe(actor, pattern, name)
  }

  unsubscribe(actor: string, pattern?: string): void {
    this.topics.unsubscribe(actor, pattern)
  }

  #giveUp(ask: Ask): Whereabouts | undefined | Promise<Whereabouts | undefined> {
    const slot = this.slotOf(ask.to)
    if (slot !== this.slot) return this.links.get(slot)?.giveUp(ask)
    this.touched()
    return this.residents.get(ask.to)?.giveUp(ask.a, ask.b)
  }

  get heard(): number {
    return this.journal?.heard ?? 0
  }

  nextSeq(): number {
    this.#seq += 1
    return this.#seq
  }

  /** The main thread learns its origin after the store is open; nothing was sent before. */
  adoptOrigin(origin: number): void {
    this.origin = -origin
  }

  // ── signals ───────────────────────────────────────────────────────────────────────────────────

  signal(to: string, signal: Signal): void {
    const slot = this.slotOf(to)
    if (slot === this.slot) return this.signalled(to, signal)
    this.routing.linkTo(slot)?.signal(to, signal)
    this.touched()
  }

  /** A signal for an actor that lives here. */
  signalled(to: string, signal: Signal): void {
    this.#signalling.signalled(to, signal)
  }

  /** Another slot has a new incarnation: bonds to its actors are tied again, or over (F6). */
  slotReplaced(slot: number): void {
    for (const cell of this.residents) this.#signalling.rebind(cell, slot)
  }

  /** Has an actor that lives here look into the store. */
  wake(id: string): Cell | undefined {
    this.signalled(id, { kind: 'wake' })
    return this.residents.get(id)
  }

  // ── who is here ───────────────────────────────────────────────────────────────────────────────

  activate(id: string): Cell | undefined {
    const type = typeOf(id)
    const definition = this.definition(type)
    if (definition === undefined) return undefined
    const key = id.slice(type.length + 1)
    const cell = definition.behavior.durable
      ? new DurableCell(definition, type, key, this)
      : new VolatileCell(definition, type, key, this)
    this.residents.add(cell)
    return cell
  }

  /** A volatile actor that left memory would be gone to those who watch it. */
  #holdsOn(cell: Cell): boolean {
    return !cell.definition.behavior.durable && this.watching.has(cell.id)
  }

  #passivate(cell: Cell): void {
    cell.phase = 'gone'
    this.waker?.left(cell)
    this.emit({ event: 'actor-passivated', actor: cell.id })
  }

  forget(cell: Cell): void {
    this.residents.remove(cell)
    this.waker?.left(cell)
    if (cell.downUntil > 0) this.fallen.add(cell.id, cell.downUntil, cell.endError)
    this.topics.unsubscribe(cell.id)
    this.watching.ended(cell)
    if (cell.leftInStore) this.signal(cell.id, { kind: 'wake' })
  }

  refusalOf(id: string): TroupeError | undefined {
    return this.fallen.refusal(id, this.clock.mono())
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

  // ── what is known of types and addresses ──────────────────────────────────────────────────────

  definition(type: string): ActorDefinition | undefined {
    return this.#options.actors.get(this.#renamed.get(type) ?? type)
  }

  knows(type: string): boolean {
    return this.definition(type) !== undefined
  }

  isDurable(id: string): boolean {
    return this.definition(typeOf(id))?.behavior.durable === true
  }

  slotOf(id: string): number {
    return this.placement.slotOf(id)
  }

  /** True for an actor of the app whose place is this thread. */
  livesHere(id: string): boolean {
    return this.knows(typeOf(id)) && this.slotOf(id) === this.slot
  }

  tally(type: string): Tally {
    return this.accounts.tally(type)
  }

  jitter(): number {
    return this.#options.jitter()
  }

  deps(): unknown {
    return this.#deps.value
  }

  // ── what is told ──────────────────────────────────────────────────────────────────────────────

  deadLetter(
    envelope: Envelope,
    reason: DeadLetterReason,
    error?: unknown,
    position?: number,
  ): void {
    this.accounts.deadLetter(envelope, reason, error, position)
  }

  /** The last messages that were taken into hand here, oldest first. */
  flight(last?: number): FlightEntry[] {
    return this.#flight.entries([...this.#options.actors.keys()], last)
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
    turn?: LogTurn,
  ): void {
    if (logRanks[level] < this.logRank) return
    this.#options.sink.log(level, actor, message, fields, turn)
  }

  /** Releases what `deps` built. */
  dispose(release: ((deps: unknown) => unknown) | undefined): Promise<void> {
    return this.#deps.dispose(release)
  }
}
