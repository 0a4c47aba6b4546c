/**
 * The process in which one SELECT runs: this thread watches, another one (`select-thread.ts`) runs it.
 * It ends by being killed: by whoever began it, or by itself when that one is gone, since nobody would
 * stop an endless query then.
 *
 * Owns the limit of memory: SQLite's own is off in this build.
 */
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { ErrorCode } from '../../mailbox/errors.ts'
import type { Selected, SelectQuery } from './select.ts'

/** What it is told first, and only. */
export interface SelectOrder {
  readonly file: string
  readonly query: SelectQuery
  /** Most bytes this process may take. */
  readonly memory: number
}

/** What it answers. */
export type SelectAnswer =
  | { readonly selected: Selected }
  | { readonly code: ErrorCode; readonly message: string }

const end = (): void => void process.kill(process.pid, 'SIGKILL')

process.once('disconnect', end)
process.once('message', (order: SelectOrder) => {
  const thread = new Worker(threadFile(), { workerData: { file: order.file, query: order.query } })
  thread.once('message', say)
  thread.once('error', (error) => say({ code: 'QUERY_FAILED', message: error.message }))
  setInterval(() => {
    if (process.memoryUsage.rss() > order.memory) say(outgrown(order.memory))
  }, 20)
})

function threadFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(`select-thread${extension}`, import.meta.url))
}

function say(answer: SelectAnswer): void {
  process.send?.(answer, end)
}

const outgrown = (most: number): SelectAnswer => ({
  code: 'QUERY_FAILED',
  message: `The query took more than ${most / 2 ** 20} MiB of memory and was stopped: select less, or sort and group less.`,
})
