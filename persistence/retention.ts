/**
 * Which segments of the history may go (D7). Owns the question, deletes nothing.
 *
 * A segment may go when the policy gives it up and nothing needs a record of it. Needed are
 * - everything behind the oldest of three kept checkpoints, so that recovery can fall back to it;
 * - what each actor is folded from, back to the third snapshot that is kept of it, or to its first
 *   record while there are fewer; its newest record and its newest turn;
 * - pending messages, open steps and their answers, timers;
 * - own ids that still de-duplicate, with their answers;
 * - dead letters, with the messages they hold and the steps of those.
 */
import { isDamage } from './decode.ts'
import { At, getU48, nextRecord, viewOf } from './directory.ts'
import { type HistoryReader, snapshotsKept } from './history-reader.ts'
import type { Ledger } from './ledger.ts'
import type { ReadMedium } from './medium.ts'
import { ownIdTtl } from './own-ids.ts'
import type { Place } from './places.ts'
import { RecordFlag, RecordKind } from './record.ts'
import type { StoredDirectory } from './stored.ts'

/** What of the history is kept beyond what is needed. Both given: what either of them keeps. */
export interface RetentionPolicy {
  /** Records committed in the last so many ms. */
  readonly keepFor?: number | undefined
  /** So many of the newest records. */
  readonly keepRecords?: number | undefined
}

export interface RetentionPlan {
  /** Records before it may be missing from now on. */
  readonly floor: number
  /** First positions of the segments to drop, in order. */
  readonly segments: readonly number[]
}

const nothing: RetentionPlan = Object.freeze({ floor: 1, segments: [] })
const deadLetters: ReadonlySet<number> = new Set([
  RecordKind.parked,
  RecordKind.deadLetter,
  RecordKind.replayed,
])

/**
 * @param ledger of the position it stands at; what is committed later needs nothing older that this
 *   does not need
 * @param now wall time in ms
 * @returns a plan that drops nothing where something cannot be read
 */
export function planRetention(
  ledger: Ledger,
  medium: ReadMedium,
  reader: HistoryReader,
  policy: RetentionPolicy,
  now: number,
): RetentionPlan {
  const floor = floorOf(ledger, medium, policy, now)
  if (floor <= 1) return nothing
  const needed = new Needed(floor)
  const old: StoredDirectory[] = []
  // All of it: a dead letter above the floor may hold a message from below.
  for (const segment of medium.directories(1, ledger.position)) {
    if (isDamage(segment)) return nothing
    if (segment.position + segment.count <= floor) old.push(segment)
    needed.deadLetters(segment)
  }
  if (!needed.collect(ledger, medium, reader, now)) return nothing
  const segments = old.filter((segment) => !needed.hasAny(segment))
  return { floor, segments: segments.map(({ position }) => position) }
}

/** The last record is always kept: it says where the history ends. */
function floorOf(
  ledger: Ledger,
  medium: ReadMedium,
  { keepFor, keepRecords }: RetentionPolicy,
  now: number,
): number {
  const checkpoints = [...medium.checkpoints()].map(({ position }) => position)
  if (checkpoints.length < snapshotsKept) return 1
  const limits = [Math.min(...checkpoints) + 1, ledger.position]
  if (keepRecords !== undefined) limits.push(ledger.position - keepRecords + 1)
  if (keepFor !== undefined) limits.push(firstSince(medium, now - keepFor, Math.min(...limits)))
  return Math.max(1, Math.min(...limits))
}

/** Position of the first segment committed at or after a wall time in ms. */
function firstSince(medium: ReadMedium, time: number, end: number): number {
  for (const segment of medium.directories(1, end)) {
    if (isDamage(segment) || segment.time >= time) return isDamage(segment) ? 1 : segment.position
  }
  return end
}

/** Positions below the floor that something needs. */
class Needed {
  readonly #floor: number
  readonly #positions = new Set<number>()
  /** Step records of messages that have not ended so far, by actor and message. */
  readonly #steps = new Map<string, number[]>()

