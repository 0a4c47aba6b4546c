/**
 * The promise of a call out of a turn, which knows whether anybody waits for it.
 *
 * A call that fails and that nobody awaited must neither vanish nor, as Node has it, end the thread
 * with all its actors: it fails its own turn.
 */
export class StepPromise<T> extends Promise<T> {
  /** Somebody awaited it or attached a handler. */
  observed = false

  /** Promises derived from it are ordinary ones. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.observed = true
    return super.then(fulfilled, rejected)
  }

  /** Looks at the end without counting as somebody who waits for it. */
  whenSettled(fulfilled: () => void, rejected: (error: unknown) => void): void {
    void super.then(fulfilled, rejected)
  }
}
