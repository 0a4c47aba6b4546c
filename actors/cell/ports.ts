/**
 * What a cell needs from the thread it lives on, declared here by the caller. `runtime/peer`
 * implements it. A cell calls nothing else, so a whole actor can be tested without a runtime.
 */

import type { CountRow } from '../../mailbox/accounting.ts'
import type { Alarms } from '../../mailbox/alarms.ts'
import type { Clock } from '../../mailbox/clock.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'
import type { TellOutcome } from '../../mailbox/outcome.ts'
import type { Tally } from '../../mailbox/tally.ts'
import type { Keyring } from '../../persistence/keyring.ts'
import type { MessageRef } from '../../persistence/record.ts'
import type { SegmentBuilder } from '../../persistence/segment.ts'
import type { Ack, Refusal } from '../../persistence/store.ts'
import type { Damage, LoadedActor, PendingPage, StoredRecord } from '../../persistence/stored.ts'
import type { ActorDefinition } from '../actor.ts'
import type { Meter } from '../meter.ts'
import type { AskTable } from './ask-table.ts'
import type { EarlyInterrupts } from './early-interrupts.ts'
import type { EffectChoices } from './effect-choices.ts'
import type { Killed } from './killed.ts'
import type { Script } from './script.ts'
import type { Signal } from './signal.ts'
import type { Tracing } from './tracing.ts'

/** Lifecycle facts, as `system.events` hands them on. */
export type CellEvent =
  | { readonly event: 'actor-started'; readonly actor: string }
  | { readonly event: 'actor-stopped'; readonly actor: string; readonly reason: string }
  | { readonly event: 'actor-passivated'; readonly actor: string }
  | {
      readonly event: 'actor-restarted'
      readonly actor: string
      readonly error: unknown
      readonly restarts: number
      readonly backoff: number
    }
  | {
      readonly event: 'turn-failed'
      readonly actor: string
      readonly message: string
      readonly id: string
      readonly attempt: number
      readonly error: unknown
    }
  | { readonly event: 'actor-damaged'; readonly actor: string; readonly damage: Damage }
  | { readonly event: 'turn-undone'; readonly actor: string; readonly reason: string }

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Levels by urgency; `off` is above all of them. */
export const logRanks = Object.freeze({ debug: 0, info: 1, warn: 2, error: 3, off: 4 })

/** The turn that wrote a log line. */
export interface LogTurn {
  /** Of its message. */
  readonly id: string
  /** Name of its message. */
  readonly message: string
  /** More than 1: an earlier attempt may have written the same. */
  readonly attempt: number
  /** Of the record that accepted the message; 0 while it is only in memory. */
  readonly position: number
  /** W3C `traceparent`. */
  readonly trace?: string
}

/** An actor in memory as it names itself to its host, which made it and knows the rest. */
export interface Resident {
  readonly id: string
}

export interface CellHost {
  readonly clock: Clock
  readonly alarms: Alarms
  readonly asks: AskTable
  /** What a turn that is run again from its record follows (R2); absent everywhere else. */
  readonly script?: Script | undefined
  /** Durable actors' way to the store; absent without a store. */
  readonly journal: Journal | undefined
  /** Absent where nothing comes back after a death. */
  readonly starts: StartLog | undefined
  /** What was killed by command; absent while nothing is. */
  readonly killed?: Killed | undefined
  /** What becomes of calls out of turns; absent: they are made. */
  readonly effects?: EffectChoices | undefined
  /** What seals and opens secrets (R5). */
  readonly secrets: Keyring
  /** Minus the origin of this thread incarnation: the first half of volatile message ids. */
  readonly origin: number
  /** Freeze payloads and send every one through the codec (T5). */
  readonly development: boolean
  /** What is counted with; absent where nothing is. */
  readonly meter?: Meter | undefined
  /** Makes spans of what is sent and handled; absent where nobody wants traces. */
  readonly tracing?: Tracing | undefined
  /** Told of the fault points of a turn; absent in production. */
  readonly faults?: Faults | undefined
  /** Up to which position this thread has heard what became of its own records; 0 without a store. */
  readonly heard: number
  /** Interrupts that wait for their messages to come. */
  readonly interrupts: EarlyInterrupts
  nextSeq(): number
  /** Monotonic ms, as of the slice that runs now: cheap enough to stamp every message. */
  readonly coarse: number
  /** A number from 0 to 1 for jitter; never seen by handlers. */
  jitter(): number

