/**
 * When snapshots and checkpoints are due (D3, D7): asked after each group commit, one order at a
 * time, so that a busy store never queues work for its archivist.
 */
import type { Store } from '../../persistence/store.ts'

/** The slot number under which the archivist connects. */
export const archiveSlot = 1_000_002
/** Records after which a checkpoint is due, by default: about 0.1 s of boot. */
export const defaultCheckpointEvery = 100_000

export interface ArchiveOrder {
  readonly checkpoint: boolean
}

export class Upkeep {
  readonly #store: Store
  readonly #every: number
  #checkpoint: number
  #busy = false
  /**
   * Actors that were due in an order, with the bytes of their records then. One that is still due got
   * no snapshot, because it is in its first turn or cannot be folded: it is tried again at twice the
   * bytes. Without that an order would follow the other for ever, each reading all of its records.
   */
  #tried: ReadonlyMap<string, number> = new Map()

  constructor(store: Store, every: number = defaultCheckpointEvery) {
    this.#store = store
    this.#every = every
    this.#checkpoint = store.position
  }

  /** What to do now; undefined while an order is out or nothing is due. */
  order(): ArchiveOrder | undefined {
    if (this.#busy) return undefined
    const { position } = this.#store
    const checkpoint = position - this.#checkpoint >= this.#every
    const snapshots = this.#areSnapshotsDue()
    if (!checkpoint && !snapshots) return undefined
    if (checkpoint) this.#checkpoint = position
    this.#busy = true
    return { checkpoint }
  }

  done(): void {
    this.#busy = false
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
