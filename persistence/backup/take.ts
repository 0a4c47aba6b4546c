/**
 * Takes a backup of a store file, beside its writer and without stopping it (D7).
 *
 *   copy ──► check and fold the copy ──► name the store ──► name the states ──► name the manifest
 *
 * Invariants
 * 1. Until the manifest has its name there is no backup: a death before leaves `.partial` files, which
 *    nothing counts.
 * 2. The copy is one moment of the store, later than the call: everything acknowledged before the call
 *    is in it (D6).
 */
import { randomUUID } from 'node:crypto'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { packageVersion } from '../../mailbox/package-version.ts'
import { makeFolder } from '../make-folder.ts'
import { attempt, connect, storeError } from '../sqlite/connection.ts'
import { formatVersion, inspect } from '../sqlite/schema.ts'
import { readTail, type TailMark } from '../sqlite/tail-file.ts'
import { type BackupProgress, type Examined, examine } from './examine.ts'
import { discard, publish, sumOf, syncFile } from './files.ts'
import { backupFormat, filesOf, type Manifest, nameOf, namesIn, writeManifest } from './manifest.ts'
import { StateListWriter } from './state-list.ts'

/** How a backup is taken. */
export interface BackupOptions {
  /** Ends the backup; what was copied so far is removed. */
  readonly signal?: AbortSignal
  /** Told how far it is. */
  readonly progress?: (progress: BackupProgress) => void
  /** The runtime's book of an actor that has none. Default: undefined. */
  readonly emptyMeta?: () => unknown
  /** Wall time in ms. */
  readonly now?: () => number
  readonly faults?: Faults | undefined
}

/** Pages copied between two turns of the event loop: about a millisecond. */
const pagesPerStep = 256

/**
 * @param file the store
 * @param folder where backups are; made if it is not there
 * @throws STORE_READONLY, STORE_FULL, STORE_CORRUPT, STORE_NEWER, STORE_TAIL_LOST, CANCELLED
 */
export async function takeBackup(
  file: string,
  folder: string,
  options: BackupOptions = {},
): Promise<Manifest> {
  const work = new Backup(file, folder, options)
  try {
    return await work.run()
  } catch (error) {
    throw options.signal?.aborted ? cancelled(options.signal) : storeError(error, folder)
  } finally {
    work.clean()
  }
}

function cancelled({ reason }: AbortSignal): TroupeError {
  return new TroupeError('CANCELLED', 'the backup was cancelled; nothing of it is left', {
    cause: reason,
  })
}

class Backup {
  readonly #file: string
  readonly #folder: string
  readonly #options: BackupOptions
  readonly #time: number
  readonly #temporary: ReturnType<typeof filesOf>

  constructor(file: string, folder: string, options: BackupOptions) {
    this.#file = file
    this.#folder = folder
    this.#options = options
    this.#time = (options.now ?? Date.now)()
    const partial = `${nameOf(this.#time, 0)}.partial-${randomUUID()}`
    this.#temporary = filesOf(folder, partial)
  }

  async run(): Promise<Manifest> {
    const { signal, faults } = this.#options
    signal?.throwIfAborted()
    makeFolder(this.#folder)
    const tail = readTail(this.#file)
    await this.#copy()
    settle(this.#temporary.store)
    faults?.('backup:copied')
    const examined = await this.#examine()
    faults?.('backup:examined')
    this.#checkTail(tail, examined)
    signal?.throwIfAborted()
    const manifest = await this.#manifest(examined)
    writeFileSync(this.#temporary.manifest, writeManifest(manifest))
    this.#publish(manifest.name)
    return manifest
  }

  /** Removes what is not finished. */
  clean(): void {
    for (const path of Object.values(this.#temporary)) discard(path)
  }

  async #copy(): Promise<void> {
    const isFile = existsSync(this.#file) && statSync(this.#file).isFile()
    if (!isFile || !attempt(this.#file, () => inspect(this.#file))) {
      throw new TroupeError('STORE_READONLY', `${this.#file} holds no store; nothing to back up`)
    }
    const { signal, progress } = this.#options
    const connection = connect(this.#file, { readonly: true })
    try {
      await connection.copyTo(this.#temporary.store, (remaining, total) => {
        signal?.throwIfAborted()
        progress?.({ phase: 'copy', done: total - remaining, total })
        return pagesPerStep
      })
    } finally {
      connection.close()
    }
  }

  async #examine(): Promise<Examined> {
    const { emptyMeta, progress, signal } = this.#options
    const list = new StateListWriter(this.#temporary.states)
    try {
      const state = list.add.bind(list)
      return await examine(this.#temporary.store, { emptyMeta, progress, signal, state })
    } finally {
      list.close()
    }
  }

  /** What was acknowledged before the copy began must be in it. */
  #checkTail(tail: TailMark | undefined, { storeId, position }: Examined): void {
    if (tail === undefined || tail.id !== storeId || tail.position <= position) return
    throw new TroupeError(
      'STORE_TAIL_LOST',
      `${this.#file} ends at record ${position}, but ${tail.position} were acknowledged: a part of it, its WAL perhaps, is missing`,
      { fields: { file: this.#file, position, acknowledged: tail.position } },
    )
  }

  async #manifest(examined: Examined): Promise<Manifest> {
    const { signal } = this.#options
    const { storeId, position, lastCommit, counts, problems } = examined
    return {
      format: backupFormat,
      name: this.#freeName(position),
      store: storeId,
      position,
      time: new Date(this.#time).toISOString(),
      ...(lastCommit > 0 && { lastCommit: new Date(lastCommit).toISOString() }),
      versions: { store: formatVersion, troupe: packageVersion(), node: process.version },
      files: {
        store: await sumOf(this.#temporary.store, signal),
        states: await sumOf(this.#temporary.states, signal),
      },
      counts,
      problems,
    }
  }

  /** Two backups may be asked for in one millisecond. */
  #freeName(position: number): string {
    const taken = new Set(namesIn(this.#folder))
    let time = this.#time
    while (taken.has(nameOf(time, position))) time += 1
    return nameOf(time, position)
  }

  #publish(name: string): void {
    const files = filesOf(this.#folder, name)
    const { faults } = this.#options
    publish(this.#temporary.store, files.store)
    faults?.('backup:store-named')
    publish(this.#temporary.states, files.states)
    faults?.('backup:states-named')
    publish(this.#temporary.manifest, files.manifest)
    faults?.('backup:named')
  }
}

/** Makes a copy complete in itself: it asks for no WAL beside it and can be read where nothing may be written. */
function settle(path: string): void {
  const connection = connect(path)
  try {
    connection.pragma('journal_mode = DELETE')
  } finally {
    connection.close()
  }
  syncFile(path)
}
