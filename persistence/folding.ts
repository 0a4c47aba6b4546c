/**
 * One record on its way into the ledger: its entry's fields, read once, and the questions about its
 * parts that its meaning depends on.
 */
import { At, entrySize, nextRecord } from './directory.ts'
import { Mark } from './pending.ts'
import { PartFlag, PartKind, RecordFlag, RecordKind } from './record.ts'

/** Told of what a commit has to say in its ack. */
export interface Heard {
  /** A message with an own id was consumed. */
  settled(actor: number, position: number, index: number, by: number): void
  /** A published message is now pending for these actors. */
  published(position: number, index: number, actors: readonly number[]): void
}

/** For folds that nobody waits for. */
export const deaf: Heard = Object.freeze({ settled() {}, published() {} })

export interface Folding {
  readonly view: DataView
  readonly at: number
  readonly position: number
  readonly kind: RecordKind
  readonly flags: number
  /** Its actor's number, 0 for none. */
  readonly no: number
  /** The message it names; position 0 for none. */
  readonly messageAt: number
  readonly messageIndex: number
  readonly heard: Heard
}

export function folding(view: DataView, at: number, position: number, heard: Heard): Folding {
  return {
    view,
    at,
    position,
    kind: view.getUint8(at) as RecordKind,
    flags: view.getUint16(at + At.flags, true),
    no: view.getUint32(at + At.actor, true),
    messageAt: view.getFloat64(at + At.position, true),
    messageIndex: view.getUint32(at + At.index, true),
    heard,
  }
}

/** True for kinds whose message must be pending for their actor, or come inline with them. */
export function needsPending(kind: RecordKind): boolean {
  switch (kind) {
    case RecordKind.turn:
    case RecordKind.parked:
    case RecordKind.destroyed:
    case RecordKind.stepBegun:
    case RecordKind.stepDone:
    case RecordKind.interrupt:
      return true
    case RecordKind.accept:
    case RecordKind.deadLetter:
    case RecordKind.replayed:
    case RecordKind.event:
      return false
    default:
      return kind satisfies never
  }
}

/** True when the record ends its message: a turn that stashes it does not. */
export function consumes({ kind, flags }: Folding): boolean {
  const ends =
    kind === RecordKind.turn || kind === RecordKind.parked || kind === RecordKind.destroyed
  return ends && !(flags & RecordFlag.stash)
}

/** True when the record brings its message with it. An inline message is always the first part. */
export function hasInline(view: DataView, at: number): boolean {
  return (
    view.getUint32(at + At.parts, true) > 0 &&
    view.getUint8(at + entrySize) === PartKind.message &&
    (view.getUint16(at + entrySize + At.flags, true) & PartFlag.inline) !== 0
  )
}

/** Marks of the inline message, 0 without one. */
export function inlineMarks({ view, at }: Folding): number {
  if (!hasInline(view, at)) return 0
  return view.getUint16(at + entrySize + At.flags, true) & PartFlag.ownId ? Mark.ownId : 0
}

/** True when a step record carries an ask to a durable actor. */
export function carriesAsk({ view, at, kind }: Folding): boolean {
  if (kind !== RecordKind.stepBegun) return false
  const wanted = PartFlag.durable | PartFlag.ask
  const end = nextRecord(view, at)
  for (let part = at + entrySize; part < end; part += entrySize) {
    if (view.getUint8(part) !== PartKind.message) continue
    if ((view.getUint16(part + At.flags, true) & wanted) === wanted) return true
  }
  return false
}
