/**
 * What one generation of a slot committed after the last answer it took in (F4, M4): counted from
 * the directories when its thread is dead, so that the accounts of what it never heard of are exact.
 *
 * Its last frames lie near the end of the history, so they are looked for backwards.
 */
import { At, entrySize, MessageAt, nextRecord, viewOf } from '../../persistence/directory.ts'
import { fannedOut, PartFlag, PartKind, RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { Store } from '../../persistence/store.ts'
import type { StoredDirectory } from '../../persistence/stored.ts'

/** What records did with the messages of one actor type. */
export interface TallyRow {
  /** Sent to volatile actors, or to reads: only a living thread could have handed them on. */
  sent: number
  /** Accepted for durable actors. */
  accepted: number
  /** Until then only in memory, and in the store from then on. */
  handed: number
  processed: number
  /** Parked. */
  dead: number
}

/** By actor type. */
export type Tally = Readonly<Record<string, TallyRow>>

/** The last frame of a client, and the position of its last record. */
export interface FrameEnd {
  readonly seq: number
  readonly position: number
}

export interface Generation {
  readonly slot: number
  readonly epoch: number
}

/** Positions looked at in the first step backwards; each next one is four times as wide. */
const firstStep = 1_024
/** Farthest back that a frame can lie which its sender has not heard of: more than its credit. */
const farthest = 262_144

/**
 * @param since the last frame that was answered
 * @param last the last one that was committed
 */
export function tallyOf(store: Store, who: Generation, since: FrameEnd, last: FrameEnd): Tally {
  const counting = new Counting(store)
  if (last.seq <= since.seq) return counting.rows
  const frames = framesOf(store, who, since, last)
  for (const frame of frames) counting.frame(frame)
  counting.fanOuts(who)
  return counting.rows
}

/** Frames of one generation after `since`, in order. */
export function framesOf(
  store: Store,
  { slot, epoch }: Generation,
  since: FrameEnd,
  last: FrameEnd,
): readonly StoredDirectory[] {
  const found = new Map<number, StoredDirectory>()
  let to = last.position
  const end = Math.max(since.position, last.position - farthest)
  for (let step = firstStep; to > end && !found.has(since.seq + 1); step *= 4) {
    const from = Math.max(end + 1, to - step + 1)
    for (const segment of store.directories(from, to)) {
      if ('detail' in segment || segment.slot !== slot || segment.epoch !== epoch) continue
      if (segment.seq > since.seq) found.set(segment.seq, segment)
    }
    to = from - 1
  }
  return [...found.values()].sort((a, b) => a.seq - b.seq)
}

class Counting {
  readonly rows: Record<string, TallyRow> = {}
  readonly #store: Store
  /** Messages that were in memory only; some are written by more than one record. */
  readonly #handed = new Set<string>()
  /** Published messages, `position:index`. */
  readonly #published = new Set<string>()
  #firstPublished = Number.POSITIVE_INFINITY

  constructor(store: Store) {
    this.#store = store
  }

  frame({ position, directory }: StoredDirectory): void {
    const view = viewOf(directory)
    let live = position
    for (let at = 0; at < directory.length; at = nextRecord(view, at)) {
      if (isDead(view, at)) continue
      this.#record(view, at, live)
      live += 1
    }
  }

  /** Each subscriber that has, or had, a published message is one acceptance. */
  fanOuts({ slot, epoch }: Generation): void {
    if (this.#published.size === 0) return
    for (const message of this.#store.unreleased(slot, epoch)) {
      if ('detail' in message || (message.flags & fannedOut) === 0) continue
      const { position, index } = message.ref
      if (this.#published.has(`${position}:${index}`)) this.#row(message.to).accepted += 1
    }
    const { position } = this.#store
    for (const segment of this.#store.directories(this.#firstPublished, position)) {
      if (!('detail' in segment)) this.#consumedIn(segment)
    }
  }

  #consumedIn({ directory }: StoredDirectory): void {
    const view = viewOf(directory)
    for (let at = 0; at < directory.length; at = nextRecord(view, at)) {
      if (isDead(view, at) || !consumes(view, at)) continue
      if (this.#published.has(messageOf(view, at))) this.#actor(view, at).accepted += 1
    }
  }

  #record(view: DataView, at: number, position: number): void {
    const kind = view.getUint8(at)
    if (consumes(view, at)) {
      if (kind === RecordKind.parked) this.#actor(view, at).dead += 1
      else this.#actor(view, at).processed += 1
    }
    const end = nextRecord(view, at)
    for (let part = at + entrySize; part < end; part += entrySize) {
      if (view.getUint8(part) === PartKind.message && !isDead(view, part)) {
        this.#message(view, at, part, position)
      }
    }
  }

  #message(view: DataView, at: number, part: number, position: number): void {
    const flags = view.getUint16(part + At.flags, true)
    if (flags & PartFlag.inline) return this.#hand(view, at)
    if (flags & fannedOut) {
      this.#published.add(`${position}:${view.getUint32(part + MessageAt.index, true)}`)
      this.#firstPublished = Math.min(this.#firstPublished, position)
      return
    }
    const row = this.#row(this.#store.address(view.getUint32(part + MessageAt.to, true)))
    if (flags & PartFlag.durable) row.accepted += 1
    else row.sent += 1
  }

  #hand(view: DataView, at: number): void {
    const key = `${view.getUint32(at + At.actor, true)} ${messageOf(view, at)}`
    if (this.#handed.has(key)) return
    this.#handed.add(key)
    this.#actor(view, at).handed += 1
  }

  #actor(view: DataView, at: number): TallyRow {
    return this.#row(this.#store.address(view.getUint32(at + At.actor, true)))
  }

  #row(address: string): TallyRow {
    const type = address.slice(0, address.indexOf('/'))
    this.rows[type] ??= { sent: 0, accepted: 0, handed: 0, processed: 0, dead: 0 }
    return this.rows[type]
  }
}

function isDead(view: DataView, at: number): boolean {
  return (view.getUint16(at + At.flags, true) & RecordFlag.dead) !== 0
}

/** True when the record ends its message: a turn that stashes it does not. */
function consumes(view: DataView, at: number): boolean {
  const kind = view.getUint8(at)
  if (kind !== RecordKind.turn && kind !== RecordKind.parked) return false
  if (view.getUint16(at + At.flags, true) & RecordFlag.stash) return false
  return view.getFloat64(at + At.position, true) !== 0
}

function messageOf(view: DataView, at: number): string {
  return `${view.getFloat64(at + At.position, true)}:${view.getUint32(at + At.index, true)}`
}
