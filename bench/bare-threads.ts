/** The main side of the bounds' threads: makes one with a role, asks it, waits for its answer. */
import { MessageChannel, Worker } from 'node:worker_threads'
import type { BareStart } from './bare-thread.ts'

export class BareThread {
  readonly #worker: Worker

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  /** Resolves when it is up. */
  static async start(start: BareStart): Promise<BareThread> {
    const worker = new Worker(new URL('./bare-thread.ts', import.meta.url), {
      workerData: start,
      transferList: start.port === undefined ? [] : [start.port],
    })
    const thread = new BareThread(worker)
    await thread.#answer()
    return thread
  }

  /** Two threads with a channel between them. */
  static async pair(
    one: Omit<BareStart, 'port'>,
    other: Omit<BareStart, 'port'>,
  ): Promise<readonly [BareThread, BareThread]> {
    const { port1, port2 } = new MessageChannel()
    return await Promise.all([
      BareThread.start({ ...one, port: port1 }),
      BareThread.start({ ...other, port: port2 }),
    ])
  }

  /** One at a time. */
  ask(value: unknown, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    const answer = this.#answer()
    this.#worker.postMessage(value, [...transfer])
    return answer
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = (value: unknown): void => {
        this.#worker.off('error', reject)
        resolve(value)
      }
      this.#worker.once('message', settle)
      this.#worker.once('error', reject)
    })
  }
}
