/** What a peer is told when it is made, and whom it reports to. */
import type { ActorDefinition } from '../../actors/actor.ts'
import type { HostInfo } from '../../actors/app.ts'
import type { EffectChoices } from '../../actors/cell/effect-choices.ts'
import type { CellEvent, LogLevel, LogTurn } from '../../actors/cell/ports.ts'
import type { Tracing } from '../../actors/cell/tracing.ts'
import type { Clock } from '../../mailbox/clock.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import type { Keyring } from '../../persistence/keyring.ts'
import type { ThreadMeter } from '../telemetry/metrics/thread-meter.ts'
import type { Placement } from '../wire/placement.ts'
import type { BusyNote } from './busy-note.ts'
import type { Counters } from './counters.ts'
import type { FlightRecorder } from './flight-recorder.ts'

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
    turn?: LogTurn,
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
  /** Least rank of the log lines that anybody wants; default all. */
  readonly logRank?: number
  /** What this thread counts with; absent: it counts nothing but its accounts. */
  readonly meter?: ThreadMeter | undefined
  readonly jitter: () => number
  /** Runs a function after what the event loop has ready now. */
  readonly soon: (run: () => void) => void
  /** Ms for which the thread stays awake after work; default 0. */
  readonly poll?: number
  readonly faults?: Faults | undefined
  /** Makes spans of what is sent and handled here. */
  readonly tracing?: Tracing | undefined
}
