/**
 * Watches source files below some folders: tells which really changed, in bursts.
 *
 * One watcher per folder rather than one recursive: on Linux Node's recursive watch opens every file
 * of `node_modules`. Folders that bring no source of one's own are passed over.
 *
 * Invariant: a change is told once, also one that comes while nobody waits.
 */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'

/** Milliseconds of silence that end a burst: editors and version control write many files. */
const burst = 50

const source = /\.([cm]?[jt]sx?|json)$/
const passedOver = /^(\..*|node_modules|dist)$/

export class SourceWatch {
  readonly #folders = new Map<string, FSWatcher>()
  /** Size and time of every source file, to tell a change from an access. */
  readonly #files = new Map<string, string>()
  readonly #changed = new Set<string>()
  #silence: NodeJS.Timeout | undefined
  #wake: ((changed: readonly string[]) => void) | undefined

  /** @param folders paths; what lies below them is watched too */
  constructor(folders: readonly string[]) {
    for (const folder of folders) this.#enter(folder, () => undefined)
  }

  /** Resolves to the paths that changed since the last call, after the burst is over. */
  next(): Promise<readonly string[]> {
    return new Promise((resolve) => {
      this.#wake = resolve
      if (this.#silence === undefined) this.#tell()
    })
  }

  close(): void {
    clearTimeout(this.#silence)
    for (const watcher of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  /** Watches a folder and those in it; `found` hears of files that were not known. */
  #enter(folder: string, found: (path: string) => void): void {
    if (this.#folders.has(folder)) return
    const watcher = watch(folder, (_event, name) => this.#look(folder, name))
    watcher.on('error', () => this.#leave(folder))
    this.#folders.set(folder, watcher)
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (!passedOver.test(entry.name)) this.#enter(path, found)
      } else if (this.#isNews(path)) {
        found(path)
      }
    }
  }

  #enterNew(folder: string): void {
    try {
      this.#enter(folder, (path) => this.#change(path))
    } catch {
      // Gone again before it was read: that is an event too, and it is on its way.
      this.#leave(folder)
    }
  }

  #leave(folder: string): void {
    this.#folders.get(folder)?.close()
    this.#folders.delete(folder)
  }

  #look(folder: string, name: string | null): void {
    if (name === null || passedOver.test(name)) return
    const path = join(folder, name)
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats?.isDirectory()) this.#enterNew(path)
    else if (stats === undefined && this.#folders.has(path)) this.#leave(path)
    else if (this.#isNews(path)) this.#change(path)
  }

  /** True when a source file is not as it was last seen. */
  #isNews(path: string): boolean {
    if (!source.test(path)) return false
    const stats = statSync(path, { throwIfNoEntry: false })
    const now = stats === undefined ? undefined : `${stats.size} ${stats.mtimeMs}`
    if (this.#files.get(path) === now) return false
    if (now === undefined) this.#files.delete(path)
    else this.#files.set(path, now)
    return true
  }

  #change(path: string): void {
    this.#changed.add(path)
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => {
      this.#silence = undefined
      this.#tell()
    }, burst)
  }

  #tell(): void {
    if (this.#changed.size === 0 || this.#wake === undefined) return
    const changed = [...this.#changed].sort()
    this.#changed.clear()
    this.#wake(changed)
    this.#wake = undefined
  }
}
