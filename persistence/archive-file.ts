/**
 * Segments that retention took out of a store, in a file of their own: `FROM-TO.segments.zst`. Written
 * before anything is deleted; complete in itself, with the texts behind the numbers in it.
 *
 * One zstd frame with a checksum, around: a line of JSON (the header), then for each segment a line of
 * JSON (its columns, and the lengths of what follows), its directory and its body.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
// By its name as a whole: an old Node, which has no zstd, must get as far as being told so.
import * as zlib from 'node:zlib'
import { TroupeError } from '../mailbox/errors.ts'
import type { Faults } from '../mailbox/fault-points.ts'
import { At, entrySize, firstPartKind, MessageAt, TimerAt, viewOf } from './directory.ts'
import { makeFolder } from './make-folder.ts'
import { PartFlag, PartKind } from './record.ts'
import type { StoredSegment } from './stored.ts'

/** Version of the archive's format. */
export const archiveFormat = 1

export interface ArchiveHeader {
  readonly format: number
  /** Identity of the store. */
  readonly store: string
  /** First and last position; there may be gaps in between, of records that were needed. */
  readonly from: number
  readonly to: number
  readonly segments: number
  /** Addresses and names by number, as far as the directories refer to them. */
  readonly actors: Readonly<Record<string, string>>
  readonly names: Readonly<Record<string, string>>
}

export interface ArchivedSegments {
  readonly header: ArchiveHeader
  readonly segments: readonly StoredSegment[]
}

interface Texts {
  address(no: number): string
  name(no: number): string
}

const newline = 10

/** Returns the file's path once it is on the disk under its name. */
export function writeArchive(
  folder: string,
  store: string,
  segments: readonly StoredSegment[],
  texts: Texts,
  faults?: Faults,
): string {
  makeFolder(folder)
  const header = headerOf(store, segments, texts)
  const pieces: Uint8Array[] = [line(header)]
  for (const { directory, body, ...columns } of segments) {
    pieces.push(
      line({ ...columns, directory: directory.length, body: body.length }),
      directory,
      body,
    )
  }
  const params = { [zlib.constants.ZSTD_c_checksumFlag]: 1 }
  const bytes = zlib.zstdCompressSync(Buffer.concat(pieces), { params })
  const path = join(folder, `${padded(header.from)}-${padded(header.to)}.segments.zst`)
  faults?.('archive:before-file')
  writeSynced(`${path}.partial`, bytes)
  faults?.('archive:file-written')
  // The same segments once more, after a death before they were deleted, are the same file.
  renameSync(`${path}.partial`, path)
  syncFolder(folder)
  faults?.('archive:file-named')
  return path
}

/** @throws STORE_CORRUPT when it is not as it was written, STORE_NEWER */
export function readArchive(path: string): ArchivedSegments {
  const bytes = decompressed(path)
  const reader = new Reader(bytes)
  const header = reader.line() as ArchiveHeader
  if (header.format > archiveFormat) {
    throw new TroupeError('STORE_NEWER', `${path} has format ${header.format}; upgrade troupe`)
  }
  const segments: StoredSegment[] = []
  for (let i = 0; i < header.segments; i += 1) {
    const columns = reader.line() as Omit<StoredSegment, 'directory' | 'body'> & {
      readonly directory: number
      readonly body: number
    }
    const directory = reader.bytes(columns.directory)
    segments.push({ ...columns, directory, body: reader.bytes(columns.body) })
  }
  return { header, segments }
}

function decompressed(path: string): Uint8Array {
  try {
    return zlib.zstdDecompressSync(readFileSync(path))
  } catch (error) {
    throw new TroupeError('STORE_CORRUPT', `${path} is no archive, or is damaged`, { cause: error })
  }
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  line(): unknown {
    const end = this.#bytes.indexOf(newline, this.#at)
    return JSON.parse(new TextDecoder().decode(this.bytes(end - this.#at + 1)))
  }

  bytes(length: number): Uint8Array {
    const start = this.#at
    this.#at += length
    return this.#bytes.slice(start, this.#at)
  }
}

function line(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`)
}

function padded(position: number): string {
  return String(position).padStart(12, '0')
}

function headerOf(store: string, segments: readonly StoredSegment[], texts: Texts): ArchiveHeader {
  const numbers = { actors: new Set<number>(), names: new Set<number>() }
  for (const { directory } of segments) collect(directory, numbers)
  const last = segments.at(-1)
  return {
    format: archiveFormat,
    store,
    from: segments[0]?.position ?? 0,
    to: last === undefined ? 0 : last.position + last.count - 1,
    segments: segments.length,
    actors: textsOf(numbers.actors, (no) => texts.address(no)),
    names: textsOf(numbers.names, (no) => texts.name(no)),
  }
}

function textsOf(numbers: Set<number>, text: (no: number) => string): Record<string, string> {
  numbers.delete(0)
  return Object.fromEntries([...numbers].map((no) => [no, text(no)]))
}

function collect(
  directory: Uint8Array,
  { actors, names }: { readonly actors: Set<number>; readonly names: Set<number> },
): void {
  const view = viewOf(directory)
  for (let at = 0; at < directory.length; at += entrySize) {
    const kind = view.getUint8(at)
    const flags = view.getUint16(at + At.flags, true)
    // The numbers of a refused record are its frame's, not the store's.
    if (flags & PartFlag.dead || kind === PartKind.ownId || kind === PartKind.reply) continue
    const isTopic = kind === PartKind.message && (flags & PartFlag.topic) !== 0
    const first = view.getUint32(at + MessageAt.to, true)
    if (isTopic) names.add(first)
    else actors.add(first)
    const second = view.getUint32(at + MessageAt.from, true)
    if (kind < firstPartKind || kind === PartKind.message) actors.add(second)
    else names.add(view.getUint32(at + TimerAt.id, true))
    names.add(view.getUint32(at + MessageAt.name, true))
  }
}

function writeSynced(path: string, bytes: Uint8Array): void {
  const descriptor = openSync(path, 'w')
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
