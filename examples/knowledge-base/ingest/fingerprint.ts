/**
 * Whether a file is the one that was indexed: first by size and time, then by content.
 *
 * A file written in the same tick of the clock as it was read can change again without its time
 * changing. So a time younger than {@link settledMs} when the file was read vouches for nothing.
 */

import { createHash } from 'node:crypto'
import type { FileRecord } from 'troupe/persistence'

/** Milliseconds; coarser than the time stamps of any file system in use (FAT has 2 s). */
export const settledMs = 2_000

/** Says that only the content can tell. */
export const unsettled = -1

/** Size and time of a file, as the system tells them. */
export interface Stamp {
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modifiedMs: number
}

/** True when the file need not be read. */
export const sameStamp = (known: FileRecord | undefined, stamp: Stamp): boolean =>
  known !== undefined && known.size === stamp.size && known.modifiedMs === stamp.modifiedMs

/** The time to remember for a file read at `now`. */
export const settledTime = (modifiedMs: number, now: number): number =>
  now - modifiedMs >= settledMs ? modifiedMs : unsettled

/** SHA-256, in hex. */
export const contentHash = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex')
