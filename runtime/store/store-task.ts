/**
 * The task of the store's thread: one engine, one service, a port for each client.
 */
import type { MessagePort } from 'node:worker_threads'
import { SystemClock } from '../../mailbox/clock.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import { offer } from '../wire/control.ts'
import type { StoreControl, StoreStart } from './control.ts'
import type { FromStore, ToStore } from './protocol.ts'
import { StoreService } from './store-service.ts'

/** Runs the store until it is closed. */
export async function runStore(
  { path, acceptLoss, app, checkpointEvery, checkpointAfter, renamed, control }: StoreStart,
  faults: Faults | undefined,
): Promise<void> {
  let service: StoreService | undefined
  let end!: () => void
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const offered: StoreControl = {
    open: () => {
      const store = openSqliteStore(path, { acceptLoss, app, renamed, faults })
      service = new StoreService(store, new SystemClock(), setImmediate, {
        checkpointEvery,
        checkpointAfter,
        faults,
      })
    },
    connect: ({ slot, port }) => {
      const receive = service?.connect(slot, wireOf(port))
      port.on('message', (message: ToStore) => receive?.(message))
    },
    quarantine: (all) => service?.quarantine(all),
    start: () => service?.start(),
    close: () => {
      try {
        service?.close()
      } finally {
        setImmediate(() => {
          control.close()
          end()
        })
      }
    },
  }
  offer(offered, control)
  await ended
}

function wireOf(port: MessagePort): { post(message: FromStore): void } {
  return { post: (message) => port.postMessage(message) }
}
