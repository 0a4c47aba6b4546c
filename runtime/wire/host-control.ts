/**
 * What the main thread and a host say to each other outside of frames: the closed page of the
 * control plane. All of it is structured-cloneable.
 */
import type { MessagePort } from 'node:worker_threads'
import type { ErrorData } from '../../actors/cell/error-data.ts'
import type { CellEvent, LogLevel, LogTurn } from '../../actors/cell/ports.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Tick } from '../../mailbox/envelope.ts'
import type { InHand } from '../../persistence/hand-file.ts'
import type { KilledActor } from '../../persistence/killed-files.ts'
import type { FlightEntry } from '../peer/flight-recorder.ts'
import type { HostTraces } from '../telemetry/traces/host-tracing.ts'
import type { PlacementPlan } from './placement.ts'

/** What a host is started with. */
export interface HostStart {
  readonly slot: number
  /** Generation of the slot: its records are fenced when the next one begins. */
  readonly epoch: number
  /** Where the history ended when that began; 0 without a store. */
  readonly position: number
  /** Reserved for this incarnation; part of the ids of its messages. */
  readonly origin: number
  /** `file:` URL of the app module. */
  readonly app: string
  readonly plan: PlacementPlan
  readonly retired: readonly number[]
  readonly counters: SharedArrayBuffer
  readonly flight: SharedArrayBuffer
  /** What it counts in, where anything is counted. */
  readonly metrics: SharedArrayBuffer | undefined
  /** What the thread is at (F5). */
  readonly busy: SharedArrayBuffer
  readonly development: boolean
  readonly residency: number
  /** Ms for which it stays awake after work. */
  readonly poll: number
  /** Least rank of the log lines that anybody wants. */
  readonly logRank: number
  /** Bytes of log lines that the main thread has taken in. */
  readonly logs: SharedArrayBuffer
  /** Keys of secrets, newest first (R5). */
  readonly secrets: readonly Uint8Array[]
  /** Control plane. */
  readonly control: MessagePort
  /** Reports to the main thread. */
  readonly reports: MessagePort
  /** Where it notes what it has in hand: the store's file or shared memory (F3). */
  readonly hand: string | SharedArrayBuffer | undefined
  /** Connection to the store, when there is one. */
  readonly store: MessagePort | undefined
  /** What of its spans is wanted, if any are. */
  readonly traces: HostTraces | undefined
}

/** One end of a new link. */
export interface LinkStart {
  readonly slot: number
  readonly port: MessagePort
  /** Counts of what this end sends, and of what it receives. */
  readonly sent: SharedArrayBuffer
  readonly received: SharedArrayBuffer
}

/** What did not end before an unclean end. */
export interface WardStart {
  readonly suspects: readonly InHand[]
  /** Actors of this slot that have some. */
  readonly actors: readonly string[]
}

/** A new connection to the store, whose thread was replaced. */
export interface StoreStart {
  readonly port: MessagePort
}

/**
 * How still a thread is. `resting`: nothing runs or is out, and what waits in the store waits for a time
 * or for somebody. `quiet`: nothing waits for a time either, so nothing will happen by itself before a
 * timer is due.
 */
export type Calm = 'resting' | 'quiet'

/** What a host offers. */
export type HostControl = {
  /** Connects to another thread. */
  readonly link: (start: LinkStart) => void
  /** The other thread died: takes in what it still sent, fails what waited for it. */
  readonly unlink: (slot: number) => void
  /** A slot was given up; its addresses rehash (F4). */
  readonly retire: (slot: number) => void
  /** A slot has a new incarnation: watches on its actors are renewed, lost ones reported (F6). */
  readonly replaced: (slot: number) => void
  /** After an unclean end: runs actors with suspects, one by one, while all others wait (F3). */
  readonly tryAlone: (start: WardStart) => Promise<void>
  /** A timer or an activation may start again. */
  readonly pardon: (key: string, actor: string) => void
  /** All actors that are killed, after a change. */
  readonly killed: (all: readonly KilledActor[]) => void
  /** Handlers may run from now on. */
  readonly go: () => void
  /** Resolves when it is that still here; says whether messages wait for somebody all the same. */
  readonly calm: (calm: Calm) => Promise<boolean>
  readonly stopIntake: () => void
  /** The last messages that were taken into hand. */
  readonly flight: () => readonly FlightEntry[]
  /** Age in ms of the message that waits longest here. */
  readonly oldestWaiting: () => number | undefined
  /** Goes on with the store's new thread; answers with the epoch that the host has there. */
  readonly rejoinStore: (start: StoreStart) => Promise<number>
  /** Sends what is left, releases dependencies, ends the thread's task. */
  readonly stop: () => Promise<void>
}

/** A dead letter as it crosses; the payload is there when it could be encoded. */
export interface LetterData {
  readonly id: string
  readonly to: string
  readonly from: string
  readonly name: string
  readonly lane: number
  readonly reason: DeadLetterReason
  readonly error?: ErrorData
  readonly at: number
  readonly payload?: Uint8Array
  /** Record that keeps it already, 0 for none. */
  readonly position: number
  /** Of the payload, when it is not the present one (D9). */
  readonly version?: number
  /** What it was published to: its payload is checked where it arrives, and has no version. */
  readonly topic?: string
  /** Of a timer's message, which says with it what it stands for (D8). */
  readonly tick?: Tick
}

/** What a host reports without being asked. */
export type Report =
  /** The control plane answers from now on. */
  | { readonly kind: 'up'; readonly threadId: number }
  /** It cannot come up; its thread ends. */
  | { readonly kind: 'failed'; readonly error: ErrorData }
  | { readonly kind: 'event'; readonly event: CellEvent; readonly error?: ErrorData }
  /** A frame of dead letters. */
  | { readonly kind: 'letters'; readonly letters: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly actor: string
      readonly message: string
      readonly fields: Uint8Array | undefined
      readonly turn: LogTurn | undefined
      /** Wall time in ms. */
      readonly at: number
      /** Bytes it takes of the thread's credit until it is taken in. */
      readonly cost: number
    }
  /** A frame of spans that have ended. */
  | { readonly kind: 'spans'; readonly spans: Uint8Array<ArrayBuffer> }
  /** So many log lines found no room. */
  | { readonly kind: 'lines-dropped'; readonly count: number }
  | { readonly kind: 'unhandled'; readonly error: ErrorData }
  /** A suspect ended well. */
  | { readonly kind: 'cleared'; readonly key: string }
  /** The third start of a suspect was refused. */
  | {
      readonly kind: 'quarantined'
      readonly suspect: InHand
      readonly actor: string
      readonly timer: string | undefined
    }
