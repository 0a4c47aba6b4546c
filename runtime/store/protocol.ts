/**
 * Everything that crosses between a client of the store and the thread it runs on. Plain data.
 */
import type { ErrorData } from '../../actors/cell/error-data.ts'
import type { MessageRef } from '../../persistence/record.ts'
import type { Frame } from '../../persistence/segment.ts'
import type {
  Ack,
  CheckpointChunk,
  StoreStats,
  WakePage,
  Watch,
  WrittenSnapshot,
} from '../../persistence/store.ts'
import type {
  Damage,
  LoadedActor,
  PendingPage,
  StoredMessage,
  StoredRecord,
} from '../../persistence/stored.ts'
import type { HistoryAsk, HistoryPage } from './history-page.ts'
import type { FrameEnd, Generation, Tally } from './tally.ts'

/** A generation of a slot as it begins. */
export interface Beginning {
  readonly epoch: number
  /** Where the history ends: everything of the generations before is there, or never will be. */
  readonly position: number
}

/** Questions a client may ask, and their answers. */
export interface Questions {
  loadMany: {
    readonly ask: { readonly actors: readonly string[]; readonly limit: number }
    readonly answer: readonly (LoadedActor | Damage)[]
  }
  pending: {
    readonly ask: { readonly actor: string; readonly after: MessageRef; readonly limit: number }
    readonly answer: PendingPage
  }
  /**
   * Answered when the outcome is known, however long that takes. An actor in quarantine has none to wait
   * for, unless the asker stays: a turn, whose failure would stand while its question is still to be handled.
   */
  outcome: {
    readonly ask: { readonly actor: string; readonly ownId: string; readonly stays: boolean }
    readonly answer: StoredRecord
  }
  /** Has it ended for good, and nothing come after (F6)? */
  hasEnded: { readonly ask: { readonly actor: string }; readonly answer: boolean }
  /** Recorded watches of actors of these types (F6). */
  watches: {
    readonly ask: { readonly types: readonly string[] }
    readonly answer: readonly Watch[]
  }
  wakeList: {
    readonly ask: { readonly after: number | undefined; readonly limit: number }
    readonly answer: WakePage
  }
  beginEpoch: { readonly ask: { readonly slot: number }; readonly answer: Beginning }
  reserveOrigins: { readonly ask: { readonly count: number }; readonly answer: number }
  unreleased: {
    readonly ask: { readonly slot: number; readonly epoch: number }
    readonly answer: readonly (StoredMessage | Damage)[]
  }
  /** What a dead generation of a slot committed after the last answer it took in. */
  tally: { readonly ask: Generation & { readonly since: FrameEnd }; readonly answer: Tally }
  /** Answers that died with the store's thread: to frames of a generation after `since`. */
  answers: {
    readonly ask: Generation & { readonly since: FrameEnd }
    readonly answer: readonly Ack[]
  }
  /** Whom timers gave a tick after `since`, one for each: what `arrived` would have told. */
  ticked: {
    readonly ask: { readonly since: number }
    readonly answer: { readonly actors: readonly string[]; readonly position: number }
  }
  record: {
    readonly ask: { readonly position: number }
    readonly answer: StoredRecord | Damage | undefined
  }
  records: {
    readonly ask: {
      readonly from: number
      readonly limit: number
      readonly kinds?: readonly number[]
    }
    readonly answer: {
      readonly records: readonly StoredRecord[]
      readonly next: number | undefined
    }
  }
  /** The history as messages, of a store that nobody else can read. */
  history: { readonly ask: HistoryAsk; readonly answer: HistoryPage }
  writeSnapshots: {
    readonly ask: { readonly all: readonly WrittenSnapshot[] }
    readonly answer: undefined
  }
  writeCheckpoint: { readonly ask: { readonly chunk: CheckpointChunk }; readonly answer: undefined }
  dropSegments: {
    readonly ask: { readonly positions: readonly number[]; readonly floor: number }
    readonly answer: undefined
  }
  /** Answered when all frames that arrived are committed and no timer is due: after what came of it. */
  idle: { readonly ask: Record<never, never>; readonly answer: undefined }
  stats: {
    readonly ask: Record<never, never>
    readonly answer: StoreStats & {
      readonly stalledSince: number | undefined
      /** Wall time in ms of the newest checkpoint, or of the first record where there is none. */
      readonly checkpointed: number
    }
  }
}
export type Question = keyof Questions

/** What the archivist could not do, and why. The history is as it was. */
export interface UpkeepFailure {
  readonly work: 'snapshots' | 'checkpoint' | 'retention'
  readonly error: ErrorData
}

/** From a client to the store. */
export type ToStore =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** The client has taken in a `lost` and numbers its next frame from the tail. */
  | { readonly kind: 'resumed' }
  /** The archivist has done its last order, or failed. */
  | { readonly kind: 'archived'; readonly failed?: UpkeepFailure }
  | {
      readonly kind: 'ask'
      readonly id: number
      readonly question: Question
      readonly with: unknown
    }

/** From the store to a client. */
export type FromStore =
  | { readonly kind: 'ack'; readonly ack: Ack }
  /** A commit failed and the store is open again: frames after `seq` never happened (D5). */
  | { readonly kind: 'lost'; readonly seq: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: unknown }
  /** Accepted in the store for actors that nobody told (timers that fired). */
  | { readonly kind: 'arrived'; readonly actors: readonly string[]; readonly position: number }
  | { readonly kind: 'state'; readonly stalled: boolean; readonly error?: unknown }
  /** Snapshots, checkpoints or retention fail, or do so no more. */
  | { readonly kind: 'upkeep'; readonly failed: UpkeepFailure | undefined }
  /** To the archivist: fold what is due, and a checkpoint if so. */
  | { readonly kind: 'archive'; readonly checkpoint: boolean }

/** One direction of a connection; both ends may be on one thread. */
export interface Wire<T> {
  post(message: T, transfer?: readonly ArrayBuffer[]): void
}
