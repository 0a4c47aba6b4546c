/** Ingests the folder of its argument and prints what it took; run by `ingest-bounds.test.ts`. */

import { join } from 'node:path'
import { ingestFolder } from '../../../examples/knowledge-base/ingest/ingest.ts'
import { FullTextIndex } from '../../../persistence/sqlite/full-text-index.ts'

async function main(base: string): Promise<void> {
  const index = FullTextIndex.open(join(base, '.index.db'))
  const { indexed } = await ingestFolder(index, { base, entries: ['.'] }, Date.now)
  index.close()
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(JSON.stringify({ indexed, peakMiB }))
}

void main(process.argv[2] ?? '.')
