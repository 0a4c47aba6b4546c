/**
 * Backups of a running system: on request and by the clock, one at a time, on a thread of their own.
 *
 * A backup that is due while one runs is that one. What went wrong is an event and stands in health;
 * the next one is tried when it is due. A backup never holds up a turn, nor the end of the system.
 */
import { MessageChannel } from 'node:worker_threads'
import { decodeError } from '../../actors/cell/error-data.ts'
import type { CancelAlarm, Clock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { aFunction, aSignal, checkOptions } from '../../mailbox/options.ts'
import type { BackupProgress, Manifest } from '../../persistence/backup/index.ts'
import type { BackupDone, BackupJob, FromBackup } from '../store/backup-job.ts'
import type { BackupPlan } from './backup-plan.ts'
import type { SystemEventEmitter } from './events.ts'
import type { Thread, ThreadPool } from './pool.ts'

/** What `system.backup` may be told. */
export interface SystemBackupOptions {
  /** Cancels the backup; nothing of it is left. */
  readonly signal?: AbortSignal
  /** Told how far it is. */
  readonly progress?: (progress: BackupProgress) => void
}

/** Backups in `system.health()`. */
export interface BackupHealth {
  readonly running: boolean
  /** The last one that was finished by this system. */
  readonly last:
    | { readonly name: string; readonly position: number; readonly at: number }
    | undefined
  /** Why the newest attempt failed; undefined when it did not. */
  readonly error: string | undefined
}

export interface BackupParts {
  /** The store's file; undefined without one. */
  readonly file: string | undefined
  readonly plan: BackupPlan | undefined
  /** Undefined: backups run on the calling thread. */
  readonly pool: ThreadPool | undefined
  readonly worker: URL
  readonly clock: Clock
  readonly events: SystemEventEmitter
  readonly faults: Faults | undefined
}

/** Ms that a cancelled backup has to clean up before its thread is ended. */
const patience = 1_000

export class Backups {
  readonly #parts: BackupParts
  readonly #closing = new AbortController()
  #queue: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #alarm: CancelAlarm | undefined
  #last: BackupHealth['last']
  #error: string | undefined

  constructor(parts: BackupParts) {
    this.#parts = parts
    this.#arm()
  }

  get health(): BackupHealth {
    return { running: this.#waiting > 0, last: this.#last, error: this.#error }
  }

  /**
   * Takes a backup after the one that runs.
   * @throws OPTION_INVALID, SYSTEM_CLOSED, CANCELLED, STORE_FULL, STORE_READONLY
   */
  take(folder: string, options: SystemBackupOptions = {}): Promise<Manifest> {
    checkOptions('backup', options, { signal: aSignal, progress: aFunction })
    if (typeof folder !== 'string' || folder === '') {
      throw new TroupeError('OPTION_INVALID', 'backup: expected the path of a folder')
    }
    return this.#run({ file: this.#file(), folder, keep: undefined }, options)
  }

  /** Cancels what runs. Resolves when nothing reads the store's file any more. */
  async close(): Promise<void> {
    this.#alarm?.()
    this.#closing.abort(
      new TroupeError('SYSTEM_CLOSED', 'the system closed before the backup ended'),
    )
    await this.#queue.catch(() => undefined)
  }

  #file(): string {
    const { file } = this.#parts
    if (file !== undefined) return file
    throw new TroupeError(
      'OPTION_INVALID',
      'backup: this system has no store in a file; createSystem(app, { store: "./app.db" }) has one',
    )
  }

  // ── by the clock ──────────────────────────────────────────────────────────────────────────────

  #arm(): void {
    const { plan, clock } = this.#parts
    if (plan === undefined) return
    this.#alarm = clock.alarm(clock.mono() + plan.every, () => this.#ring(plan))
  }

  #ring({ dir, keep }: BackupPlan): void {
    this.#arm()
    if (this.#waiting > 0) return
    // Its failure is told by #run.
    this.#run({ file: this.#file(), folder: dir, keep }, {}).catch(() => undefined)
  }

  // ── one after the other ───────────────────────────────────────────────────────────────────────

  #run(job: BackupJob, options: SystemBackupOptions): Promise<Manifest> {
    this.#waiting += 1
    const work = this.#queue
      .catch(() => undefined)
      .then(() => this.#do(job, options))
      .finally(() => {
        this.#waiting -= 1
      })
    this.#queue = work
    return work
  }

  async #do(job: BackupJob, { signal, progress }: SystemBackupOptions): Promise<Manifest> {
    const ended = signal === undefined ? [] : [signal]
    const any = AbortSignal.any([this.#closing.signal, ...ended])
    try {
      if (any.aborted) throw cancelled(any)
      const done = await this.#work(job, any, progress ?? (() => undefined))
      this.#finished(job, done)
      return done.manifest
    } catch (error) {
      this.#failed(job, error)
      throw this.#closing.signal.aborted ? this.#closing.signal.reason : error
    }
  }

  async #work(
    job: BackupJob,
    signal: AbortSignal,
    progress: (progress: BackupProgress) => void,
  ): Promise<BackupDone> {
    const { pool, worker, faults } = this.#parts
    if (pool !== undefined) return await onThread(pool, worker, job, signal, progress)
    const { runBackup } = await import('../store/backup-job.ts')
    return await runBackup(job, signal, progress, faults)
  }

  #finished({ folder }: BackupJob, { manifest, removed }: BackupDone): void {
    const { name, position, problems } = manifest
    this.#last = { name, position, at: this.#parts.clock.wall() }
    // A copy of a damaged store is made, and is no good one.
    this.#error = problems[0]
    const { events } = this.#parts
    events.tell({ event: 'backup-finished', folder, name, position, removed, problems })
  }

  #failed({ folder }: BackupJob, error: unknown): void {
    if (this.#closing.signal.aborted) return
    this.#error = String(error)
    this.#parts.events.tell({ event: 'backup-failed', folder, error })
  }
}

