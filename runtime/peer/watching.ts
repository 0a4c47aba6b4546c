/**
 * Who wants to know when an actor of this thread ends, and the telling (F6). Kept beside the actors and
 * not in them, since a watch outlives a passivated actor.
 *
 * A durable watcher of a durable actor hears of an end that a record says from the store: that commit
 * makes the termination pending for it, so that no death of a thread or process can come between. Here it
 * is told of every other end: its parent stopped it, its activation was given up.
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
  isDurable(id: string): boolean
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
    if (!thread.isDurable(watched)) {
      return cell === undefined ? this.#tell(by, watched) : this.#add(watched, by, false)
    }
    const isStored = thread.isDurable(by)
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
    for (const [by, isStored] of watchers) if (!(isStored && hasSaidItsEnd)) this.#tell(by, id)
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
    this.#thread.signal(by, { kind: 'terminated', who })
  }
}
