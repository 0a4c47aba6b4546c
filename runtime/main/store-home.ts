/**
 * The main thread's hold on the store: on threads of its own for a file, inline for `memory` and
 * for `workers: 0`. Either way clients connect by slot and talk the same protocol.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Clock } from '../../mailbox/clock.ts'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import { runArchive } from '../store/archive.ts'
import type { StoreControl } from '../store/control.ts'
import { openInlineStore } from '../store/inline-store.ts'
import type { FromStore, ToStore, Wire } from '../store/protocol.ts'
import type { StoreService } from '../store/store-service.ts'
import { archiveSlot } from '../store/upkeep.ts'
import { call, moving } from '../wire/control.ts'
import type { ThreadPool } from './pool.ts'

/** A store that clients can connect to. */
export interface StoreHome {
  /** For a client on this thread. */
  connect(slot: number, receive: (message: FromStore) => void): Promise<Wire<ToStore>>
  /** For a client on another thread: the port to hand over. */
  connectRemote(slot: number): Promise<MessagePort>
  /** Durable timers may fire from now on. */
  start(): Promise<void>
  close(): Promise<void>
  /** Rejects when the store's thread dies. */
  readonly death: Promise<never>
}

export interface StoreFile {
  readonly path: string
  readonly acceptLoss: boolean
}

/** Opens a file on a thread of its own, with an archivist on another. */
export async function openStoreThread(
  { path, acceptLoss }: StoreFile,
  pool: ThreadPool,
  worker: URL,
): Promise<StoreHome> {
  const { port1: mine, port2: theirs } = new MessageChannel()
  const start = { role: 'store', path, acceptLoss, control: theirs }
  const thread = pool.run(worker, start, [theirs])
  const death = deathOf(thread.ended, 'the store thread')
  const remote = call<StoreControl>(mine, death)
  const connectRemote = async (slot: number): Promise<MessagePort> => {
    const { port1, port2 } = new MessageChannel()
    await remote.connect(moving({ slot, port: port2 }, [port2]))
    return port1
  }
  let archivist: Archivist
  try {
    await remote.open()
    archivist = startArchivist(path, await connectRemote(archiveSlot), pool, worker)
  } catch (error) {
    thread.kill()
    mine.close()
    throw error
  }
  const ports: MessagePort[] = []
  return {
    death,
    connectRemote,
    async connect(_slot, receive) {
      const port = await connectRemote(_slot)
      ports.push(port)
      port.on('message', receive)
      return { post: (message, transfer = []) => port.postMessage(message, transfer) }
    },
    start: () => remote.start(),
    async close() {
      await archivist.end()
      const closed = remote.close()
      // The thread may be gone before the answer is here: that is an answer too.
      closed.catch(() => undefined)
      await Promise.race([closed, thread.ended])
      await thread.ended
      for (const port of ports) port.close()
      mine.close()
    },
  }
}

/** The archivist's thread, as far as the main thread cares. */
interface Archivist {
  /** Resolves when it holds the file no more, however it ended. */
  end(): Promise<void>
}

function startArchivist(
  path: string,
  store: MessagePort,
  pool: ThreadPool,
  worker: URL,
): Archivist {
  const { port1: mine, port2: alive } = new MessageChannel()
  const thread = pool.run(worker, { role: 'archive', path, store, alive }, [store, alive])
  return {
    async end() {
      mine.close()
      await thread.ended.catch(() => undefined)
    },
  }
}

/** Opens a store on this thread. */
export async function openStoreHere(file: StoreFile | undefined, clock: Clock): Promise<StoreHome> {
  const store = file === undefined ? openMemoryStore() : await openFile(file)
  const inline = openInlineStore(store, clock, setImmediate)
  const stopArchive = file && (await archiveHere(file.path, inline.service))
  return {
    death: new Promise(() => undefined),
    connect: (slot, receive) => Promise.resolve({ post: inline.connect(slot, receive) }),
    connectRemote: (slot) => Promise.resolve(portTo(inline.service, slot)),
    start: () => Promise.resolve(inline.service.start()),
    close: () => {
      stopArchive?.()
      return Promise.resolve(inline.service.close())
    },
  }
}

/** SQLite is loaded only when a file is opened. */
async function openFile({
  path,
  acceptLoss,
}: StoreFile): Promise<ReturnType<typeof openMemoryStore>> {
  const { openSqliteStore } = await import('../../persistence/sqlite/sqlite-store.ts')
  return openSqliteStore(path, { acceptLoss })
}

async function archiveHere(path: string, service: StoreService): Promise<() => void> {
  const { openSqliteReader } = await import('../../persistence/sqlite/sqlite-store.ts')
  const reader = openSqliteReader(path)
  let post: (message: ToStore) => void = () => undefined
  const receive = runArchive(reader.medium, { post: (message) => post(message) })
  post = service.connect(archiveSlot, { post: (message) => receive(message) })
  return () => reader.close()
}

/** A port whose other end is the inline service: hosts on threads, the store in memory here. */
function portTo(service: StoreService, slot: number): MessagePort {
  const { port1, port2 } = new MessageChannel()
  const receive = service.connect(slot, { post: (message) => port1.postMessage(message) })
  port1.on('message', (message: ToStore) => receive(message))
  port1.unref()
  return port2
}

/** A promise that only ever rejects, when the task ends in any way. */
export function deathOf(ended: Promise<void>, who: string): Promise<never> {
  const death = ended.then(
    () => Promise.reject(new Error(`${who} ended`)),
    (error) => Promise.reject(error),
  )
  death.catch(() => undefined)
  return death
}
