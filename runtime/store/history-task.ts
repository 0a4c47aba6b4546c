/** The task of the thread that answers history queries: a read-only connection, pages on request. */
import type { MessagePort } from 'node:worker_threads'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'
import { offer } from '../wire/control.ts'
import { type HistoryAsk, type HistoryPage, historyPage } from './history-page.ts'

export interface HistoryStart {
  readonly path: string
  /** Closed by the main thread when this one shall end. */
  readonly control: MessagePort
}

export type HistoryControl = {
  readonly page: (ask: HistoryAsk) => HistoryPage
}

/**
 * Runs until it is told to end. It must end before the store closes: only the last connection to a
 * file clears the write-ahead log away.
 */
export async function runHistory({ path, control }: HistoryStart): Promise<void> {
  const reader = openSqliteReader(path)
  const offered: HistoryControl = { page: (ask) => historyPage(reader.history, ask) }
  offer(offered, control)
  await new Promise<void>((resolve) => control.once('close', resolve))
  reader.close()
}
