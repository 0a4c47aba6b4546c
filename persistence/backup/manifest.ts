/**
 * What a folder of backups looks like, and what the manifest of one says.
 *
 * ```
 * DIR/NAME.db          the store, one file, complete in itself
 * DIR/NAME.states      one line for each actor: what its state must fold to
 * DIR/NAME.json        the manifest; written last: without it there is no backup
 * DIR/*.partial-ID     an unfinished one, or what is left of it
 * ```
 * NAME is the time of the backup and its position, so that names sort by age.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { TroupeError } from '../../mailbox/errors.ts'
import { attempt } from '../sqlite/connection.ts'
import { type FileSum, sumOfText } from './files.ts'

/** Version of the manifest and of the list of states. */
export const backupFormat = 1

/** What a backup holds, counted. */
export interface BackupCounts {
  /** Records that are there. */
  readonly records: number
  readonly actors: number
  readonly snapshots: number
  readonly pending: number
  readonly timers: number
  /** Steps of messages that are still pending. */
  readonly steps: number
}

/** One finished backup, as its manifest says. */
export interface Manifest {
  readonly format: number
  readonly name: string
  /** Identity of the store it was taken of. */
  readonly store: string
  /** Position of the last record in it. */
  readonly position: number
  /** When it was asked for, ISO. */
  readonly time: string
  /** When the last record in it was committed, ISO; absent when it has none. */
  readonly lastCommit?: string
  readonly versions: {
    /** Of the store's file format. */
    readonly store: number
    readonly troupe: string
    readonly node: string
  }
  readonly files: { readonly store: FileSum; readonly states: FileSum }
  readonly counts: BackupCounts
  /** What could not be read or folded when it was taken: damage that the store itself has. */
  readonly problems: readonly string[]
}

/** Paths of the files of one backup. */
export function filesOf(folder: string, name: string) {
  const path = join(folder, name)
  return { store: `${path}.db`, states: `${path}.states`, manifest: `${path}.json` }
}

export function nameOf(time: number, position: number): string {
  const stamp = new Date(time).toISOString().replace(/[-:.]/g, '')
  return `${stamp}-${String(position).padStart(12, '0')}`
}

const nameShape = /^(\d{8}T\d{9}Z-\d{12,})\./
const finishedShape = /^\d{8}T\d{9}Z-\d{12,}\.json$/

/** The manifest as a text that carries its own checksum. */
export function writeManifest(manifest: Manifest): string {
  const text = JSON.stringify(manifest)
  return `${JSON.stringify({ ...manifest, checksum: sumOfText(text) }, null, 2)}\n`
}

/** @throws BACKUP_DAMAGED when it is no manifest, or not as it was written */
export function readManifest(folder: string, name: string): Manifest {
  const path = filesOf(folder, name).manifest
  const text = attempt(path, () => readFileSync(path, 'utf8'))
  const { checksum, ...manifest } = parsed(text, path)
  if (checksum !== sumOfText(JSON.stringify(manifest)) || manifest['name'] !== name) {
    throw damagedBackup(`${path} fails its own checksum`)
  }
  if (Number(manifest['format']) > backupFormat) {
    throw new TroupeError(
      'STORE_NEWER',
      `${path} has format ${manifest['format']}, this version of troupe knows up to ${backupFormat}; upgrade troupe`,
    )
  }
  return manifest as unknown as Manifest
}

function parsed(text: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw damagedBackup(`${path} is no manifest`)
}

export function damagedBackup(why: string): TroupeError {
  return new TroupeError('BACKUP_DAMAGED', `${why}; use another backup, nothing was changed`)
}

/** Names of finished backups, oldest first. */
export function finishedIn(folder: string): string[] {
  return namesIn(folder, (file) => finishedShape.test(file))
}

/** Names with files of any kind, unfinished ones too, oldest first. */
export function namesIn(folder: string, fits: (file: string) => boolean = () => true): string[] {
  const names = filesIn(folder).filter(fits).map(backupOf)
  return [...new Set(names.filter((name) => name !== undefined))].sort()
}

/** The backup that a file belongs to. */
export function backupOf(file: string): string | undefined {
  return nameShape.exec(file)?.[1]
}

export function filesIn(folder: string): string[] {
  if (!existsSync(folder)) throw new TroupeError('BACKUP_MISSING', `${folder} is not there`)
  if (!statSync(folder).isDirectory()) {
    throw new TroupeError('BACKUP_MISSING', `${folder} is a file; expected the folder of backups`)
  }
  return attempt(folder, () => readdirSync(folder))
}