  constructor(floor: number) {
    this.#floor = floor
  }

  /** Dead letters, and where their messages are. */
  deadLetters(segment: StoredDirectory): void {
    const view = viewOf(segment.directory)
    let position = segment.position
    for (let at = 0; at < segment.directory.length; at = nextRecord(view, at)) {
      if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
      if (deadLetters.has(view.getUint8(at))) {
        this.#add(position)
        this.#add(view.getFloat64(at + At.position, true))
      }
      this.#stepsOfLetters(view, at, position)
      position += 1
    }
  }

  /** A letter that is sent again takes over the steps of its message (D2). */
  #stepsOfLetters(view: DataView, at: number, position: number): void {
    const kind = view.getUint8(at)
    const isStep = kind === RecordKind.stepBegun || kind === RecordKind.stepDone
    if (!isStep && this.#steps.size === 0) return
    const actor = view.getUint32(at + At.actor, true)
    const message = view.getFloat64(at + At.position, true)
    const key = `${actor}:${message}:${view.getUint32(at + At.index, true)}`
    const steps = this.#steps.get(key)
    if (isStep) {
      if (steps === undefined) this.#steps.set(key, [position])
      else steps.push(position)
    } else if (steps !== undefined && kind === RecordKind.parked) {
      for (const step of steps) this.#add(step)
      this.#steps.delete(key)
    } else if (
      kind === RecordKind.turn &&
      !(view.getUint16(at + At.flags, true) & RecordFlag.stash)
    ) {
      this.#steps.delete(key)
    }
  }

  /** True when all else that is needed is known. */
  collect(ledger: Ledger, medium: ReadMedium, reader: HistoryReader, now: number): boolean {
    this.#waiting(ledger)
    for (const position of medium.ownIdRecords(now - ownIdTtl)) this.#add(position)
    for (const { no } of medium.actors(0, Number.MAX_SAFE_INTEGER)) {
      if (!this.#actor(ledger, medium, reader, no)) return false
    }
    return true
  }

  hasAny({ position, count }: StoredDirectory): boolean {
    for (let at = position; at < position + count; at += 1) if (this.#positions.has(at)) return true
    return false
  }

  #add(position: number): void {
    if (position > 0 && position < this.#floor) this.#positions.add(position)
  }

  #waiting({ pending, timers, steps }: Ledger): void {
    for (const entry of pending.entries()) this.#add(pending.home(entry))
    for (const { at } of timers.all()) this.#add(at.position)
    for (const [, { position, answer }] of steps.all()) {
      this.#add(position)
      this.#add(answer)
    }
  }

  #actor(ledger: Ledger, medium: ReadMedium, reader: HistoryReader, no: number): boolean {
    const row = ledger.actors.find(no)
    const head = row === 0 ? (medium.row(no)?.head ?? 0) : ledger.actors.head(row)
    const base = medium.snapshots(no)[snapshotsKept - 1]?.position ?? 0
    let isFolding = true
    let hasTurn = false
    for (let position = head; position > 0 && ((isFolding && position > base) || !hasTurn); ) {
      this.#add(position)
      const place = reader.place(position)
      // Behind the base it went with an earlier retention.
      if (place === undefined && (!isFolding || position <= base)) return true
      if (place === undefined || isDamage(place)) return false
      hasTurn ||= kindOf(place) === RecordKind.turn
      isFolding &&= position > base && !startsFold(place)
      position = getU48(place.view, place.at + At.previous)
    }
    return true
  }
}

function kindOf({ view, at }: Place): number {
  return view.getUint8(at)
}

/** A tombstone or a whole state: nothing before it changes the fold. */
function startsFold(place: Place): boolean {
  const flags = place.view.getUint16(place.at + At.flags, true)
  return kindOf(place) === RecordKind.destroyed || (flags & RecordFlag.whole) !== 0
}