/** Runs a job on a thread of its own; resolves or rejects when that thread is done with the file. */
async function onThread(
  pool: ThreadPool,
  worker: URL,
  job: BackupJob,
  signal: AbortSignal,
  progress: (progress: BackupProgress) => void,
): Promise<BackupDone> {
  const { port1: mine, port2: port } = new MessageChannel()
  const thread = pool.run(worker, { role: 'backup', ...job, port }, [port])
  let last: FromBackup | undefined
  mine.on('message', (message: FromBackup) => {
    if (message.kind === 'progress') progress(message.progress)
    else last = message
  })
  const closed = new Promise<void>((resolve) => mine.once('close', resolve))
  const stop = ending(thread, () => mine.postMessage('cancel'))
  signal.addEventListener('abort', stop.begin)
  try {
    await thread.ended.catch((error: unknown) => {
      throw signal.aborted ? cancelled(signal) : error
    })
    // What it said last may still be on its way.
    await closed
  } finally {
    signal.removeEventListener('abort', stop.begin)
    stop.end()
    mine.close()
  }
  if (last?.kind === 'done') return last.done
  if (last?.kind === 'failed') throw decodeError(last.error)
  throw new TroupeError('HOST_LOST', 'the thread of the backup ended without a word')
}

/** Asks a thread to end, and ends it if it does not. */
function ending(thread: Thread, ask: () => void): { begin: () => void; end: () => void } {
  let timer: NodeJS.Timeout | undefined
  return {
    begin: () => {
      ask()
      timer = setTimeout(() => thread.kill(), patience)
    },
    end: () => clearTimeout(timer),
  }
}

function cancelled({ reason }: AbortSignal): TroupeError {
  return new TroupeError('CANCELLED', 'the backup was cancelled; nothing of it counts', {
    cause: reason,
  })
}
