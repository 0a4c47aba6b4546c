/**
 * Makes a folder, and those above it that are missing.
 *
 * Not by Node's own `recursive`: where a file system says that a name does not exist and cannot be made
 * either, as /proc does, that call never returns.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** @throws the file system's error */
export function makeFolder(path: string): void {
  const parent = dirname(path)
  if (!existsSync(parent)) makeFolder(parent)
  try {
    mkdirSync(path)
  } catch (error) {
    // There, or just made by somebody else; a file in its place is met by whoever writes into it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
