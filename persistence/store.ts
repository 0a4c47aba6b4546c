/**
 * The port to a store: one synchronous engine on one thread, which appends the history and answers
 * from it. `memory-store.ts` is the reference, `sqlite/` the durable one; both pass
 * `test/persistence/store-contract.ts`.
 *
 * Owns: positions, epochs, the pending set, de-duplication, snapshots, checkpoints.
 * Does not own: encoding of values, time of anything but ids, threads, retries.
 *
 * Invariants
 * 1. A record is committed whole or refused whole, and a refused one has no position (D5).
 * 2. Positions are gapless from 1; a store never gives one out twice, whatever fails.
 * 3. After `commit` returned, everything it acknowledged survives any crash (D6). After it threw,
 *    only `reopen` knows (D5); every other call throws STORE_STALLED until then.
 * 4. Nothing pending is forgotten but by a record of its actor that consumes it (M3).
 */
import type { MessageRef } from './record.ts'
import type { Frame } from './segment.ts'
import type {
  Damage,
  DueTimer,
  LoadedActor,
  PendingPage,
  Snapshot,
  StoredDirectory,
  StoredMessage,
  StoredRecord,
  StoredSegment,
} from './stored.ts'

/** Why a record was refused. */
export type RefusalReason =
  /** The message it consumes is not pending for its actor: somebody consumed it before. */
  | 'not-pending'
  /**
   * The message it accepts, or its turn handled, has an own id accepted before; `ownId` and
   * `position` say which. (In an outbox the message alone is dropped, see `Ack.dropped`.)
   */
  | 'duplicate'
  /** Its turn number does not follow the actor's last: the writer folds onto another state. */
  | 'turn-mismatch'
  /** A timer it fires does not wait for that time (D8). */
  | 'timer-not-due'
  /** An earlier record of this actor was refused, and this one is not flagged `rebased`. */
  | 'after-refused'
  /** The entry is not a record this version can commit. `detail` says what is wrong. */
  | 'malformed'

/** One record of a frame that was not committed, and why; the others of its frame may be. */
export interface Refusal {
  /** Ordinal of the record in its frame. */
  readonly record: number
  readonly reason: RefusalReason
  readonly detail: string
  readonly ownId?: string
  /** For `duplicate`: where the first one was accepted. */
  readonly position?: number
}

/** A published message that was accepted: who has it pending now. */
export interface FanOut {
  readonly message: MessageRef
  /** Durable subscribers, `type/key`, each once. */
  readonly to: readonly string[]
}

/**
 * A message in a committed outbox that was not sent: its own id was known, or it was for an end that has
 * not come (`PartFlag.ifEnded`).
 */
export interface Dropped {
  readonly message: MessageRef
  /** Empty for one without. */
  readonly ownId: string
  /** Where the first one was accepted, 0 when there was none. */
  readonly position: number
}

/** An own id whose outcome is now known; `outcome` has the bytes. */
export interface SettledId {
  readonly actor: string
  readonly ownId: string
  /** The record that consumed the message. */
  readonly position: number
}

/** Answer to one frame. */
export interface Ack {
  readonly slot: number
  readonly epoch: number
  readonly seq: number
  /**
   * `fenced`: a newer epoch of the slot began, nothing was written (F4). `out-of-order`: the frame
   * is not the next of its client, nothing was written.
   */
  readonly status: 'committed' | 'fenced' | 'out-of-order'
  /** Position of the frame's first live record; the others follow, refused ones have none. */
  readonly base: number
  /** Live records. */
  readonly count: number
  readonly refused: readonly Refusal[]
  readonly settled: readonly SettledId[]
  readonly published: readonly FanOut[]
  readonly dropped: readonly Dropped[]
}

/** Where the history ends after a failure; what is not in it never happened. */
export interface Tail {
  readonly position: number
  /** Last committed frame of each slot's newest epoch. */
  readonly clients: readonly {
    readonly slot: number
    readonly epoch: number
    readonly seq: number
  }[]
}

/** What became of a message with an own id. */
export type Outcome =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'pending'; readonly message: MessageRef }
  /** `record` consumed it: its reply part, or its error section. */
  | { readonly kind: 'done'; readonly record: StoredRecord }
  | Damage

/** That a durable actor wants to hear of another's end (F6). */
export interface Watch {
  readonly watched: string
  readonly by: string
}

/** An actor with work that waits in the store. */
export interface WakeEntry {
  readonly actor: string
  /** Pending messages, stashed ones included. */
  readonly pending: number
  readonly timers: number
}

export interface WakePage {
  readonly actors: readonly WakeEntry[]
  /** Pass on for the next page; absent at the end. */
  readonly next?: number
}

/** An actor whose records outgrew its snapshot (D3). */
export interface DueSnapshot {
  readonly actor: string
  /** Its newest record. */
  readonly position: number
  /** Bytes to fold. */
  readonly bytes: number
}

/** Figures of a store, for health. */
export interface StoreStats {
  readonly position: number
  readonly pending: number
  /** Wall time in ms of the oldest pending message, for health. */
  readonly oldestPending?: number
  readonly timers: number
  /** Actors held in memory. */
  readonly resident: number
  /** Bytes of history, where the store can tell cheaply. */
  readonly bytes: number
}

