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
 * 3. `apply` is only called with records that `check` passed; it never fails half-way.
 */
import { type ActorRow, ActorTable } from './actor-table.ts'
import { At, entrySize, getU48, MessageAt, nextRecord, TimerAt, viewOf } from './directory.ts'
import { OpenSteps } from './open-steps.ts'
import { Mark, PendingSet } from './pending.ts'
import { PartFlag, PartKind, RecordFlag, RecordKind } from './record.ts'
import type { RefusalReason } from './store.ts'
import { Subscriptions } from './subscriptions.ts'
import { TimerHeap } from './timer-heap.ts'

/** What the ledger reads from the store that holds it. */
export interface LedgerPort {
  /** The stored row of an actor, undefined if it was never stored. */
  row(no: number): ActorRow | undefined
  /** The text behind a name number: a topic or a pattern. */
  name(no: number): string
}

/** Told of what a commit has to say in its ack. */
export interface Heard {
  /** A message with an own id was consumed. */
  settled(actor: number, position: number, index: number, by: number): void
  /** A published message is now pending for these actors. */
  published(position: number, index: number, actors: readonly number[]): void
}

/** Smallest number of record bytes that makes a snapshot due (D3). */
export const snapshotFloor = 64 * 1024

export class Ledger {
  readonly actors: ActorTable
  readonly pending = new PendingSet()
  readonly timers = new TimerHeap()
  readonly steps = new OpenSteps()
  readonly subscriptions = new Subscriptions()
  /** Actors whose snapshot is due, by number. */
  readonly due = new Set<number>()
  /** Stashed entries by actor number, in stash order. */
  readonly stashes = new Map<number, number[]>()
  readonly #port: LedgerPort
  readonly #sources = new Map<string, number>()
  #source = 0
  #position = 0

  constructor(port: LedgerPort) {
    this.#port = port
    this.actors = new ActorTable((no) => port.row(no))
  }

  /** Position of the last record folded in. */
  get position(): number {
    return this.#position
  }

  /** Starts at a checkpoint's position. */
  startAt(position: number): void {
    this.#position = position
  }

  /** Messages accepted from now on were committed by this generation of a slot. */
  from(slot: number, epoch: number): void {
    const key = `${slot}:${epoch}`
    let source = this.#sources.get(key)
    if (source === undefined) {
      source = this.#sources.size + 1
      this.#sources.set(key, source)
    }
    this.#source = source
  }

