/**
 * The index of the history, in memory and without payloads: who has what pending, where each
 * actor's records end, which timers wait, which steps are open. Folded from directory entries alone,
 * the same way at commit, at boot and by the archivist.
 *
 * Owns what a record *means* for those. Does not own: texts, bodies, own ids, storage.
 *
 * Invariants
 * 1. Folding is deterministic: the same entries give the same ledger, wherever it runs (R4).
 * 2. Actor rows may be ahead of the ledger (they are stored at checkpoints, the newest of which may
 *    be unreadable): a record at or before its actor's head changes no row, but always the rest.
 * 3. `apply` is only called with records that `ledger-check.ts` passed; it never fails half-way.
 */
import { type ActorRow, ActorTable } from './actor-table.ts'
import { At, entrySize, getU48, MessageAt, nextRecord, TimerAt, viewOf } from './directory.ts'
import {
  carriesAsk,
  consumes,
  deaf,
  type Folding,
  folding,
  type Heard,
  hasInline,
  inlineMarks,
  needsPending,
} from './folding.ts'
import { OpenSteps } from './open-steps.ts'
import { Mark, PendingSet } from './pending.ts'
import { fannedOut, PartFlag, PartKind, RecordFlag, RecordKind } from './record.ts'
import { Sources } from './sources.ts'
import { Stashes } from './stashes.ts'
import { Subscriptions } from './subscriptions.ts'
import { TimerHeap } from './timer-heap.ts'
import { cancelTimer, fireTimer, setTimer } from './timer-parts.ts'
import { endTopic } from './topic.ts'

/** What the ledger reads from the store that holds it. */
export interface LedgerPort {
  /** The stored row of an actor, undefined if it was never stored. */
  row(no: number): ActorRow | undefined
  /** The text behind a name number: a topic or a pattern. */
  name(no: number): string
  /** The text behind an actor number. */
  address(no: number): string
}

/** Smallest number of record bytes that makes a snapshot due (D3). */
export const snapshotFloor = 64 * 1024

/** What a record counts for besides its body, in bytes: folding must find it in its segment. */
const linkCost = 256

export class Ledger {
  readonly actors: ActorTable
  readonly pending = new PendingSet()
  readonly stashes = new Stashes(this.pending)
  readonly sources = new Sources(this.pending)
  readonly timers = new TimerHeap()
  readonly steps = new OpenSteps()
  readonly subscriptions = new Subscriptions()
  /** Actors whose snapshot is due, by number. */
  readonly due = new Set<number>()
  readonly #port: LedgerPort
  #position = 0

  constructor(port: LedgerPort) {
    this.#port = port
    this.actors = new ActorTable((no) => port.row(no))
  }

  /** Position of the last record folded in. */
  get position(): number {
    return this.#position
  }

  /** Starts at a checkpoint's position, or behind what cannot be read. */
  startAt(position: number): void {
    this.#position = position
  }

  /** Folds a stored segment's live records; those at or before `position` were folded already. */
  fold(directory: Uint8Array, base: number): void {
    const view = viewOf(directory)
    let position = base
    for (let at = 0; at < directory.length; at = nextRecord(view, at)) {
      if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
      if (position > this.#position) this.apply(view, at, position, deaf)
      position += 1
    }
  }

  /** Folds one checked record. */
  apply(view: DataView, at: number, position: number, heard: Heard): void {
    this.#position = position
    if (saysLittle(view, at)) {
      this.#noteEvent(view.getUint32(at + At.actor, true), position)
      return
    }
    const record = folding(view, at, position, heard)
    if (record.no !== 0) this.#applyToActor(record, this.actors.open(record.no))
    const end = nextRecord(view, at)
    for (let part = at + entrySize; part < end; part += entrySize) {
      if (view.getUint16(part + At.flags, true) & PartFlag.dead) continue
      this.#part(record, part)
    }
  }

  /** Of a volatile actor: it has a record more, and that is all. */
  #noteEvent(no: number, position: number): void {
    const row = this.actors.open(no)
    if (position > this.actors.head(row)) {
      this.actors.advance(row, position, this.actors.turn(row), 0)
    }
  }

