/**
 * The task of the archivist's thread: a read-only connection and a port to the store.
 */
import type { MessagePort } from 'node:worker_threads'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'
import { runArchive } from './archive.ts'
import type { FromStore } from './protocol.ts'

export interface ArchiveStart {
  readonly path: string
  readonly store: MessagePort
}

/** Runs until the store closes its port. */
export async function runArchivist({ path, store }: ArchiveStart): Promise<void> {
  const reader = openSqliteReader(path)
  const receive = runArchive(reader.medium, {
    post: (message) => store.postMessage(message),
  })
  store.on('message', (message: FromStore) => receive(message))
  await new Promise<void>((resolve) => store.once('close', resolve))
  reader.close()
}