  /** Pending entries committed by a generation of a slot, in the order they were accepted. */
  committedBy(slot: number, epoch: number): number[] {
    const source = this.#sources.get(`${slot}:${epoch}`)
    if (source === undefined) return []
    const found: number[] = []
    for (const entry of this.pending.entries()) {
      if (this.pending.source(entry) === source) found.push(entry)
    }
    return found.sort((a, b) => this.#order(a, b))
  }

  /** Folds a stored segment's live records; those at or before `position` were folded already. */
  fold(directory: Uint8Array, base: number, heard: Heard = deaf): void {
    const view = viewOf(directory)
    let position = base
    for (let at = 0; at < directory.length; at = nextRecord(view, at)) {
      if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
      if (position > this.#position) this.apply(view, at, position, heard)
      position += 1
    }
  }

  /** Whether a record whose numbers are the store's may be committed now. */
  check(view: DataView, at: number): RefusalReason | undefined {
    const kind = view.getUint8(at) as RecordKind
    const no = view.getUint32(at + At.actor, true)
    if (kind === RecordKind.turn && !this.#turnFollows(view, at, no)) return 'turn-mismatch'
    if (needsPending.has(kind) && !this.#hasMessage(view, at, no)) return 'not-pending'
    return this.#timersAreDue(view, at) ? undefined : 'timer-not-due'
  }

  /** Folds one checked record. */
  apply(view: DataView, at: number, position: number, heard: Heard): void {
    this.#position = position
    const kind = view.getUint8(at) as RecordKind
    const no = view.getUint32(at + At.actor, true)
    const row = no === 0 ? 0 : this.actors.open(no)
    if (row !== 0) {
      this.#advance(view, at, position, kind, row)
      this.#message(view, at, position, kind, row, heard)
      if (kind === RecordKind.destroyed) this.#forget(no)
    }
    const end = nextRecord(view, at)
    for (let part = at + entrySize; part < end; part += entrySize) {
      if (view.getUint16(part + At.flags, true) & PartFlag.dead) continue
      this.#part(view, at, part, position, heard)
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
    if (this.#idle(row)) this.actors.evict(row)
  }

  #idle(row: number): boolean {
    const no = this.actors.no(row)
    return (
      this.pending.count(row) === 0 &&
      !this.due.has(no) &&
      this.timers.count(no) === 0 &&
      !this.subscriptions.has(no) &&
      this.steps.of(no).length === 0
    )
  }

  stash(entry: number): void {
    if (this.pending.marks(entry) & Mark.stashed) this.#unstashOne(entry)
    this.pending.mark(entry, Mark.stashed, true)
    const no = this.actors.no(this.pending.row(entry))
    const own = this.stashes.get(no)
    if (own === undefined) this.stashes.set(no, [entry])
    else own.push(entry)
  }

  #turnFollows(view: DataView, at: number, no: number): boolean {
    const turn = getU48(view, at + At.turn)
    return turn === this.actors.turn(this.actors.open(no)) + 1
  }

  /** True when the record's message is pending, comes with it, or is none. */
  #hasMessage(view: DataView, at: number, no: number): boolean {
    const position = view.getFloat64(at + At.position, true)
    if (position === 0 || (position < 0 && hasInline(view, at))) return true
    const index = view.getUint32(at + At.index, true)
    return this.pending.find(this.actors.open(no), position, index) !== 0
  }

  #timersAreDue(view: DataView, at: number): boolean {
    const end = nextRecord(view, at)
    for (let part = at + entrySize; part < end; part += entrySize) {
      if (view.getUint8(part) !== PartKind.timerFired) continue
      const timer = this.#timer(view, part)
      if (timer?.due !== view.getFloat64(part + TimerAt.due, true)) return false
    }
    return true
  }

  #advance(view: DataView, at: number, position: number, kind: RecordKind, row: number): void {
    const actors = this.actors
    if (position <= actors.head(row)) return
    const turn = kind === RecordKind.turn ? getU48(view, at + At.turn) : actors.turn(row)
    const whole = view.getUint16(at + At.flags, true) & RecordFlag.whole
    if (whole || kind === RecordKind.destroyed) actors.restart(row)
    actors.advance(row, position, turn, entrySize + view.getUint32(at + At.length, true))
    this.#judge(row)
  }

  #judge(row: number): void {
    const limit = Math.max(snapshotFloor, this.actors.snapshotSize(row))
    if (this.actors.bytes(row) > limit) this.due.add(this.actors.no(row))
    else this.due.delete(this.actors.no(row))
  }

