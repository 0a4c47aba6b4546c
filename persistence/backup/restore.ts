/**
 * Makes a store file of a backup: all of it, or what it was at a position or a time.
 *
 *   copy beside the target ──► checksum ──► cut ──► new identity ──► fold and compare ──► name it
 *
 * Invariants
 * 1. The target's name appears last, with a whole and checked store behind it, or never.
 * 2. Nothing that is there is overwritten.
 * 3. The store has an identity of its own: what lies about from the lost one (`FILE-tail`) is not
 *    about it (D10), and a backup of it never mixes with those of the lost one.
 */
import { randomUUID } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { TroupeError } from '../../mailbox/errors.ts'
import { attempt, type Connection, connect, storeError } from '../sqlite/connection.ts'
import { cutStore, positionAt } from '../sqlite/cut.ts'
import { TailFile } from '../sqlite/tail-file.ts'
import { type BackupProgress, type Examined, examine } from './examine.ts'
import { discard, publish, sumOf } from './files.ts'
import { damagedBackup, filesOf, finishedIn, type Manifest, readManifest } from './manifest.ts'
import { readStateList } from './state-list.ts'
import { Comparison } from './verify.ts'

/** Up to where to restore, and who is told how far it is. */
export interface RestoreOptions {
  /** The last record to keep. Default: all. */
  readonly at?: number | undefined
  /** Wall time in ms: keeps what was committed until then. Not together with `at`. */
  readonly until?: number | undefined
  /** Name of the backup. Default: the newest, or the first one taken after `at` or `until`. */
  readonly backup?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Told how far it is. */
  readonly progress?: ((progress: BackupProgress) => void) | undefined
  /** As the backup was taken with. */
  readonly emptyMeta?: (() => unknown) | undefined
}

/** The store that a restore made. */
export interface Restored extends Examined {
  /** Name of the backup. */
  readonly backup: string
  readonly file: string
  /** Files of restores to the same name that did not end, in its folder: nothing needs them. */
  readonly leftovers: readonly string[]
}

/**
 * @param folder backups
 * @param target the store to make
 * @throws STORE_EXISTS, BACKUP_MISSING, BACKUP_DAMAGED, STORE_FULL, STORE_READONLY, CANCELLED
 */
export async function restoreBackup(
  folder: string,
  target: string,
  options: RestoreOptions = {},
): Promise<Restored> {
  const file = resolve(target)
  checkTarget(file)
  const manifest = choose(folder, options)
  const work = new Restore(folder, manifest, file, options)
  try {
    return await work.run()
  } catch (error) {
    if (!options.signal?.aborted) throw storeError(error, file)
    throw new TroupeError('CANCELLED', 'the restore was cancelled; nothing of it is left', {
      cause: options.signal.reason,
    })
  } finally {
    work.clean()
  }
}

/** A WAL or a hand file of the lost store would be taken for the new one's. @throws STORE_EXISTS */
function checkTarget(file: string): void {
  const name = basename(file)
  const belongs = (one: string): boolean =>
    one === name ||
    ['-wal', '-shm', '-journal'].some((suffix) => one === name + suffix) ||
    one.startsWith(`${name}-hand-`)
  const there = attempt(file, () => readdirSync(dirname(file))).filter(belongs)
  if (there.length > 0) throw exists(file, there)
}

/** Between the store's name and what tells restores apart. */
const restoring = '.restoring-'

/** Not removed: whether the restore that made one has died, or goes on elsewhere, no name tells. */
function leftoversOf(file: string): string[] {
  const start = basename(file) + restoring
  return readdirSync(dirname(file)).filter((name) => name.startsWith(start))
}

function exists(file: string, there: readonly string[]): TroupeError {
  return new TroupeError(
    'STORE_EXISTS',
    `${dirname(file)} holds ${there.join(', ')}; a restore overwrites nothing: move it away, or name another file`,
    { fields: { file } },
  )
}

// ── which backup ────────────────────────────────────────────────────────────────────────────────

/** @throws BACKUP_MISSING, BACKUP_DAMAGED */
function choose(folder: string, { at, until, backup }: RestoreOptions): Manifest {
  const names = finishedIn(folder)
  const newest = names.at(-1)
  if (newest === undefined) throw missing(`${folder} holds no finished backup`)
  if (backup !== undefined) {
    if (!names.includes(backup)) throw missing(`${folder} holds no backup ${backup}`)
    return reaching(readManifest(folder, backup), at)
  }
  if (until !== undefined) return firstAfter(folder, names, until)
  const last = readManifest(folder, newest)
  return at === undefined ? last : firstReaching(folder, names, last, at)
}

