/**
 * The one worker entry of all threads (`troupe/host`): bundlers name this file, see
 * `docs/bundling.md`. One long task per thread: its promise is the pool's death monitor.
 *
 * Tasks are loaded on demand, so that a host loads no SQLite and the store no app.
 */
import '../../mailbox/supported-node.ts'
import { workerData } from 'node:worker_threads'
import type { ArchiveStart } from '../store/archive-task.ts'
import type { BackupStart } from '../store/backup-job.ts'
import type { StoreStart } from '../store/control.ts'
import type { HistoryStart } from '../store/history-task.ts'
import { type FaultOptions, loadFaults } from '../wire/fault-module.ts'
import type { HostStart } from '../wire/host-control.ts'

/** What a thread is for. */
export type Task =
  | ({ readonly role: 'host' } & HostStart)
  | ({ readonly role: 'store' } & StoreStart)
  | ({ readonly role: 'archive' } & ArchiveStart)
  | ({ readonly role: 'backup' } & BackupStart)
  | ({ readonly role: 'history' } & HistoryStart)

/** Runs one thread's task to its end; the thread pool calls it. */
async function runTask(task: Task): Promise<void> {
  const slot = task.role === 'host' ? { slot: task.slot } : {}
  const options = (workerData as { readonly faults?: FaultOptions } | null)?.faults
  const faults = await loadFaults(options, { role: task.role, ...slot })
  switch (task.role) {
    case 'host':
      return (await import('./host-task.ts')).runHost(task, faults)
    case 'store':
      return (await import('../store/store-task.ts')).runStore(task, faults)
    case 'archive':
      return (await import('../store/archive-task.ts')).runArchivist(task, faults)
    case 'backup':
      return (await import('../store/backup-job.ts')).runBackupTask(task, faults)
    case 'history':
      return (await import('../store/history-task.ts')).runHistory(task)
    default:
      task satisfies never
  }
}

// biome-ignore lint/style/noDefaultExport: the thread pool calls a worker's default export
export default runTask
