import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from './temporary-folder.ts'

const files = 10_000
const limitMiB = 400

test('10,000 files are ingested within 400 MB, by a process of their own', async (context) => {
  const base = temporaryFolder(context)
  for (let folder = 0; folder < 100; folder++) mkdirSync(join(base, String(folder)))
  for (let file = 0; file < files; file++) {
    writeFileSync(join(base, String(file % 100), `${file}.md`), document(file))
  }
  const script = fileURLToPath(new URL('./ingest-process.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, base])
  const { indexed, peakMiB } = JSON.parse(stdout) as { indexed: number; peakMiB: number }
  assert.equal(indexed, files)
  assert.ok(peakMiB <= limitMiB, `peak memory ${peakMiB} MiB`)
  context.diagnostic(`peak memory ${peakMiB} MiB`)
})

const document = (file: number): string =>
  `# File ${file}\n\n${`Sentence about topic${file % 997} and more. `.repeat(20)}\n\n## Part\n\n${'- item\n'.repeat(20)}`