  /** Gives the actor its place in the run queue. */
  enqueue(cell: Resident, lane: LaneNumber): void
  /** Sends a message on its way, to this thread or another. */
  route(envelope: Envelope): TellOutcome
  signal(to: string, signal: Signal): void
  /**
   * Has the store accept a message to a durable actor, then sends it on. Resolves when fsynced, with
   * the position of the record that accepted it; for a known own id that of the first one.
   */
  accept(envelope: Envelope): Promise<number>
  /** Has the store tell all durable watchers that an actor ended (F6). Resolves when it has it. */
  recordEnd(actor: string): Promise<void>
  /**
   * Fans a published message out. Without `position` it is new: with a store it is recorded first;
   * with `position` a commit holds it already.
   */
  publish(envelope: Envelope, position?: number): void
  subscribe(actor: string, pattern: string, name: string): void
  unsubscribe(actor: string, pattern?: string): void

  definition(type: string): ActorDefinition | undefined
  /** What the app's `deps` built here, or a promise of it. */
  deps(): unknown
  /** The hand that keeps the account of one type; one for all of its actors. */
  tally(type: string): Tally
  /** Notes that a message is taken into hand: what the flight recorder shows after a failure. */
  taken(envelope: Envelope, counts: CountRow): void
  /** A handler that was out goes on: what a thread that is stuck had in hand (F5). */
  resumed(envelope: Envelope): void
  /** @param position of the record that already keeps it, when there is one */
  deadLetter(envelope: Envelope, reason: DeadLetterReason, error?: unknown, position?: number): void
  /** The store accepted a message for this actor that no thread has in memory. */
  arrivedInStore(actor: string): void
  emit(event: CellEvent): void
  /** Least {@link logRanks} of the lines that anybody wants; absent: all. */
  readonly logRank?: number
  /** @param turn that says it */
  log(
    level: LogLevel,
    actor: string,
    message: string,
    fields?: Readonly<Record<string, unknown>>,
    turn?: LogTurn,
  ): void
  /** The cell has ended or left memory; its address is free. */
  forget(cell: Resident): void
  /** Something ended outside a slice, perhaps in this cell: look whether it or the thread may rest. */
  touched(cell?: Resident): void
}

/** Counts what was started and never ended, because its thread or the process died (F3). */
export interface StartLog {
  /**
   * A message is about to start; false when it may not any more.
   * @param waiting what may start next, so that one write does for several
   */
  message(envelope: Envelope, waiting: Iterable<Envelope>): boolean
  /** Its handler goes on after a step. */
  resumed(envelope: Envelope): void
  /** Its handler is out. */
  goesOn(envelope: Envelope): void
  ended(envelope: Envelope): void
  /** An actor is about to be brought up; false when it may not any more. */
  activation(actor: string): boolean
  /** It is read: the code that folds it and its start hook run now. */
  bringsUp(actor: string): void
  /** Whatever came of it, it did not kill. */
  activated(actor: string): void
}

/** Called when the store answered for one record; in record order (D1). */
export interface Committing {
  /** @param ack of the frame that carried the record */
  committed(position: number, ack: Ack): void
  /** Refused, or lost with a failed commit (D5): as if the turn had never run. */
  undone(refusal: Refusal | undefined): void
}

/** The client side of the store, one per thread. */
export interface Journal {
  /** False when too many bytes wait for their commit; no durable turn starts then (M5). */
  readonly hasCredit: boolean
  /** Runs the cell again when there is credit. */
  whenCredit(cell: Resident): void
  /** Runs `append`, which appends one record, as soon as there is credit; in the order of the calls. */
  admit(append: () => void): void
  /** Where the record is built; call {@link append} when it is complete. */
  readonly builder: SegmentBuilder
  /** Hands over the record built last. */
  append(entry: Committing): void
  /** Hands over the record built last, for which nobody waits: it may leave some ms later, with others. */
  gather(entry: Committing): void
  load(actor: string, limit: number): Promise<LoadedActor | Damage>
  pending(actor: string, after: MessageRef, limit: number): Promise<PendingPage>
  /**
   * Resolves when the message with this own id has been processed, with the record that did.
   * @param stays whether to wait also while its actor is in quarantine; otherwise that fails at once
   */
  outcome(actor: string, ownId: string, stays: boolean): Promise<StoredRecord>
}