  /** What the record does to the message it names. */
  #message(
    view: DataView,
    at: number,
    position: number,
    kind: RecordKind,
    row: number,
    heard: Heard,
  ): void {
    const flags = view.getUint16(at + At.flags, true)
    if (flags & RecordFlag.unstash) this.#unstash(this.actors.no(row))
    const at0 = view.getFloat64(at + At.position, true)
    if (at0 === 0 || !needsPending.has(kind)) return
    const index = view.getUint32(at + At.index, true)
    const consumes = consuming.has(kind) && !(flags & RecordFlag.stash)
    if (consumes) this.#consume(view, at, row, at0, index, position, heard)
    else this.#keep(view, at, row, at0, index, position, kind)
  }

  #consume(
    view: DataView,
    at: number,
    row: number,
    messageAt: number,
    index: number,
    position: number,
    heard: Heard,
  ): void {
    const no = this.actors.no(row)
    const entry = this.pending.find(row, messageAt, index)
    const marks = entry === 0 ? inlineMarks(view, at) : this.pending.marks(entry)
    if (marks & Mark.ownId) heard.settled(no, messageAt, index, position)
    if (marks & Mark.stepAsk) this.steps.answered(messageAt, position)
    if (entry === 0) return
    if (marks & Mark.stashed) this.#unstashOne(entry)
    this.steps.drop(no, messageAt, index)
    this.pending.remove(entry)
  }

  /** The message stays: accepted now if it was only in memory, stashed, or with a step more. */
  #keep(
    view: DataView,
    at: number,
    row: number,
    messageAt: number,
    index: number,
    position: number,
    kind: RecordKind,
  ): void {
    let entry = this.pending.find(row, messageAt, index)
    if (entry === 0) {
      const lane = view.getUint8(at + At.lane)
      entry = this.pending.add(row, messageAt, index, lane, inlineMarks(view, at))
      this.pending.setHome(entry, position)
      this.pending.setSource(entry, this.#source)
    }
    if (kind === RecordKind.turn) this.stash(entry)
    if (kind === RecordKind.stepBegun || kind === RecordKind.stepDone) {
      const message = { position: messageAt, index }
      const done = kind === RecordKind.stepDone
      this.steps.add(
        this.actors.no(row),
        { message, position, done, answer: 0 },
        !done && asks(view, at),
      )
    }
  }

  #part(view: DataView, at: number, part: number, position: number, heard: Heard): void {
    switch (view.getUint8(part) as PartKind) {
      case PartKind.message:
        this.#accept(view, at, part, position, heard)
        return
      case PartKind.timerSet:
        this.#setTimer(view, at, part, position)
        return
      case PartKind.timerCancelled:
        this.timers.cancel(
          view.getUint32(part + TimerAt.actor, true),
          view.getUint32(part + TimerAt.id, true),
        )
        return
      case PartKind.timerFired:
        this.#fire(view, part)
        return
      case PartKind.subscribed:
      case PartKind.unsubscribed:
        this.#subscribe(view, part)
        return
      case PartKind.ownId:
      case PartKind.reply:
        return
    }
  }

  #accept(view: DataView, at: number, part: number, position: number, heard: Heard): void {
    const flags = view.getUint16(part + At.flags, true)
    if (flags & PartFlag.inline || !(flags & (PartFlag.topic | PartFlag.durable))) return
    const index = view.getUint32(part + MessageAt.index, true)
    if (flags & PartFlag.topic) {
      this.#publish(view.getUint32(part + MessageAt.to, true), position, index, heard)
      return
    }
    const row = this.actors.open(view.getUint32(part + MessageAt.to, true))
    const isStep = view.getUint8(at) === RecordKind.stepBegun && flags & PartFlag.ask
    const marks = (isStep ? Mark.stepAsk : 0) | (flags & PartFlag.ownId ? Mark.ownId : 0)
    const entry = this.pending.add(row, position, index, view.getUint8(part + At.lane), marks)
    this.pending.setSource(entry, this.#source)
  }

  #publish(topic: number, position: number, index: number, heard: Heard): void {
    const subscribers = this.subscriptions.match(this.#port.name(topic))
    for (const { actor, lane, name } of subscribers) {
      const entry = this.pending.add(this.actors.open(actor), position, index, lane, 0)
      this.pending.setSource(entry, this.#source)
      this.pending.setName(entry, name)
    }
    heard.published(
      position,
      index,
      subscribers.map(({ actor }) => actor),
    )
  }

  #setTimer(view: DataView, at: number, part: number, position: number): void {
    const actor = view.getUint32(part + TimerAt.actor, true)
    this.actors.open(actor)
    this.timers.set({
      actor,
      id: view.getUint32(part + TimerAt.id, true),
      name: view.getUint32(part + TimerAt.name, true),
      lane: view.getUint8(part + At.lane),
      due: view.getFloat64(part + TimerAt.due, true),
      every: view.getFloat64(part + TimerAt.every, true),
      at: { position, index: (part - at) / entrySize - 1 },
      slot: 0,
    })
  }

  #timer(view: DataView, part: number) {
    return this.timers.get(
      view.getUint32(part + TimerAt.actor, true),
      view.getUint32(part + TimerAt.id, true),
    )
  }

  #fire(view: DataView, part: number): void {
    const timer = this.#timer(view, part)
    if (timer === undefined) return
    const next = view.getFloat64(part + TimerAt.next, true)
    if (next === 0) this.timers.cancel(timer.actor, timer.id)
    else this.timers.move(timer, next)
  }

  #subscribe(view: DataView, part: number): void {
    const actor = view.getUint32(part + TimerAt.actor, true)
    const pattern = view.getUint32(part + TimerAt.id, true)
    const text = this.#port.name(pattern)
    if (view.getUint8(part) === PartKind.unsubscribed) {
      this.subscriptions.remove(actor, pattern, text)
      return
    }
    const name = view.getUint32(part + TimerAt.name, true)
    const lane = view.getUint8(part + At.lane)
    this.actors.open(actor)
    this.subscriptions.add({ actor, pattern, name, lane }, text)
  }

  /** A destroyed actor keeps its pending messages, but no timers and no subscriptions. */
  #forget(no: number): void {
    for (const timer of [...this.timers.of(no)]) this.timers.cancel(no, timer.id)
    for (const { pattern } of [...this.subscriptions.of(no)]) {
      this.subscriptions.remove(no, pattern, this.#port.name(pattern))
    }
  }

  #unstash(no: number): void {
    for (const entry of this.stashes.get(no) ?? []) this.pending.mark(entry, Mark.stashed, false)
    this.stashes.delete(no)
  }

  #unstashOne(entry: number): void {
    const no = this.actors.no(this.pending.row(entry))
    const kept = (this.stashes.get(no) ?? []).filter((other) => other !== entry)
    if (kept.length === 0) this.stashes.delete(no)
    else this.stashes.set(no, kept)
  }

  #order(a: number, b: number): number {
    const pending = this.pending
    return pending.home(a) - pending.home(b) || pending.index(a) - pending.index(b)
  }
}

