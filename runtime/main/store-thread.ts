/**
 * A store on a thread of its own, with its archivist on another.
 *
 *   open ──► running ──► fell ──► opening again, with growing pauses ──► running
 *                └──► closed
 *
 * The death of its thread is for everybody what a failed commit is (D5): what it had committed and
 * not said is read back, the rest is undone, and all go on. Nothing waits for ever.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Quarantined } from '../../persistence/suspects-file.ts'
import type { StoreControl } from '../store/control.ts'
import type { HistoryAsk, HistoryPage } from '../store/history-page.ts'
import type { FromStore, ToStore, Wire } from '../store/protocol.ts'
import { archiveSlot } from '../store/upkeep.ts'
import { call, moving, type Remote } from '../wire/control.ts'
import { HistoryThread } from './history-thread.ts'
import type { Thread, ThreadPool } from './pool.ts'
import { deathOf, type StoreFile, type StoreHome, type StoreWatcher } from './store-home.ts'

/** Longest pause in ms between two attempts to open the file again. */
const longestPause = 5_000

/** One thread that has the file. */
interface Running {
  readonly thread: Thread
  readonly control: MessagePort
  readonly remote: Remote<StoreControl>
  readonly archivist: Archivist
}

/** A client on the main thread. */
interface LocalClient {
  readonly receive: (message: FromStore) => void
  port: MessagePort
}

export class StoreThread implements StoreHome {
  readonly #file: StoreFile
  readonly #pool: ThreadPool
  readonly #worker: URL
  readonly #clients = new Map<number, LocalClient>()
  readonly #history: HistoryThread
  #running!: Running
  #watcher: StoreWatcher | undefined
  #quarantined: readonly Quarantined[] = []
  #started = false
  #closing = false

  private constructor(file: StoreFile, pool: ThreadPool, worker: URL) {
    this.#file = file
    this.#pool = pool
    this.#worker = worker
    this.#history = new HistoryThread(file.path, pool, worker)
  }

  /** @throws STORE_LOCKED, STORE_NEWER, STORE_READONLY, STORE_CORRUPT, STORE_TAIL_LOST */
  static async open(file: StoreFile, pool: ThreadPool, worker: URL): Promise<StoreThread> {
    const store = new StoreThread(file, pool, worker)
    await store.#launch()
    return store
  }

  async connect(slot: number, receive: (message: FromStore) => void): Promise<Wire<ToStore>> {
    const client = { receive, port: await this.#connectLocal(slot, receive) }
    this.#clients.set(slot, client)
    return { post: (message, transfer = []) => client.port.postMessage(message, transfer) }
  }

  async connectRemote(slot: number): Promise<MessagePort> {
    return await portOf(this.#running.remote, slot)
  }

  history(ask: HistoryAsk): Promise<HistoryPage> {
    return this.#closing ? Promise.reject(closedError()) : this.#history.page(ask)
  }

  async quarantine(all: readonly Quarantined[]): Promise<void> {
    this.#quarantined = all
    await this.#running.remote.quarantine(all).catch(() => undefined)
  }

  /** Should the thread die meanwhile, the next one starts by itself. */
  async start(): Promise<void> {
    this.#started = true
    await this.#running.remote.start().catch(() => undefined)
  }

  kill(): boolean {
    this.#running.thread.kill()
    return true
  }

  watch(watcher: StoreWatcher): void {
    this.#watcher = watcher
  }

  async close(): Promise<void> {
    this.#closing = true
    const { thread, control, remote, archivist } = this.#running
    await Promise.all([archivist.end(), this.#history.end()])
    const closed = remote.close()
    // The thread may be gone before the answer is here: that is an answer too.
    closed.catch(() => undefined)
    await Promise.race([closed, thread.ended])
    await thread.ended
    for (const { port } of this.#clients.values()) port.close()
    control.close()
  }

  async #launch(): Promise<void> {
    const { path, acceptLoss, app, checkpointEvery, checkpointAfter, renamed } = this.#file
    const { port1: control, port2: theirs } = new MessageChannel()
    const start = {
      role: 'store',
      path,
      acceptLoss,
      app,
      checkpointEvery,
      checkpointAfter,
      renamed,
      control: theirs,
    }
    const thread = this.#pool.run(this.#worker, start, [theirs])
    const remote = call<StoreControl>(control, deathOf(thread.ended, 'the store thread'))
    try {
      await remote.open()
      const port = await portOf(remote, archiveSlot)
      const archivist = startArchivist(this.#file, port, this.#pool, this.#worker)
      this.#running = { thread, control, remote, archivist }
      thread.ended.catch((error: unknown) => this.#fell(error))
    } catch (error) {
      thread.kill()
      control.close()
      throw error
    }
  }

  async #connectLocal(slot: number, receive: (message: FromStore) => void): Promise<MessagePort> {
    const port = await portOf(this.#running.remote, slot)
    port.on('message', receive)
    return port
  }

  // ── death and return ──────────────────────────────────────────────────────────────────────────

  #fell(error: unknown): void {
    if (this.#closing) return
    this.#watcher?.fell(error)
    void this.#return(1)
  }

  async #return(attempt: number): Promise<void> {
    const { archivist, control } = this.#running
    control.close()
    await archivist.end()
    try {
      await this.#launch()
    } catch (error) {
      return await this.#again(attempt, error)
    }
    // Its death, also by this hand, leads here again.
    await this.#reconnect().catch(() => this.#running.thread.kill())
  }

  async #reconnect(): Promise<void> {
    for (const [slot, client] of this.#clients) {
      client.port.close()
      client.port = await this.#connectLocal(slot, client.receive)
    }
    await this.#running.remote.quarantine(this.#quarantined)
    await this.#watcher?.back()
    if (this.#started) await this.#running.remote.start()
  }

  async #again(attempt: number, error: unknown): Promise<void> {
    if (this.#closing) return
    this.#watcher?.fell(error)
    const pause = Math.min(longestPause, 50 * 2 ** attempt)
    await new Promise((resolve) => setTimeout(resolve, pause).unref())
    if (!this.#closing) await this.#return(attempt + 1)
  }
}

async function portOf(remote: Remote<StoreControl>, slot: number): Promise<MessagePort> {
  const { port1, port2 } = new MessageChannel()
  await remote.connect(moving({ slot, port: port2 }, [port2]))
  return port1
}

/** The archivist's thread, as far as the main thread cares. */
interface Archivist {
  /** Resolves when it holds the file no more, however it ended. */
  end(): Promise<void>
}

function startArchivist(
  { path, retention }: StoreFile,
  store: MessagePort,
  pool: ThreadPool,
  worker: URL,
): Archivist {
  const { port1: mine, port2: alive } = new MessageChannel()
  const thread = pool.run(worker, { role: 'archive', path, retention, store, alive }, [
    store,
    alive,
  ])
  return {
    async end() {
      mine.close()
      await thread.ended.catch(() => undefined)
    },
  }
}

function closedError(): TroupeError {
  return new TroupeError('SYSTEM_CLOSED', 'the system is closing or closed, its history with it')
}
