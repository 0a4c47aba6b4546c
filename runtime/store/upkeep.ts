/**
 * When snapshots and checkpoints are due (D3, D7): asked after each group commit, one order at a
 * time, so that a busy store never queues work for its archivist.
 */
import type { NewestCheckpoint, Store } from '../../persistence/store.ts'

/** The slot number under which the archivist connects. */
export const archiveSlot = 1_000_002
/** Records after which a checkpoint is due, by default: about 0.1 s of boot. */
export const defaultCheckpointEvery = 100_000
/**
 * Ms after which a checkpoint is due, by default. A small system never comes to so many records, least of
 * all between two restarts; without checkpoints its history stays for ever.
 */
export const defaultCheckpointAfter = 3_600_000
/** Ms until a failed order is given again. */
const pauseAfterFailure = 60_000

export interface ArchiveOrder {
  readonly checkpoint: boolean
}

/** When checkpoints are due. */
export interface UpkeepOptions {
  /** Records after the newest one. Default {@link defaultCheckpointEvery}. */
  readonly every?: number | undefined
  /** Ms after it, once anything was committed since. Default {@link defaultCheckpointAfter}. */
  readonly after?: number | undefined
  /** Wall time in ms. */
  readonly now?: () => number
}

export class Upkeep {
  readonly #store: Store
  readonly #every: number
  readonly #after: number
  readonly #now: () => number
  /** The newest one, or the one that is being written; undefined: to be asked of the store. */
  #checkpoint: NewestCheckpoint | undefined
  /** Wall time in ms before which no other is ordered: the last one failed. */
  #notBefore = 0
  #busy = false
  /**
   * Actors that were due in an order, with the bytes of their records then. One that is still due got
   * no snapshot, because it is in its first turn or cannot be folded: it is tried again at twice the
   * bytes. Without that an order would follow the other for ever, each reading all of its records.
   */
  #tried: ReadonlyMap<string, number> = new Map()

  constructor(store: Store, { every, after, now }: UpkeepOptions = {}) {
    this.#store = store
    this.#every = every ?? defaultCheckpointEvery
    this.#after = after ?? defaultCheckpointAfter
    this.#now = now ?? Date.now
    this.#checkpoint = store.newestCheckpoint()
  }

  /**
   * What to do now; undefined while an order is out or nothing is due. Reads the store: not to be called
   * while that is stalled.
   */
  order(): ArchiveOrder | undefined {
    if (this.#busy) return undefined
    const checkpoint = this.#isCheckpointDue()
    const snapshots = this.#areSnapshotsDue()
    if (!checkpoint && !snapshots) return undefined
    this.#busy = true
    return { checkpoint }
  }

  /**
   * Reads nothing: the store may be what failed.
   *
   * @param failed the order was not carried out
   */
  done(failed = false): void {
    this.#busy = false
    if (!failed) return
    this.#notBefore = this.#now() + pauseAfterFailure
    // What the archivist got done of it, the store knows.
    this.#checkpoint = undefined
  }

  #isCheckpointDue(): boolean {
    const now = this.#now()
    if (now < this.#notBefore) return false
    this.#checkpoint ??= this.#store.newestCheckpoint()
    const { position } = this.#store
    const news = position - this.#checkpoint.position
    if (news <= 0) return false
    if (news < this.#every && now - this.#checkpoint.time < this.#after) return false
    this.#checkpoint = { position, time: now }
    return true
  }

  #areSnapshotsDue(): boolean {
    const tried = new Map<string, number>()
    let found = false
    for (const { actor, bytes } of this.#store.dueSnapshots(Number.POSITIVE_INFINITY)) {
      const before = this.#tried.get(actor)
      const waits = before !== undefined && bytes < 2 * before
      tried.set(actor, waits ? before : bytes)
      if (!waits) found = true
    }
    this.#tried = tried
    return found
  }
}