  /** A snapshot of `size` bytes was kept, which holds `bytes` of the actor's records. */
  snapshot(no: number, size: number, bytes: number): void {
    const row = this.actors.open(no)
    this.actors.snapshot(row, size, bytes)
    this.#judge(row)
  }

  /** Actors whose stored row is behind. */
  *dirtyRows(): Generator<ActorRow> {
    for (const row of this.actors.rows()) {
      if (this.actors.dirty(row)) yield this.actors.get(row)
    }
  }

  /** The stored row of an actor says `head`: if that is all there is, it may leave memory. */
  stored(no: number, head: number): void {
    const row = this.actors.find(no)
    if (row === 0 || this.actors.head(row) !== head) return
    this.actors.clean(row)
    if (this.#isIdle(row)) this.actors.evict(row)
  }

  #isIdle(row: number): boolean {
    const no = this.actors.no(row)
    return (
      this.pending.count(row) === 0 &&
      !this.due.has(no) &&
      this.timers.count(no) === 0 &&
      !this.subscriptions.has(no) &&
      this.steps.of(no).length === 0
    )
  }

  #applyToActor(record: Folding, row: number): void {
    this.#advance(record, row)
    if (record.flags & RecordFlag.unstash) this.stashes.release(row)
    if (record.messageAt !== 0 && needsPending(record.kind)) {
      if (consumes(record)) this.#consume(record, row)
      else this.#keep(record, row)
    }
    if (record.kind === RecordKind.destroyed) this.#forget(record.no)
  }

  #advance({ view, at, position, kind, flags }: Folding, row: number): void {
    const { actors } = this
    if (position <= actors.head(row)) return
    const turn = kind === RecordKind.turn ? getU48(view, at + At.turn) : actors.turn(row)
    const length = view.getUint32(at + At.length, true)
    const isWhole = (flags & RecordFlag.whole) !== 0
    if (isWhole || kind === RecordKind.destroyed) actors.restart(row, isWhole ? length : 0)
    // A recorded event of a volatile actor changes no state: no snapshot falls due for it.
    const cost = kind === RecordKind.event ? 0 : linkCost + (isWhole ? 0 : length)
    actors.advance(row, position, turn, cost)
    this.#judge(row)
  }

  #judge(row: number): void {
    const limit = Math.max(snapshotFloor, this.actors.snapshotSize(row))
    if (this.actors.bytes(row) > limit) this.due.add(this.actors.no(row))
    else this.due.delete(this.actors.no(row))
  }

  #consume(record: Folding, row: number): void {
    const { no, messageAt, messageIndex, position, heard } = record
    const entry = this.pending.find(row, messageAt, messageIndex)
    const marks = entry === 0 ? inlineMarks(record) : this.pending.marks(entry)
    if (marks & Mark.ownId) heard.settled(no, messageAt, messageIndex, position)
    if (marks & Mark.stepAsk) this.steps.answered(messageAt, position)
    if (entry === 0) return
    this.timers.taken(no, messageAt)
    this.stashes.remove(entry)
    this.steps.drop(no, messageAt, messageIndex)
    this.pending.remove(entry)
  }

  /** The message stays: accepted now if it was only in memory, stashed, or with a step more. */
  #keep(record: Folding, row: number): void {
    const { kind, position, messageAt, messageIndex } = record
    const entry = this.pending.find(row, messageAt, messageIndex) || this.#inline(record, row)
    if (kind === RecordKind.turn) {
      this.stashes.add(entry)
      this.timers.taken(record.no, messageAt)
    }
    if (kind !== RecordKind.stepBegun && kind !== RecordKind.stepDone) return
    const message = { position: messageAt, index: messageIndex }
    const step = { message, position, done: kind === RecordKind.stepDone, answer: 0 }
    this.steps.add(record.no, step, carriesAsk(record))
  }

  #inline(record: Folding, row: number): number {
    const { view, at, position, messageAt, messageIndex } = record
    const lane = view.getUint8(at + At.lane)
    const entry = this.pending.add(row, messageAt, messageIndex, lane, inlineMarks(record))
    this.pending.setHome(entry, position)
    this.sources.note(entry)
    return entry
  }

  #part(record: Folding, part: number): void {
    const { view } = record
    const kind = view.getUint8(part) as PartKind
    switch (kind) {
      case PartKind.message:
        this.#accept(record, part)
        return
      case PartKind.timerSet:
        this.actors.open(view.getUint32(part + TimerAt.actor, true))
        setTimer(this.timers, record, part)
        return
      case PartKind.timerCancelled:
        cancelTimer(this.timers, view, part)
        return
      case PartKind.timerFired:
        fireTimer(this.timers, record, part)
        return
      case PartKind.subscribed:
      case PartKind.unsubscribed:
        this.#subscribe(view, part, kind === PartKind.subscribed)
        return
      case PartKind.ownId:
      case PartKind.reply:
        return
      default:
        kind satisfies never
    }
  }

  #accept(record: Folding, part: number): void {
    const { view, position } = record
    const flags = view.getUint16(part + At.flags, true)
    if (flags & PartFlag.inline || !(flags & (fannedOut | PartFlag.durable))) return
    const to = view.getUint32(part + MessageAt.to, true)
    if (flags & PartFlag.topic) return this.#publish(record, part, this.#port.name(to))
    if (flags & PartFlag.end) return this.#publish(record, part, endTopic(this.#port.address(to)))
    const isStep = record.kind === RecordKind.stepBegun && flags & PartFlag.ask
    const marks = (isStep ? Mark.stepAsk : 0) | (flags & PartFlag.ownId ? Mark.ownId : 0)
    const row = this.actors.open(to)
    const index = view.getUint32(part + MessageAt.index, true)
    const lane = view.getUint8(part + At.lane)
    this.sources.note(this.pending.add(row, position, index, lane, marks))
  }

  #publish({ view, position, heard }: Folding, part: number, topic: string): void {
    const index = view.getUint32(part + MessageAt.index, true)
    const subscribers = this.subscriptions.match(topic)
    for (const { actor, lane, name } of subscribers) {
      const entry = this.pending.add(this.actors.open(actor), position, index, lane, 0)
      this.sources.note(entry)
      this.pending.setName(entry, name)
    }
    const actors = subscribers.map(({ actor }) => actor)
    heard.published(position, index, actors)
  }

  #subscribe(view: DataView, part: number, on: boolean): void {
    const actor = view.getUint32(part + TimerAt.actor, true)
    const pattern = view.getUint32(part + TimerAt.id, true)
    const text = this.#port.name(pattern)
    if (!on) {
      this.subscriptions.remove(actor, pattern, text)
      return
    }
    const name = view.getUint32(part + TimerAt.name, true)
    this.actors.open(actor)
    this.subscriptions.add({ actor, pattern, name, lane: view.getUint8(part + At.lane) }, text)
  }

  /** A destroyed actor keeps its pending messages, but no timers and no subscriptions. */
  #forget(no: number): void {
    for (const timer of [...this.timers.of(no)]) this.timers.cancel(no, timer.id)
    for (const { pattern } of [...this.subscriptions.of(no)]) {
      this.subscriptions.remove(no, pattern, this.#port.name(pattern))
    }
  }
}

/**
 * True of a recorded event without state that comes with nothing, or with its message alone: what most
 * events are.
 */
function saysLittle(view: DataView, at: number): boolean {
  if (view.getUint8(at) !== RecordKind.event) return false
  if (view.getUint16(at + At.flags, true) & (RecordFlag.whole | RecordFlag.unstash)) return false
  const parts = view.getUint32(at + At.parts, true)
  return parts === 0 || (parts === 1 && hasInline(view, at))
}
