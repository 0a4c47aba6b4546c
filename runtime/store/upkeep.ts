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
    if (!checkpoint && this.#store.dueSnapshots(1).length === 0) return undefined
    if (checkpoint) this.#checkpoint = position
    this.#busy = true
    return { checkpoint }
  }

  done(): void {
    this.#busy = false
  }
}
