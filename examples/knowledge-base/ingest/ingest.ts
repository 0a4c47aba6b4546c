/**
 * Brings an index up to date with a folder, batch by batch.
 *
 * Each batch is one idempotent step: running it again, after a crash or for no reason, leaves the
 * same index. So a durable actor can make each an effect and lose at most one batch of work (D2).
 * Memory is bounded by one batch; only paths are held for the whole folder.
 */

import { createHash } from 'node:crypto'
import type { FullTextIndex, IndexedFile } from 'troupe/persistence'
import { cutterVersion } from './chunk.ts'
import { sameStamp } from './fingerprint.ts'
import { type ReadResult, readDocument } from './read-document.ts'
import { type Folder, type FoundFile, type Skipped, type SkipReason, walk } from './walk.ts'

/** Most files, and most bytes but for a single larger file, of one batch. */
export const batchLimits = { files: 64, bytes: 4 * 1024 * 1024 } as const

/** What a walk found; plain data, so that it can be a step's result. */
export interface Inventory {
  readonly folder: Folder
  readonly batches: readonly (readonly FoundFile[])[]
  readonly skipped: readonly Skipped[]
  readonly files: number
}

/** What one batch, or all of them together, did. */
export interface IngestReport {
  readonly indexed: number
  readonly unchanged: number
  readonly removed: number
  readonly skipped: readonly Skipped[]
}

/** The index's `content`: another folder, or another way to cut, means another index. */
export const contentOf = (folder: Folder): string => `${cutterVersion}:${folder.base}`

/** A name for what the index holds: changes with every path and every content. */
export function documentsOf(index: FullTextIndex): string {
  const hash = createHash('sha256')
  for (const path of index.paths()) hash.update(JSON.stringify([path, index.file(path)?.hash]))
  return hash.digest('hex').slice(0, 32)
}

/** Lists the folder and cuts the list into batches. */
export async function takeInventory(folder: Folder): Promise<Inventory> {
  const files: FoundFile[] = []
  const skipped: Skipped[] = []
  const seen = new Set<string>()
  for await (const found of walk(folder)) {
    if (seen.has(found.path)) continue
    seen.add(found.path)
    if (found.kind === 'file') files.push(found)
    else skipped.push(found)
  }
  return { folder, batches: inBatches(files), skipped, files: files.length }
}

/** Makes the index agree with the batch's files. `now` in milliseconds since 1970. */
export async function ingestBatch(
  index: FullTextIndex,
  base: string,
  batch: readonly FoundFile[],
  now: number,
): Promise<IngestReport> {
  const results: ReadResult[] = []
  for (const found of batch) results.push(await readIfChanged(index, base, found, now))
  return write(index, results)
}

/** Forgets what the index holds and the inventory does not. */
export function removeMissing(index: FullTextIndex, inventory: Inventory): IngestReport {
  const present = new Set(inventory.batches.flat().map((file) => file.path))
  const gone = index.paths().filter((path) => !present.has(path))
  if (gone.length > 0) index.remove(gone)
  return { indexed: 0, unchanged: 0, removed: gone.length, skipped: inventory.skipped }
}

/** Inventory, all batches and the removal, for one process without actors. */
export async function ingestFolder(
  index: FullTextIndex,
  folder: Folder,
  now: () => number,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<IngestReport> {
  const inventory = await takeInventory(folder)
  let report = removeMissing(index, inventory)
  let done = 0
  for (const batch of inventory.batches) {
    report = addReports(report, await ingestBatch(index, folder.base, batch, now()))
    done += batch.length
    onProgress(done, inventory.files)
  }
  return report
}

/** Both reports as one. */
export const addReports = (a: IngestReport, b: IngestReport): IngestReport => ({
  indexed: a.indexed + b.indexed,
  unchanged: a.unchanged + b.unchanged,
  removed: a.removed + b.removed,
  skipped: [...a.skipped, ...b.skipped],
})

function inBatches(files: readonly FoundFile[]): readonly (readonly FoundFile[])[] {
  const batches: FoundFile[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const file of files) {
    const open = batches.at(-1)
    bytes += file.size
    if (open === undefined || open.length === batchLimits.files || bytes > batchLimits.bytes) {
      batches.push([file])
      bytes = file.size
    } else open.push(file)
  }
  return batches
}

async function readIfChanged(
  index: FullTextIndex,
  base: string,
  found: FoundFile,
  now: number,
): Promise<ReadResult> {
  const known = index.file(found.path)
  if (known !== undefined && sameStamp(known, found)) return { kind: 'unchanged', file: known }
  return readDocument(base, found.path, known, now)
}

function write(index: FullTextIndex, results: readonly ReadResult[]): IngestReport {
  const documents: IndexedFile[] = results.filter((result) => result.kind === 'document')
  const unchanged = results.filter((result) => result.kind === 'unchanged').map(({ file }) => file)
  const failures = results.filter((result) => result.kind === 'skipped')
  const aged = unchanged.filter((file) => !sameStamp(index.file(file.path), file))
  if (documents.length > 0) index.replace(documents)
  if (aged.length > 0) index.touch(aged)
  if (failures.length > 0) index.remove(failures.map(({ path }) => path))
  const noted = [...documents.map(({ file }) => file), ...unchanged].filter(
    ({ note }) => note !== '',
  )
  return {
    indexed: documents.filter(({ file }) => file.note === '').length,
    unchanged: unchanged.filter(({ note }) => note === '').length,
    removed: 0,
    skipped: [...failures, ...noted.map(toSkipped)],
  }
}

const toSkipped = ({ path, note }: { readonly path: string; readonly note: string }): Skipped => ({
  kind: 'skipped',
  path,
  reason: note as SkipReason,
  detail: '',
})
