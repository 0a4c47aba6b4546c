/**
 * Where the app is that last wrote a store, so that commands which run its code find it. A note in the
 * table `meta`, outside of the history: no export has it.
 */
import { existsSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import type { Connection } from './connection.ts'

/** The app module as it was found from the store, and as an absolute path. */
export interface AppNote {
  readonly path: string
  /** From the store's folder: good for a folder that was moved as a whole. */
  readonly relative: string
}

/** Notes the app; writes nothing when that is noted already. */
export function noteApp(connection: Connection, store: string, path: string): void {
  const note: AppNote = { path, relative: relative(dirname(store), path) }
  const text = JSON.stringify(note)
  const [known] = connection.prepare("SELECT value FROM meta WHERE key = 'app'").get() ?? []
  if (known === text) return
  connection.prepare("INSERT OR REPLACE INTO meta VALUES ('app', ?)").run(text)
}

/** @returns undefined where none is noted, or nothing that can be read */
export function notedApp(connection: Connection): AppNote | undefined {
  const [text] = connection.prepare("SELECT value FROM meta WHERE key = 'app'").get() ?? []
  if (typeof text !== 'string') return undefined
  try {
    const note = JSON.parse(text) as Partial<AppNote>
    const isNote = typeof note.path === 'string' && typeof note.relative === 'string'
    return isNote ? (note as AppNote) : undefined
  } catch {
    return undefined
  }
}

/** The noted app where it is now: beside the store as then, else where it was; undefined when it is gone. */
export function whereIs(note: AppNote, store: string): string | undefined {
  const beside = resolve(dirname(store), note.relative)
  return [beside, note.path].find((path) => existsSync(path))
}
