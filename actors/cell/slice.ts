/**
 * One go of an actor in the run queue: signals (M1), reads, then messages one by one (T1) until the
 * slice is used up or a handler is out. And where it stands in the queue until then (M2).
 */
import { Count, takenColumn } from '../../mailbox/accounting.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { Lane, type LaneNumber } from '../../mailbox/lane.ts'
import type { Tally } from '../../mailbox/tally.ts'
import type { Inbox } from './inbox.ts'
import type { CellHost } from './ports.ts'
import type { Signal } from './signal.ts'
import { worthless } from './undeliverable.ts'

/** Most user messages of one slice; then the next actor has its go. */
export const sliceMessages = 16
/** Longest slice in ms, looked at between messages. */
export const sliceTime = 2
/** Most signals of one slice (M1). */
export const sliceSignals = 32

/** The actor that runs. */
interface Sliced {
  readonly id: string
  readonly phase: string
  readonly host: CellHost
  readonly inbox: Inbox
  readonly tally: Tally
  obey(signal: Signal): void
  /** Brings the actor up. */
  start(): void
  /** False while something outside holds the next turn back, such as store credit (M5). */
  mayTake(): boolean
  /** The message to handle now, no longer counted as pending. */
  nextMessage(): Envelope | undefined
  /** Lane of the message that {@link nextMessage} would return. */
  bestLane(): LaneNumber | undefined
  /** Runs one message; when its handler stays out, `phase` is no longer `ready`. */
  begin(envelope: Envelope): void
  read(envelope: Envelope): void
  discard(envelope: Envelope, reason: DeadLetterReason, error?: unknown): void
  /** True when an interrupt of this message came before it (M6). */
  wasInterrupted(envelope: Envelope): boolean
}

/** @param until monotonic ms at which the slice is used up */
export function runSlice(cell: Sliced, until: number): void {
  runSignals(cell)
  if (cell.phase === 'cold') cell.start()
  if (cell.inbox.reads !== undefined) runReads(cell)
  for (let left = sliceMessages; left > 0 && cell.phase === 'ready'; left -= 1) {
    if (!cell.mayTake()) return
    const envelope = cell.nextMessage()
    if (envelope === undefined) return
    if (!mayBeWorthless(cell, envelope) || isWanted(cell, envelope)) {
      countTaken(cell, envelope)
      cell.host.taken(envelope, cell.tally.row)
      cell.begin(envelope)
    }
    if ((left & 3) === 1 && cell.host.clock.mono() > until) return
  }
}

/** Lane in which the actor waits for its next go; undefined when it has nothing to do now. */
export function laneOf(cell: Sliced): LaneNumber | undefined {
  const { phase, inbox } = cell
  if (phase === 'gone') return undefined
  if (inbox.mailbox.signalCount > 0) return Lane.control
  if (inbox.reads !== undefined && inbox.reads.length > 0 && canRead(cell)) return Lane.high
  if (phase === 'cold') return inbox.best ?? Lane.normal
  return phase === 'ready' ? cell.bestLane() : undefined
}

function runSignals(cell: Sliced): void {
  for (let left = sliceSignals; left > 0; left -= 1) {
    const signal = cell.inbox.mailbox.takeSignal()
    if (signal === undefined) return
    cell.obey(signal)
  }
}

/** Reads of a durable actor run beside its turns (T1). */
function runReads(cell: Sliced): void {
  for (let left = sliceMessages; left > 0 && canRead(cell); left -= 1) {
    const envelope = cell.inbox.takeRead()
    if (envelope === undefined) return
    if (!isTimely(cell, envelope)) continue
    countTaken(cell, envelope)
    cell.read(envelope)
  }
}

function canRead({ phase }: Sliced): boolean {
  return phase === 'ready' || phase === 'turn'
}

function countTaken({ tally }: Sliced, { lane }: Envelope): void {
  tally.enter(Count.running)
  if (lane !== Lane.system) tally.enter(takenColumn(lane))
}

/** Most messages have no deadline, no own id and nobody who may give them up: they are not looked at. */
function mayBeWorthless({ host, id }: Sliced, { header }: Envelope): boolean {
  const isPlain =
    header.deadline === undefined && header.signal === undefined && header.ownId === undefined
  return !isPlain || host.killed !== undefined || host.interrupts.awaits(id)
}

/** Discards what comes too late, was given up or interrupted meanwhile, or is for one that was killed. */
function isWanted(cell: Sliced, envelope: Envelope): boolean {
  const refusal = cell.host.killed?.refusal(envelope)
  if (refusal !== undefined) {
    cell.discard(envelope, 'killed', refusal)
    return false
  }
  return isTimely(cell, envelope)
}

/** What was killed can still be looked at. */
function isTimely(cell: Sliced, envelope: Envelope): boolean {
  const isInterrupted = cell.wasInterrupted(envelope)
  const reason = isInterrupted ? 'cancelled' : worthless(envelope, cell.host.clock)
  if (reason !== undefined) cell.discard(envelope, reason)
  return reason === undefined
}
