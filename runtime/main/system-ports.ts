/**
 * What a system stands on: time, chance, the event loop, its peer and its store. A system for tests
 * brings others (`runtime/testing/test-ports.ts`) and is put together by the same `boot`.
 */
import { fileURLToPath } from 'node:url'
import type { App } from '../../actors/app.ts'
import { type Clock, SystemClock } from '../../mailbox/clock.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { Peer } from '../peer/peer.ts'
import type { PeerOptions } from '../peer/peer-options.ts'
import type { CheckedOptions } from './options.ts'
import type { ThreadPool } from './pool.ts'
import { openStoreHere, type StoreFile, type StoreHome } from './store-home.ts'
import { StoreThread } from './store-thread.ts'
import { workerFile } from './worker-file.ts'

export interface SystemPorts {
  readonly clock: Clock
  /** Between 0 and 1, for back-offs. */
  readonly jitter: () => number
  /** Runs a function after what the event loop has ready now. */
  readonly soon: (run: () => void) => void
  readonly makePeer: (options: PeerOptions) => Peer
  readonly openStore: (order: StoreOrder) => Promise<StoreHome | undefined>
}

/** Which store to open, and where. */
export interface StoreOrder {
  readonly app: App
  readonly options: CheckedOptions
  readonly clock: Clock
  /** Undefined when everything runs on the calling thread. */
  readonly pool: ThreadPool | undefined
  readonly faults: Faults | undefined
}

/** The machine's own. */
export function livePorts(): SystemPorts {
  return {
    clock: new SystemClock(),
    jitter: Math.random,
    soon: setImmediate,
    makePeer: (options) => new Peer(options),
    openStore,
  }
}

async function openStore(order: StoreOrder): Promise<StoreHome | undefined> {
  const { app, options, clock, pool, faults } = order
  if (options.store === undefined) return undefined
  if (options.store === 'memory') return openStoreHere(undefined, clock, faults)
  const file = storeFile(app, options, options.store)
  if (options.workers === 0 || pool === undefined) return openStoreHere(file, clock, faults)
  return StoreThread.open(file, pool, workerFile(options.host))
}

function storeFile({ url, renamed }: App, options: CheckedOptions, path: string): StoreFile {
  const { acceptLoss, retention, checkpointEvery, checkpointAfter } = options
  const app = url.startsWith('file:') ? fileURLToPath(url) : undefined
  return { path, acceptLoss, app, retention, checkpointEvery, checkpointAfter, renamed }
}
