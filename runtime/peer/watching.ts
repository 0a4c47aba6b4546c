/**
 * Who wants to know when an actor of this thread ends, and the telling (F6). Kept beside the actors and
 * not in them, since a watch outlives a passivated actor.
 *
 * A durable watcher hears of every end from the store: a record makes the termination pending for it, so
 * that no death of a thread or process can come between. A durable actor says its end itself, before it is
 * gone; that of a volatile one is recorded from here, when somebody durable watches it. Volatile watchers
 * are told by a signal.
 *
 * Invariant: a watch is answered at most once from here; the watcher itself drops what it does not await.
 */
import type { Cell } from '../../actors/cell/cell.ts'
import type { Signal } from '../../actors/cell/signal.ts'

/** The thread whose actors are watched. */
export interface WatchedThread {
  readonly residents: { get(id: string): Cell | undefined }
  /** Asks the store; absent without one. */
  readonly journal: { hasEnded(actor: string): Promise<boolean> } | undefined
  readonly heard: number
  isDurable(id: string): boolean
  /** Has the store tell all durable watchers. */
  recordEnd(actor: string): Promise<void>
  signal(to: string, signal: Signal): void
  /** It may be quiet now. */
  touched(): void
}

export class Watching {
  readonly #thread: WatchedThread
  /** By watched actor: who watches it, and whether the store tells of an end that a record says. */
  readonly #watchers = new Map<string, Map<string, boolean>>()
  /** Questions to the store that are out. */
  #asking = 0

  constructor(thread: WatchedThread) {
    this.#thread = thread
  }

  get isIdle(): boolean {
    return this.#asking === 0
  }

  has(watched: string): boolean {
    return this.#watchers.has(watched)
  }

  /** An actor that is not there any more is reported as terminated at once. */
  watch(watched: string, by: string): void {
    const thread = this.#thread
    const cell = thread.residents.get(watched)
    const isStored = thread.isDurable(by)
    if (!thread.isDurable(watched)) {
      if (cell !== undefined) return this.#add(watched, by, isStored)
      return isStored ? void thread.recordEnd(watched) : this.#tell(by, watched)
    }
    // The last record of one that ends may be older than this watch, and then does not tell it.
    this.#add(watched, by, isStored && cell?.hasSaidItsEnd !== true)
    if (cell === undefined && !isStored) void this.#askStore(watched, by)
  }

  unwatch(watched: string, by: string): void {
    const watchers = this.#watchers.get(watched)
    watchers?.delete(by)
    if (watchers?.size === 0) this.#watchers.delete(watched)
  }

  /** The actor has left for good; all watches of it are over. */
  ended({ id, hasSaidItsEnd }: Cell): void {
    const watchers = this.#watchers.get(id) ?? []
    this.#watchers.delete(id)
    const isVolatile = !this.#thread.isDurable(id)
    let isRecorded = false
    for (const [by, isStored] of watchers) {
      if (isStored && isVolatile) isRecorded = true
      else if (!(isStored && hasSaidItsEnd)) this.#tell(by, id)
    }
    if (isRecorded) void this.#thread.recordEnd(id)
  }

  /** A durable actor that is not in memory exists, unless it was destroyed. */
  async #askStore(watched: string, by: string): Promise<void> {
    this.#asking += 1
    // Without an answer the store has ended, and the system with it.
    const hasEnded = await this.#thread.journal?.hasEnded(watched).catch(() => false)
    this.#asking -= 1
    if (hasEnded === true && this.#watchers.get(watched)?.has(by)) {
      this.unwatch(watched, by)
      this.#tell(by, watched)
    }
    this.#thread.touched()
  }

  #add(watched: string, by: string, isStored: boolean): void {
    const watchers = this.#watchers.get(watched) ?? new Map<string, boolean>()
    watchers.set(by, isStored)
    this.#watchers.set(watched, watchers)
  }

  #tell(by: string, who: string): void {
    this.#thread.signal(by, { kind: 'terminated', who, heard: this.#thread.heard })
  }
}
