/**
 * Activations of one thread on their way to the store: several are asked for together, since one sweep
 * over the history serves them all, and only so many at once. A backlog for a million actors must not
 * ask for, and hold, a million states.
 *
 * Invariant: while somebody waits, exactly one question is scheduled that has not taken its batch yet.
 */
import PQueue from 'p-queue'
import type { Damage, LoadedActor } from '../../persistence/stored.ts'
import type { StoreClient } from './store-client.ts'

/** Most actors that one question asks for; the store brings as many of them as its answer has room for. */
export const batchSize = 256
/** Questions that are out: while one is answered, the next one is on its way. */
const batches = 2
/** Most actors of one thread that are loaded at once. */
export const loadsAtOnce = batchSize * batches

interface Waiting {
  readonly actor: string
  readonly limit: number
  readonly resolve: (loaded: LoadedActor | Damage) => void
  readonly reject: (error: unknown) => void
}

export class Loads {
  readonly #client: StoreClient
  readonly #gate = new PQueue({ concurrency: batches })
  #waiting: Waiting[] = []

  constructor(client: StoreClient) {
    this.#client = client
  }

  /** @param limit most pending messages to bring along */
  load(actor: string, limit: number): Promise<LoadedActor | Damage> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ actor, limit, resolve, reject })
      if (this.#waiting.length === 1) this.#schedule()
    })
  }

  #schedule(): void {
    void this.#gate.add(() => this.#ask())
  }

  async #ask(): Promise<void> {
    // Whoever asks in the same slice is taken along.
    await undefined
    const batch = this.#take()
    if (this.#waiting.length > 0) this.#schedule()
    await this.#load(batch)
  }

  async #load(batch: readonly Waiting[]): Promise<void> {
    const actors = batch.map(({ actor }) => actor)
    const limit = batch[0]?.limit ?? 0
    try {
      const loaded = await this.#client.ask('loadMany', { actors, limit })
      for (const [i, one] of loaded.entries()) batch[i]?.resolve(one)
      this.#putBack(batch.slice(loaded.length))
    } catch (error) {
      if (batch.length === 1) return batch[0]?.reject(error)
      // One that cannot be read must not keep the others from coming up.
      for (const one of batch) await this.#load([one])
    }
  }

  /** What the answer had no room for is asked for again, before those behind it. */
  #putBack(rest: readonly Waiting[]): void {
    if (rest.length === 0) return
    if (this.#waiting.length === 0) this.#schedule()
    this.#waiting.unshift(...rest)
  }

  /** The oldest, and those behind it with the same limit. */
  #take(): Waiting[] {
    const limit = this.#waiting[0]?.limit
    const end = this.#waiting.findIndex((one) => one.limit !== limit)
    return this.#waiting.splice(0, Math.min(end < 0 ? batchSize : end, batchSize))
  }
}
