/**
 * Threads from piscina: one long task per thread. The task's promise is the death monitor, an abort
 * is the kill switch, resource limits are the fence.
 */
import type { ResourceLimits, Transferable, Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'

/** Environment variable that only these threads have. */
export const hostMarker = 'TROUPE_HOST_THREAD'

/** A running thread. */
export interface Thread {
  /** Resolves when its task ended by itself; rejects with the cause of its death. */
  readonly ended: Promise<void>
  /** Ends the thread at once, whatever it is doing. */
  kill(): void
}

export class ThreadPool {
  readonly #pool: Piscina
  /** Threads that have not ended: a killed one goes on for a while. */
  readonly #exits = new Map<Worker, Promise<void>>()

  /**
   * @param threads how many, all long-lived
   * @param heap megabytes of heap per thread; undefined for Node's default
   * @param data each thread's `workerData`
   */
  constructor(threads: number, heap?: number, data?: object) {
    this.#pool = new Piscina({
      minThreads: 0,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      // Its default idle loop would block a thread's event loop.
      atomics: 'disabled',
      idleTimeout: 0,
      // Tells createSystem that it was called from an app module inside one of these threads.
      env: { ...process.env, [hostMarker]: '1' },
      ...(data !== undefined && { workerData: data }),
      ...(heap !== undefined && { resourceLimits: limitsOf(heap) }),
    })
    // Deaths are handled where the task is awaited; this only keeps them from being uncaught.
    this.#pool.on('error', () => undefined)
  }

  /** Starts a worker file's default export with `start` on a thread of its own. */
  run(file: URL, start: object, moving: readonly Transferable[]): Thread {
    const abort = new AbortController()
    const ended = this.#pool.run(start, {
      filename: file.href,
      signal: abort.signal,
      transferList: moving as never,
    }) as Promise<void>
    // Whoever watches handles it; a death before anybody looks must not be an unhandled one.
    ended.catch(() => undefined)
    this.#noteThreads()
    return { ended, kill: () => abort.abort(new Error('killed by the runtime')) }
  }

  /** Milliseconds for which a thread's event loop has been idle so far; told also of one that is stuck. */
  idleOf(threadId: number): number {
    const worker = this.#pool.threads.find((thread) => thread.threadId === threadId)
    return worker?.performance.eventLoopUtilization().idle ?? 0
  }

  /** The pool makes a thread when a task needs one, and forgets it when it is killed. */
  #noteThreads(): void {
    for (const worker of this.#pool.threads) {
      if (this.#exits.has(worker)) continue
      const exit = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
      this.#exits.set(worker, exit)
      void exit.then(() => this.#exits.delete(worker))
    }
  }

  /** Ends all threads; resolves when the last one is gone, those killed before included. */
  async destroy(): Promise<void> {
    this.#noteThreads()
    await this.#pool.destroy()
    await Promise.all(this.#exits.values())
  }
}

/**
 * The young generation follows the old one in V8's own ratio. Left alone it may take 48 MB of every
 * thread, whatever the limit.
 */
function limitsOf(heap: number): ResourceLimits {
  return {
    maxOldGenerationSizeMb: heap,
    maxYoungGenerationSizeMb: Math.max(2, Math.round((heap * 3) / 128)),
  }
}