const consuming: ReadonlySet<RecordKind> = new Set([
  RecordKind.turn,
  RecordKind.parked,
  RecordKind.destroyed,
])

/** Kinds whose message must be pending for their actor, or come inline with them. */
const needsPending: ReadonlySet<RecordKind> = new Set([
  ...consuming,
  RecordKind.stepBegun,
  RecordKind.stepDone,
  RecordKind.interrupt,
])

const deaf: Heard = Object.freeze({ settled() {}, published() {} })

/** An inline message is always its record's first part. */
function hasInline(view: DataView, at: number): boolean {
  return (
    view.getUint32(at + At.parts, true) > 0 &&
    view.getUint8(at + entrySize) === PartKind.message &&
    (view.getUint16(at + entrySize + At.flags, true) & PartFlag.inline) !== 0
  )
}

function inlineMarks(view: DataView, at: number): number {
  if (!hasInline(view, at)) return 0
  return view.getUint16(at + entrySize + At.flags, true) & PartFlag.ownId ? Mark.ownId : 0
}

/** True when a step record carries an ask to a durable actor. */
function asks(view: DataView, at: number): boolean {
  const wanted = PartFlag.durable | PartFlag.ask
  const end = nextRecord(view, at)
  for (let part = at + entrySize; part < end; part += entrySize) {
    if (view.getUint8(part) !== PartKind.message) continue
    if ((view.getUint16(part + At.flags, true) & wanted) === wanted) return true
  }
  return false
}
