/**
 * The main thread's hold on the store: inline for `memory` and for `workers: 0`, else on threads of
 * its own (`store-thread.ts`). Either way clients connect by slot and talk the same protocol.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Clock } from '../../mailbox/clock.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import type { Quarantined } from '../../persistence/suspects-file.ts'
import { type Retention, runArchive } from '../store/archive.ts'
import type { HistoryAsk, HistoryPage } from '../store/history-page.ts'
import { openInlineStore } from '../store/inline-store.ts'
import type { FromStore, ToStore, Wire } from '../store/protocol.ts'
import type { StoreService } from '../store/store-service.ts'
import { archiveSlot } from '../store/upkeep.ts'

/** A store that clients can connect to. */
export interface StoreHome {
  /** For a client on this thread. */
  connect(slot: number, receive: (message: FromStore) => void): Promise<Wire<ToStore>>
  /** For a client on another thread: the port to hand over. */
  connectRemote(slot: number): Promise<MessagePort>
  /** All that is quarantined, whenever that changes (F3): told again to a thread that replaces this one. */
  quarantine(all: readonly Quarantined[]): Promise<void>
  /** Durable timers may fire from now on. */
  start(): Promise<void>
  close(): Promise<void>
  /** A page of the history, read beside the store; absent where its own thread is the only one. */
  readonly history?: (ask: HistoryAsk) => Promise<HistoryPage>
  /** Ends the store's thread at once; it is replaced like any that dies. False without one. */
  kill(): boolean
  /** Who to tell of the death of the store's thread. */
  watch(watcher: StoreWatcher): void
}

/** Told when the store's thread died, and when another has the file. */
export interface StoreWatcher {
  fell(error: unknown): void
  /** Connects everybody anew; their wires and ports lead nowhere until then. */
  back(): Promise<void>
}

export interface StoreFile {
  readonly path: string
  readonly acceptLoss: boolean
  /** Path of the app module. */
  readonly app: string | undefined
  readonly retention: Retention | undefined
  readonly checkpointEvery: number | undefined
  readonly checkpointAfter: number | undefined
  /** Types of actors that have another name from now on, old to new (D9). */
  readonly renamed: ReadonlyMap<string, string>
}

/** Opens a store on this thread. */
export async function openStoreHere(
  file: StoreFile | undefined,
  clock: Clock,
  faults?: Faults,
): Promise<StoreHome> {
  const store = file === undefined ? openMemoryStore({ faults }) : await openFile(file, faults)
  const { service } = openInlineStore(store, clock, setImmediate, {
    checkpointEvery: file?.checkpointEvery,
    checkpointAfter: file?.checkpointAfter,
    faults,
  })
  return inlineHome(service, file && (await archiveHere(file, service, faults)))
}

/** @param stopArchive ends what reads beside the service */
export function inlineHome(service: StoreService, stopArchive?: () => void): StoreHome {
  return {
    kill: () => false,
    watch: () => undefined,
    connect: (slot, receive) => Promise.resolve(wireTo(service, slot, receive)),
    connectRemote: (slot) => Promise.resolve(portTo(service, slot)),
    quarantine: (all) => Promise.resolve(service.quarantine(all)),
    start: () => Promise.resolve(service.start()),
    close: () => {
      stopArchive?.()
      return Promise.resolve(service.close())
    },
  }
}

function wireTo(
  service: StoreService,
  slot: number,
  receive: (message: FromStore) => void,
): Wire<ToStore> {
  return { post: service.connect(slot, { post: receive }) }
}

/** SQLite is loaded only when a file is opened. */
async function openFile(
  { path, acceptLoss, app, renamed }: StoreFile,
  faults: Faults | undefined,
): Promise<ReturnType<typeof openMemoryStore>> {
  const { openSqliteStore } = await import('../../persistence/sqlite/sqlite-store.ts')
  return openSqliteStore(path, { acceptLoss, app, renamed, faults })
}

async function archiveHere(
  { path, retention }: StoreFile,
  service: StoreService,
  faults: Faults | undefined,
): Promise<() => void> {
  const { openSqliteReader } = await import('../../persistence/sqlite/sqlite-store.ts')
  const reader = openSqliteReader(path)
  let post: (message: ToStore) => void = () => undefined
  const wire = { post: (message: ToStore) => post(message) }
  const receive = runArchive(reader.medium, wire, retention, faults)
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
