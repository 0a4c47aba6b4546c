/** Reads one file into a record for the index, or says why not. */

import { type FileHandle, open } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import type { FileRecord, IndexedFile } from 'troupe/persistence'
import type { Reader } from './block.ts'
import { cutIntoChunks } from './chunk.ts'
import { decodeText } from './decode.ts'
import { contentHash, settledTime } from './fingerprint.ts'
import { readHtml } from './html.ts'
import { readMarkdown } from './markdown.ts'
import { readPlainText } from './plain-text.ts'
import { failed, maxFileBytes, type Skipped, skipped } from './walk.ts'

/** What became of a file. */
export type ReadResult =
  | { readonly kind: 'unchanged'; readonly file: FileRecord }
  | ({ readonly kind: 'document' } & IndexedFile)
  | Skipped

const readers: Readonly<Record<string, Reader>> = { '.htm': readHtml, '.html': readHtml }
const plainTypes: ReadonlySet<string> = new Set(['.text', '.txt'])

/**
 * @param known what the index holds of the file
 * @param now milliseconds since 1970
 */
export async function readDocument(
  base: string,
  path: string,
  known: FileRecord | undefined,
  now: number,
): Promise<ReadResult> {
  let handle: FileHandle | undefined
  try {
    handle = await open(resolve(base, path))
    return await readOpened(handle, path, known, now)
  } catch (error) {
    return failed(path, error)
  } finally {
    await handle?.close()
  }
}

/** Size and time are those of the opened file, so that they belong to the bytes that are read. */
async function readOpened(
  handle: FileHandle,
  path: string,
  known: FileRecord | undefined,
  now: number,
): Promise<ReadResult> {
  const { size, mtimeMs } = await handle.stat()
  if (size > maxFileBytes) return skipped(path, 'too large', `${size} bytes`)
  const bytes = await handle.readFile()
  const hash = contentHash(bytes)
  const file = { path, size, modifiedMs: settledTime(mtimeMs, now), hash, note: known?.note ?? '' }
  return hash === known?.hash ? { kind: 'unchanged', file } : document(file, bytes)
}

/** What cannot be read as text is remembered too, so that it is not read again. */
function document(file: FileRecord, bytes: Uint8Array): ReadResult {
  const decoded = decodeText(bytes)
  if (decoded.kind === 'none') {
    return { kind: 'document', file: { ...file, note: decoded.reason }, chunks: [] }
  }
  const chunks = cutIntoChunks(readerOf(file.path)(decoded.text))
  return { kind: 'document', file: { ...file, note: chunks.length === 0 ? 'empty' : '' }, chunks }
}

function readerOf(path: string): Reader {
  const type = extname(path).toLowerCase()
  return readers[type] ?? (plainTypes.has(type) ? readPlainText : readMarkdown)
}
