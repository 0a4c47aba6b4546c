/**
 * One backup, and the pruning after it, on whatever thread: what `system.backup` and the backups of
 * `createSystem({ backup })` run.
 */
import type { MessagePort } from 'node:worker_threads'
import { emptyBook } from '../../actors/cell/book.ts'
import { encodeError } from '../../actors/cell/error-data.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import {
  type BackupProgress,
  type Manifest,
  pruneBackups,
  takeBackup,
} from '../../persistence/backup/index.ts'

export interface BackupJob {
  /** The store's file. */
  readonly file: string
  readonly folder: string
  /** Good backups to keep; undefined removes none. */
  readonly keep: number | undefined
}

export interface BackupDone {
  readonly manifest: Manifest
  /** Names of the backups that were removed. */
  readonly removed: readonly string[]
}

export interface BackupStart extends BackupJob {
  /** Says how it goes; closed, or spoken to, when it shall end. */
  readonly port: MessagePort
}

/** From the backup's thread. */
export type FromBackup =
  | { readonly kind: 'progress'; readonly progress: BackupProgress }
  | { readonly kind: 'done'; readonly done: BackupDone }
  | { readonly kind: 'failed'; readonly error: ReturnType<typeof encodeError> }

export async function runBackup(
  { file, folder, keep }: BackupJob,
  signal: AbortSignal,
  progress: (progress: BackupProgress) => void,
  faults?: Faults,
): Promise<BackupDone> {
  const options = { emptyMeta: emptyBook, signal, progress, faults }
  const manifest = await takeBackup(file, folder, options)
  if (keep === undefined) return { manifest, removed: [] }
  // What is byte for byte the file whose folds were checked then needs no second fold.
  const pruned = await pruneBackups(folder, keep, { ...options, depth: 'checksums' })
  return { manifest, removed: pruned.removed }
}

/** The task of a backup's own thread. */
export async function runBackupTask(
  { port, ...job }: BackupStart,
  faults: Faults | undefined,
): Promise<void> {
  const abort = new AbortController()
  port.once('message', () => abort.abort())
  port.once('close', () => abort.abort())
  const say = (message: FromBackup): void => port.postMessage(message)
  let last = ''
  try {
    const told = ({ phase, done, total }: BackupProgress): void => {
      const now = `${phase} ${Math.floor((100 * done) / Math.max(1, total))}`
      if (now === last) return
      last = now
      say({ kind: 'progress', progress: { phase, done, total } })
    }
    const done = await runBackup(job, abort.signal, told, faults)
    say({ kind: 'done', done })
  } catch (error) {
    say({ kind: 'failed', error: encodeError(error) })
  } finally {
    port.close()
  }
}
