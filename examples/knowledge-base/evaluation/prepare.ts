/** Sets the evaluation up: the corpus in a temporary folder, indexed in memory. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Retriever } from 'troupe/agents'
import { FullTextIndex } from 'troupe/persistence'
import { ingestFolder } from '../ingest/ingest.ts'
import { indexRetriever } from '../retrieve/index-retriever.ts'
import { copyCorpus } from './corpus.ts'

/** A corpus that can be asked. */
export interface PreparedCorpus {
  readonly folder: string
  readonly retriever: Retriever
  /** Removes the folder and closes the index. */
  close(): void
}

/** @param stemming whether the index matches by Porter stems */
export async function prepareCorpus(stemming = true): Promise<PreparedCorpus> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-evaluation-'))
  const index = FullTextIndex.open(':memory:', { stemming })
  const close = (): void => {
    index.close()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    copyCorpus(fileURLToPath(new URL('../../../node_modules', import.meta.url)), folder)
    await ingestFolder(index, { base: folder, entries: ['.'] }, Date.now)
    return { folder, retriever: indexRetriever(index), close }
  } catch (error) {
    close()
    throw error
  }
}