/** Read side: what the archivist, backup, history and replay need. Many may read at once (D10). */
export interface StoreReader {
  /** Position of the last record. */
  readonly position: number
  /**
   * Directories of segments that overlap `[from, to]`, in order; a damaged one comes as `Damage`.
   * Enough for filters and for the ledger, at a fraction of the bytes.
   */
  directories(from: number, to: number): Iterable<StoredDirectory | Damage>
  /** The same with their bodies. */
  segments(from: number, to: number): Iterable<StoredSegment | Damage>
  /** One record, or undefined where there is none. */
  record(position: number): StoredRecord | Damage | undefined
  /** Texts behind the numbers in a directory; empty for 0. */
  address(no: number): string
  /** Text behind a name number: handler, step, topic, pattern or timer. */
  name(no: number): string
  /** Snapshots of one actor that pass their checksum, newest first. */
  snapshots(actor: string): readonly Snapshot[]
  /** Addresses the store knows, by number, after `after`. */
  actors(after: number, limit: number): readonly { readonly no: number; readonly actor: string }[]
}

/** A timer of an actor, by their texts. */
export interface WithheldTimer {
  readonly actor: string
  readonly timer: string
}

/** A snapshot, and how many bytes of records it folded. */
export interface WrittenSnapshot {
  readonly snapshot: Snapshot
  readonly bytes: number
}

export interface Store extends StoreReader {
  /**
   * Appends frames in one transaction with one sync. Records are checked before they are grouped,
   * so a bad one is refused alone (D5).
   * @throws STORE_FULL, STORE_READONLY, STORE_STALLED: the outcome is unknown, call `reopen`
   */
  commit(frames: readonly Frame[]): Ack[]
  /**
   * Closes, opens again, and says where the history really ends (D5).
   * @throws what opening throws; try again later
   */
  reopen(): Tail
  /** Begins the next epoch of a slot and fences all older ones; durable when it returns (F4). */
  beginEpoch(slot: number): number
  /** Reserves `count` origins for thread incarnations and returns the first; never given out twice. */
  reserveOrigins(count: number): number

  /**
   * What an activation needs, in one call, as of one position.
   * @param limit most pending messages to return; the rest by `pending`
   */
  load(actor: string, limit: number): LoadedActor | Damage
  /**
   * The same for many actors at once: one sweep over the history serves them all. Answers for the first of
   * them, as many as fit into memory together, and one at least; ask again for the others.
   */
  loadMany(actors: readonly string[], limit: number): (LoadedActor | Damage)[]
  /** Pending messages of one actor after a page's `next`. */
  pending(actor: string, after: MessageRef, limit: number): PendingPage
  /** What became of the message that `actor` was sent under this own id. */
  outcome(actor: string, ownId: string): Outcome
  /** True when the actor's newest record is its tombstone (F6). */
  hasEnded(actor: string): boolean
  /** Recorded watches of actors of these types (F6). */
  watches(types: readonly string[]): readonly Watch[]
  /** Actors with pending messages or timers, without payloads. */
  wakeList(after: number | undefined, limit: number): WakePage
  /**
   * Tells how far the wall clock has jumped since the store was opened, in ms: delays that are set from
   * now on count it out (D8).
   */
  shiftClock(ms: number): void
  /** Timers that may not tick, all of them, until it is called again (F3). */
  withholdTimers(timers: readonly WithheldTimer[]): void
  /**
   * Timers whose time has come, earliest first.
   * @param now ms on the line of the process: wall time less its jumps
   */
  dueTimers(now: number, limit: number): readonly DueTimer[]
  /** The time of the earliest timer on that line. */
  nextDue(): number | undefined
  /**
   * Messages committed by one generation of a slot that are still pending, in order: what a dead
   * host may have left undelivered (F4).
   */
  unreleased(slot: number, epoch: number): readonly (StoredMessage | Damage)[]

  /** The newest whole checkpoint; position 0 and the time of the first record where there is none. */
  newestCheckpoint(): NewestCheckpoint
  /** Actors whose snapshot is due, at most `limit`. */
  dueSnapshots(limit: number): readonly DueSnapshot[]
  /** Keeps a folded snapshot; the three newest of an actor stay. `bytes`: records it folded. */
  writeSnapshot(snapshot: Snapshot, bytes: number): void
  /** The same for several in one transaction: a bounded number, since commits wait for it (D7). */
  writeSnapshots(all: readonly WrittenSnapshot[]): void
  /** Takes one bounded chunk of a checkpoint; it counts only once its last chunk is here (D7). */
  writeCheckpoint(chunk: CheckpointChunk): void

  /**
   * Deletes a bounded number of segments that `planRetention` gave up, by their first position. Derived
   * like a checkpoint: hosts wait for no sync of it (D7).
   */
  dropSegments(positions: readonly number[], floor: number): void

  /** Figures, without reading the history. */
  stats(): StoreStats
  /** Closes the store and gives up its lock. */
  close(): void
}

/** A checkpoint without its content. */
export interface NewestCheckpoint {
  readonly position: number
  /** Wall time in ms of the record there. */
  readonly time: number
}

/** A piece of a checkpoint, as `checkpoint.ts` makes them. */
export interface CheckpointChunk {
  /** The checkpoint is the ledger folded up to here. */
  readonly position: number
  /** Consecutive from 0. */
  readonly part: number
  readonly last: boolean
  readonly bytes: Uint8Array
}
