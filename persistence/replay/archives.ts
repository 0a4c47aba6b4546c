/**
 * A store read together with the archive files that retention made of it: records that were taken out are
 * there again, in their places.
 *
 * The store comes first. Texts and actors are the store's, which forgets none. A file is unpacked when
 * something in its range is asked for, and few are kept unpacked.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { TroupeError } from '../../mailbox/errors.ts'
import { type ArchivedSegments, readArchive } from '../archive-file.ts'
import type { ReadMedium } from '../medium.ts'
import { Cache } from '../sqlite/cache.ts'
import type { Damage, StoredDirectory, StoredSegment } from '../stored.ts'

/** Bytes of unpacked files that are kept. */
const unpackedBytes = 64 * 1024 * 1024

/** One file, by the range of positions in its name; within it there may be gaps. */
interface ArchiveFile {
  readonly path: string
  readonly from: number
  readonly to: number
}

/** Where a segment lies. */
interface Found {
  readonly position: number
  readonly segment: StoredSegment | Damage
}

export class ArchivedMedium implements ReadMedium {
  readonly #store: ReadMedium
  readonly #files: readonly ArchiveFile[]
  readonly #unpacked = new Cache<string, ArchivedSegments | Damage>(unpackedBytes, sizeOf)

  /**
   * @param folder what the option `archive` named
   * @throws OPTION_INVALID where there is no such folder, or no archive in it
   */
  constructor(store: ReadMedium, folder: string) {
    this.#store = store
    this.#files = filesIn(folder)
  }

  get position(): number {
    return this.#store.position
  }
  get storeId(): string {
    return this.#store.storeId
  }
  get floor(): number {
    return this.#store.floor
  }
  actorNo(address: string): number | undefined {
    return this.#store.actorNo(address)
  }
  ownIdRecords(since: number): Iterable<number> {
    return this.#store.ownIdRecords(since)
  }
  address(no: number): string {
    return this.#store.address(no)
  }
  name(no: number): string {
    return this.#store.name(no)
  }
  row(no: number): ReturnType<ReadMedium['row']> {
    return this.#store.row(no)
  }
  actors(after: number, limit: number): ReturnType<ReadMedium['actors']> {
    return this.#store.actors(after, limit)
  }
  snapshots(no: number): ReturnType<ReadMedium['snapshots']> {
    return this.#store.snapshots(no)
  }
  checkpoints(): ReturnType<ReadMedium['checkpoints']> {
    return this.#store.checkpoints()
  }

  segmentOf(position: number): StoredSegment | Damage | undefined {
    return this.#store.segmentOf(position) ?? this.#archived(position, position)[0]?.segment
  }

  directories(from: number, to: number): Iterable<StoredDirectory | Damage> {
    return this.#merged(this.#store.directories(from, to), from, to)
  }

  segments(from: number, to: number): Iterable<StoredSegment | Damage> {
    return this.#merged(this.#store.segments(from, to), from, to)
  }

  /** Both in the order of positions. */
  *#merged<S extends StoredDirectory>(
    stored: Iterable<S | Damage>,
    from: number,
    to: number,
  ): Generator<S | StoredSegment | Damage> {
    let at = from
    for (const one of stored) {
      if (!('position' in one)) {
        yield one
        continue
      }
      if (one.position > at) yield* this.#between(at, one.position - 1)
      yield one
      at = Math.max(at, one.position + one.count)
    }
    yield* this.#between(at, to)
  }

  /** From one end of a file to the next, so that a long history is never unpacked as a whole. */
  *#between(from: number, to: number): Generator<StoredSegment | Damage> {
    for (let at = from; at <= to; ) {
      const ends = this.#overlapping(at, to).map((file) => file.to)
      if (ends.length === 0) return
      const end = Math.min(to, ...ends)
      for (const { segment } of this.#archived(at, end)) yield segment
      at = end + 1
    }
  }

  #overlapping(from: number, to: number): readonly ArchiveFile[] {
    return this.#files.filter((file) => file.from <= to && file.to >= from)
  }

  /** What the files have of `[from, to]`, in order. */
  #archived(from: number, to: number): Found[] {
    const found = this.#overlapping(from, to).flatMap((file) => this.#in(file, from, to))
    const known = new Set<number>()
    return found
      .sort((a, b) => a.position - b.position)
      .filter(({ position }) => !known.has(position) && known.add(position))
  }

  #in(file: ArchiveFile, from: number, to: number): Found[] {
    const unpacked = this.#unpack(file)
    if ('kind' in unpacked) return [{ position: Math.max(from, file.from), segment: unpacked }]
    return unpacked.segments
      .filter(({ position, count }) => position <= to && position + count > from)
      .map((segment) => ({ position: segment.position, segment }))
  }

  /** @throws OPTION_INVALID for a file of another store, STORE_NEWER */
  #unpack(file: ArchiveFile): ArchivedSegments | Damage {
    const known = this.#unpacked.get(file.path)
    if (known !== undefined) return known
    const unpacked = unpack(file)
    if (!('kind' in unpacked) && unpacked.header.store !== this.#store.storeId) {
      throw invalid(`${file.path} was taken out of another store`)
    }
    this.#unpacked.set(file.path, unpacked)
    return unpacked
  }
}

/** A file that cannot be read is damage in its range, and the rest is shown (D4). */
function unpack({ path, from, to }: ArchiveFile): ArchivedSegments | Damage {
  try {
    return readArchive(path)
  } catch (error) {
    if (!(error instanceof TroupeError) || error.code !== 'STORE_CORRUPT') throw error
    return { kind: 'damaged', detail: error.message, positions: [from, to] }
  }
}

function sizeOf(unpacked: ArchivedSegments | Damage): number {
  if ('kind' in unpacked) return 1
  return unpacked.segments.reduce(
    (sum, { directory, body }) => sum + directory.length + body.length,
    1,
  )
}

const fileName = /^(\d+)-(\d+)\.segments\.zst$/

function filesIn(folder: string): ArchiveFile[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (cause) {
    throw invalid(`${folder} is no folder that can be read`, cause)
  }
  const files = names.flatMap((name) => {
    const [, from, to] = fileName.exec(name) ?? []
    return from === undefined
      ? []
      : [{ path: join(folder, name), from: Number(from), to: Number(to) }]
  })
  if (files.length === 0)
    throw invalid(`${folder} holds no archive: files named FROM-TO.segments.zst`)
  return files.sort((a, b) => a.from - b.from)
}

function invalid(why: string, cause?: unknown): TroupeError {
  return new TroupeError('OPTION_INVALID', `archive: ${why}`, { cause })
}
