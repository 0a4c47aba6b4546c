/**
 * The task of the archivist's thread: a read-only connection and a port to the store.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Faults } from '../../mailbox/fault-points.ts'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'
import { type Retention, runArchive } from './archive.ts'
import type { FromStore, ToStore } from './protocol.ts'

export interface ArchiveStart {
  readonly path: string
  readonly retention: Retention | undefined
  readonly store: MessagePort
  /** Closed by the main thread when this one shall end. */
  readonly alive: MessagePort
}

/**
 * Runs until it is told to end. It must end before the store closes: only the last connection to a
 * file clears the write-ahead log away.
 */
export async function runArchivist(
  { path, retention, store, alive }: ArchiveStart,
  faults: Faults | undefined,
): Promise<void> {
  const reader = openSqliteReader(path)
  const wire = { post: (message: ToStore) => store.postMessage(message) }
  const receive = runArchive(reader.medium, wire, retention, faults)
  store.on('message', (message: FromStore) => receive(message))
  await new Promise<void>((resolve) => alive.once('close', resolve))
  reader.close()
  store.close()
}
