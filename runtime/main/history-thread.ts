/**
 * The thread that answers history queries of a store file: it begins with the first query, so that a
 * long one holds up neither the store's thread nor this one, and ends with the store.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { HistoryAsk, HistoryPage } from '../store/history-page.ts'
import type { HistoryControl } from '../store/history-task.ts'
import { call, type Remote } from '../wire/control.ts'
import type { Thread, ThreadPool } from './pool.ts'
import { deathOf } from './store-home.ts'

interface Running {
  readonly thread: Thread
  readonly control: MessagePort
  readonly remote: Remote<HistoryControl>
}

export class HistoryThread {
  readonly #path: string
  readonly #pool: ThreadPool
  readonly #worker: URL
  #running: Running | undefined

  constructor(path: string, pool: ThreadPool, worker: URL) {
    this.#path = path
    this.#pool = pool
    this.#worker = worker
  }

  /** @throws what reading throws, or the cause of the thread's death: the next call begins another */
  page(ask: HistoryAsk): Promise<HistoryPage> {
    this.#running ??= this.#begin()
    return this.#running.remote.page(ask)
  }

  /** Resolves when it holds the file no more. */
  async end(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    running?.control.close()
    await running?.thread.ended.catch(() => undefined)
  }

  #begin(): Running {
    const { port1: control, port2: theirs } = new MessageChannel()
    const start = { role: 'history', path: this.#path, control: theirs }
    const thread = this.#pool.run(this.#worker, start, [theirs])
    const remote = call<HistoryControl>(control, deathOf(thread.ended, 'the history thread'))
    const running = { thread, control, remote }
    thread.ended.catch(() => {
      if (this.#running === running) this.#running = undefined
      control.close()
    })
    return running
  }
}
