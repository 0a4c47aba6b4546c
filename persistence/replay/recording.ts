/**
 * A store opened to be looked at: read-only, beside its writer if there is one (D10).
 *
 * Owns the opening and its refusals. Every question of this folder takes the reader inside, so that a
 * memory store is asked the same way.
 */
import { existsSync, statSync } from 'node:fs'
import { TroupeError } from '../../mailbox/errors.ts'
import { HistoryReader } from '../history-reader.ts'
import type { AppNote } from '../sqlite/app-note.ts'
import { openSqliteReader } from '../sqlite/sqlite-store.ts'
import { ArchivedMedium } from './archives.ts'

/** A store that is open for reading. */
export interface Recording {
  readonly reader: HistoryReader
  /** The app module that last wrote it, as noted; undefined without a note. */
  readonly app: AppNote | undefined
  /** Closes the file; what was read stays good. */
  close(): void
}

/** What to read besides the file. */
export interface RecordingOptions {
  /** Folder of the files that retention made of what it took out (`createSystem({ archive })`). */
  readonly archive?: string | undefined
}

/**
 * Opens a store file for reading, without touching it.
 * @throws OPTION_INVALID where there is no file; STORE_NEWER, STORE_READONLY, STORE_CORRUPT
 */
export function openRecording(file: string, { archive }: RecordingOptions = {}): Recording {
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new TroupeError(
      'OPTION_INVALID',
      `${file} is no file; expected a store, as "store" named it`,
    )
  }
  const { history, medium, close } = openSqliteReader(file)
  try {
    void history.position
    if (archive !== undefined) {
      const reader = new HistoryReader(new ArchivedMedium(medium, archive))
      return { reader, app: medium.app, close }
    }
  } catch (cause) {
    close()
    // An empty file is a valid empty database to SQLite, without our tables.
    if (cause instanceof TroupeError && /no such table/.test(cause.message)) {
      throw new TroupeError('STORE_CORRUPT', `${file} holds no troupe store`, { cause })
    }
    throw cause
  }
  return { reader: history, app: medium.app, close }
}
