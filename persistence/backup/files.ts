/** Files that are there whole or not at all, and their checksums. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'

/** A file as a manifest speaks of it. */
export interface FileSum {
  readonly bytes: number
  /** Hex digits. */
  readonly sha256: string
}

const chunkSize = 1024 * 1024

/** Length and SHA-256 of a file, read piece by piece; the event loop turns in between. */
export async function sumOf(path: string, signal?: AbortSignal): Promise<FileSum> {
  const hash = createHash('sha256')
  const chunk = new Uint8Array(chunkSize)
  const descriptor = openSync(path, 'r')
  try {
    let bytes = 0
    for (;;) {
      signal?.throwIfAborted()
      const read = readSync(descriptor, chunk, 0, chunkSize, null)
      if (read === 0) return { bytes, sha256: hash.digest('hex') }
      hash.update(chunk.subarray(0, read))
      bytes += read
      await setImmediate()
    }
  } finally {
    closeSync(descriptor)
  }
}

/** SHA-256 of a text, hex digits. */
export function sumOfText(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Returns when the file's bytes are on the disk. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Returns when what was renamed into a folder or out of it is on the disk. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    if (fstatSync(descriptor).isDirectory()) fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Gives a finished file its name, replacing nothing. @throws EEXIST */
export function publish(temporary: string, path: string): void {
  syncFile(temporary)
  try {
    linkSync(temporary, path)
    rmSync(temporary)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || !hasNoLinks(error)) throw error
    renameSync(temporary, path)
  }
  syncFolder(dirname(path))
}

/** Writes a text under a name that it has whole or not at all. */
export function writeWhole(path: string, text: string): void {
  const temporary = `${path}.partial`
  writeFileSync(temporary, text)
  publish(temporary, path)
}

/** File systems of removable disks know no links; there the look at the name before must do. */
function hasNoLinks(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)
}

/** Removes an unfinished database and what SQLite keeps beside it, as far as it is there. */
export function discard(path: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) {
    try {
      rmSync(path + suffix, { force: true })
    } catch {
      // The folder is none, or is gone: then so is the file. The first error is the one to tell.
    }
  }
}
