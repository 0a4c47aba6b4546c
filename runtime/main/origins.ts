/** Origins of thread incarnations: never given out twice, reserved in the store in blocks. */
import type { StoreClient } from '../peer/store-client.ts'

/** Origins reserved at once. */
const block = 64

export class Origins {
  readonly #client: StoreClient | undefined
  #next = 1
  #end: number

  /** @param client of the store; without one they are unique in this process only */
  constructor(client: StoreClient | undefined) {
    this.#client = client
    this.#end = client === undefined ? Number.POSITIVE_INFINITY : 1
  }

  async next(): Promise<number> {
    if (this.#next >= this.#end && this.#client !== undefined) {
      this.#next = await this.#client.ask('reserveOrigins', { count: block })
      this.#end = this.#next + block
    }
    this.#next += 1
    return this.#next - 1
  }
}
