/** What the app's `deps` built on this thread: once, shared by all its actors, released at the end. */
import type { PeerOptions } from './peer-options.ts'

export class ThreadDeps {
  readonly #build: PeerOptions['deps']
  readonly #slot: number
  readonly #shutdown = new AbortController()
  #made: { readonly value: unknown } | undefined

  constructor(build: PeerOptions['deps'], slot: number) {
    this.#build = build
    this.#slot = slot
  }

  /** Dependencies, or a promise of them; after a failure the next call tries again. */
  get value(): unknown {
    if (this.#made !== undefined) return this.#made.value
    if (this.#build === undefined) return undefined
    const value = this.#build({ slot: this.#slot, signal: this.#shutdown.signal })
    this.#made = { value }
    if (value instanceof Promise) this.#follow(value)
    return value
  }

  #follow(made: Promise<unknown>): void {
    made.then(
      (value) => {
        this.#made = { value }
      },
      () => {
        this.#made = undefined
      },
    )
  }

  async dispose(release: ((deps: unknown) => unknown) | undefined): Promise<void> {
    this.#shutdown.abort()
    const deps = await this.#made?.value
    if (this.#made !== undefined) await release?.(deps)
  }
}
