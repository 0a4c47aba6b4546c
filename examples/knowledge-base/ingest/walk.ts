/**
 * Finds the documents of a folder. Owns which files count; opens none of them.
 *
 * Symbolic links are not followed: what they point to inside the folder is found under its own name,
 * what lies outside was not asked for, and so no walk can run in a circle. Folders that are hidden or
 * hold packages are passed over.
 */

import { lstat, readdir } from 'node:fs/promises'
import { extname, posix, resolve } from 'node:path'

/** What to read: files and folders below a base that all paths are relative to. */
export interface Folder {
  /** Absolute. */
  readonly base: string
  /** Relative to `base`, with `/`; `.` for the base itself. */
  readonly entries: readonly string[]
}

/** Why a file is not read. */
export type SkipReason =
  | 'binary'
  | 'empty'
  | 'no document type'
  | 'not there'
  | 'symbolic link'
  | 'too large'
  | 'unreadable'

/** A file to read, as it was when it was found. */
export interface FoundFile {
  readonly kind: 'file'
  /** Relative to the base, with `/`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modifiedMs: number
}

/** A file or folder that is not read. */
export interface Skipped {
  readonly kind: 'skipped'
  readonly path: string
  readonly reason: SkipReason
  /** The system's word for it, `EACCES`, or empty. */
  readonly detail: string
}

/** A document larger than this is not read: 4 MiB. */
export const maxFileBytes = 4 * 1024 * 1024

const documentTypes: ReadonlySet<string> = new Set([
  '.htm',
  '.html',
  '.markdown',
  '.md',
  '.mdown',
  '.text',
  '.txt',
])
const passedOver = /^(?:\..+|node_modules)$/

/** All files below the folder's entries, in the order of their paths, each once. */
export async function* walk(folder: Folder): AsyncGenerator<FoundFile | Skipped> {
  const waiting = [...folder.entries].reverse().map((entry) => posix.normalize(entry))
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const found = await look(folder.base, path)
    if (found.kind === 'folder') waiting.push(...found.children.toReversed())
    else yield found
  }
}

type Looked =
  | FoundFile
  | Skipped
  | { readonly kind: 'folder'; readonly children: readonly string[] }

async function look(base: string, path: string): Promise<Looked> {
  const absolute = resolve(base, path)
  try {
    const stats = await lstat(absolute)
    if (stats.isDirectory()) return { kind: 'folder', children: await children(absolute, path) }
    if (stats.isSymbolicLink()) return skipped(path, 'symbolic link')
    if (!stats.isFile() || !isDocument(path)) return skipped(path, 'no document type')
    if (stats.size > maxFileBytes) return skipped(path, 'too large', `${stats.size} bytes`)
    return { kind: 'file', path, size: stats.size, modifiedMs: stats.mtimeMs }
  } catch (error) {
    return failed(path, error)
  }
}

async function children(absolute: string, path: string): Promise<readonly string[]> {
  const names = await readdir(absolute)
  return names
    .filter((name) => !passedOver.test(name))
    .sort()
    .map((name) => posix.join(path, name))
}

const isDocument = (path: string): boolean => documentTypes.has(extname(path).toLowerCase())

/** A skip, with the system's word for the cause where there is one. */
export const skipped = (path: string, reason: SkipReason, detail = ''): Skipped => ({
  kind: 'skipped',
  path,
  reason,
  detail,
})

/** A file that the system refused; one that vanished meanwhile is `not there`. */
export function failed(path: string, error: unknown): Skipped {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return skipped(path, code === 'ENOENT' ? 'not there' : 'unreadable', code)
}