/** The first one taken after a time has all that was committed until then. */
function firstAfter(folder: string, names: readonly string[], until: number): Manifest {
  for (const name of names) {
    const manifest = readManifest(folder, name)
    if (Date.parse(manifest.time) >= until) return manifest
  }
  throw missing(
    `no backup in ${folder} was taken after ${new Date(until).toISOString()}: the newest is ${names.at(-1)}; leave the time out to restore all of it`,
  )
}

/** Positions count in one history: that of the newest backup's store. */
function firstReaching(
  folder: string,
  names: readonly string[],
  last: Manifest,
  at: number,
): Manifest {
  for (const name of names) {
    const manifest = readManifest(folder, name)
    if (manifest.store === last.store && manifest.position >= at) return manifest
  }
  return reaching(last, at)
}

function reaching(manifest: Manifest, at: number | undefined): Manifest {
  if (at === undefined || at <= manifest.position) return manifest
  throw missing(`backup ${manifest.name} ends at record ${manifest.position}, before ${at}`)
}

function missing(why: string): TroupeError {
  return new TroupeError('BACKUP_MISSING', why)
}

// ── one restore ─────────────────────────────────────────────────────────────────────────────────

class Restore {
  readonly #folder: string
  readonly #manifest: Manifest
  readonly #file: string
  readonly #options: RestoreOptions
  readonly #temporary: string
  readonly #id = randomUUID()

  constructor(folder: string, manifest: Manifest, file: string, options: RestoreOptions) {
    this.#folder = folder
    this.#manifest = manifest
    this.#file = file
    this.#options = options
    this.#temporary = `${file}${restoring}${randomUUID()}`
  }

  async run(): Promise<Restored> {
    await this.#copy()
    const isWhole = this.#rewrite()
    const examined = await this.#check(isWhole)
    this.#publish(examined.position)
    const leftovers = leftoversOf(this.#file)
    return { ...examined, backup: this.#manifest.name, file: this.#file, leftovers }
  }

  clean(): void {
    discard(this.#temporary)
  }

  async #copy(): Promise<void> {
    const { signal, progress } = this.#options
    const { bytes, sha256 } = this.#manifest.files.store
    const { store } = filesOf(this.#folder, this.#manifest.name)
    progress?.({ phase: 'copy', done: 0, total: bytes })
    copyFileSync(store, this.#temporary)
    progress?.({ phase: 'checksum', done: 0, total: bytes })
    const found = await sumOf(this.#temporary, signal)
    if (found.sha256 === sha256) return
    throw damagedBackup(`${store} is not what was written: its SHA-256 differs`)
  }

  /** True when nothing was cut off. */
  #rewrite(): boolean {
    const connection = connect(this.#temporary)
    try {
      const at = this.#position(connection)
      const isWhole = at === this.#manifest.position
      this.#options.progress?.({ phase: 'cut', done: at, total: this.#manifest.position })
      if (!isWhole) cutStore(this.#temporary, connection, at)
      connection.prepare("UPDATE meta SET value = ? WHERE key = 'id'").run(this.#id)
      return isWhole
    } finally {
      connection.close()
    }
  }

  #position(connection: Connection): number {
    const { at, until } = this.#options
    const position = until === undefined ? at : positionAt(connection, until)
    if (position === undefined) return this.#manifest.position
    if (position > 0) return position
    throw missing(`nothing was committed until then: backup ${this.#manifest.name} begins later`)
  }

  /** The result must fold; a whole one to the states that were noted. @throws BACKUP_DAMAGED */
  async #check(isWhole: boolean): Promise<Examined> {
    const { emptyMeta, progress, signal } = this.#options
    const noted = readStateList(filesOf(this.#folder, this.#manifest.name).states)
    const comparison = new Comparison(noted)
    const state = isWhole ? comparison.take.bind(comparison) : undefined
    const examined = await examine(this.#temporary, { emptyMeta, progress, signal, state })
    if (isWhole) comparison.end()
    const known = new Set(this.#manifest.problems)
    const problems = [...examined.problems, ...comparison.problems].filter((one) => !known.has(one))
    if (problems.length === 0) return examined
    throw damagedBackup(`the restored store does not pass: ${problems.join('; ')}`)
  }

  #publish(position: number): void {
    const tail = new TailFile(this.#file, this.#id)
    tail.write(position)
    tail.close()
    try {
      publish(this.#temporary, this.#file)
    } catch (error) {
      if (!existsSync(this.#file)) throw error
      throw exists(this.#file, [basename(this.#file)])
    }
  }
}
