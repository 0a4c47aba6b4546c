/**
 * The kill switch: which actors were killed by command, from here or from a command line beside this
 * process. Owns the list and hears of its changes; what it means is the threads' business (`killed.ts`).
 */
import { type FSWatcher, mkdirSync, rmdirSync, watch } from 'node:fs'
import type { Clock } from '../../mailbox/clock.ts'
import {
  type KilledActor,
  killedFolder,
  readKilled,
  removeKilled,
  writeKilled,
} from '../../persistence/killed-files.ts'

export class Kills {
  readonly #file: string | undefined
  readonly #clock: Clock
  readonly #killed = new Map<string, KilledActor>()
  #watcher: FSWatcher | undefined

  /** @param file of the store; undefined for one in memory */
  constructor(file: string | undefined, clock: Clock) {
    this.#file = file
    this.#clock = clock
    this.#read()
  }

  get all(): readonly KilledActor[] {
    return [...this.#killed.values()]
  }

  /** Hears when somebody beside this process changes the list; nothing wakes meanwhile (S4). */
  listen(changed: () => void): void {
    if (this.#file === undefined) return
    const folder = killedFolder(this.#file)
    mkdirSync(folder, { recursive: true })
    this.#watcher = watch(folder, { persistent: false }, () => {
      this.#read()
      changed()
    })
    // A folder that is taken away is no reason to fall: from here on only this process kills.
    this.#watcher.on('error', () => this.#watcher?.close())
  }

  /** It is on disk when this returns. */
  kill(actor: string, reason: string | undefined): void {
    const at = Math.floor(this.#clock.wall())
    const killed = { actor, at, ...(reason !== undefined && { reason }) }
    if (this.#file !== undefined) writeKilled(this.#file, killed)
    this.#killed.set(actor, killed)
  }

  /** False when it was not killed. */
  revive(actor: string): boolean {
    if (this.#file !== undefined) removeKilled(this.#file, actor)
    return this.#killed.delete(actor)
  }

  close(): void {
    this.#watcher?.close()
    if (this.#file === undefined) return
    try {
      rmdirSync(killedFolder(this.#file))
    } catch {
      // It is not empty, which is what it is for, or was never made.
    }
  }

  #read(): void {
    if (this.#file === undefined) return
    this.#killed.clear()
    for (const killed of readKilled(this.#file)) this.#killed.set(killed.actor, killed)
  }
}
