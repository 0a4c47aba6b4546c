/**
 * Wakes the actors of one thread whose messages wait in the store, a bounded number at a time: a
 * backlog for a million actors must not make a million of them. Whoever is not woken yet waits in the
 * store's pending set, and comes up at once when somebody writes to it.
 *
 *   idle ── begin ──► waking ◄──► waiting (wokenAtOnce have not caught up) ──► idle
 *
 * Invariant: an actor takes one place from its wake until it has caught up, has failed to come up, or
 * has left memory.
 */
import type { Cell } from '../../actors/cell/cell.ts'
import type { StoreClient } from './store-client.ts'
import { wakePages } from './wake-pages.ts'

/** Most actors of one thread that were woken and have not caught up yet. */
export const wokenAtOnce = 256

/** The thread it wakes actors of. */
export interface WakerSide {
  livesHere(actor: string): boolean
  wake(actor: string): Cell | undefined
  /** It is done: whoever waits for quiet may have waited for this. */
  touched(): void
}

export class Waker {
  readonly #store: StoreClient
  readonly #side: WakerSide
  readonly #woken = new Set<Cell>()
  #room: (() => void) | undefined
  #running = false
  #again = false

  constructor(store: StoreClient, side: WakerSide) {
    this.#store = store
    this.#side = side
  }

  /** Nobody is left to be woken. */
  get isIdle(): boolean {
    return !this.#running
  }

  /** Looks through all that waits; when it is doing so already, once more from the start. */
  begin(): void {
    this.#again = true
    if (this.#running) return
    this.#running = true
    void this.#run()
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false
      // Questions wait while the store fails; one that is refused means that it has ended.
      await this.#wakeAll().catch(() => undefined)
    }
    this.#running = false
    this.#side.touched()
  }

  async #wakeAll(): Promise<void> {
    for await (const page of wakePages(this.#store)) {
      for (const { actor, pending } of page) {
        if (pending === 0 || !this.#side.livesHere(actor)) continue
        if (this.#woken.size >= wokenAtOnce) await this.#untilRoom()
        const cell = this.#side.wake(actor)
        if (cell !== undefined) this.#woken.add(cell)
      }
    }
  }

  #untilRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  /** Something happened to this actor: it may have caught up. */
  rested(cell: Cell): void {
    if (this.#woken.size > 0 && this.#woken.has(cell) && isDone(cell)) this.left(cell)
  }

  /** It is not in memory any more. */
  left(cell: Cell): void {
    if (!this.#woken.delete(cell)) return
    this.#room?.()
    this.#room = undefined
  }
}

/** It could leave memory now, or will not come up soon; one that stashed stays, but has caught up. */
function isDone(cell: Cell): boolean {
  if (cell.phase === 'backoff' || cell.quiet) return true
  return cell.inbox.stash.size > 0 && cell.phase === 'ready' && cell.settled && !cell.leftInStore
}
