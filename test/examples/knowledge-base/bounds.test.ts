import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fromSources } from '../../house/from-sources.ts'
import { temporaryFolder } from './temporary-folder.ts'

const files = 10_000
const mostMiB = 400
const mostLoopMs = 20

interface Measured {
  readonly code: number
  readonly output: string
  readonly loopMs: number
  readonly longestMs: number
  readonly peakMiB: number
}

test('S1: 10,000 files take at most 400 MB, and the main loop stays free meanwhile', async (context) => {
  const docs = temporaryFolder(context)
  for (let folder = 0; folder < 100; folder++) mkdirSync(join(docs, String(folder)))
  for (let file = 0; file < files; file++) {
    writeFileSync(join(docs, String(file % 100), `${file}.md`), document(file))
  }
  const store = join(temporaryFolder(context), 'kb.db')
  const script = fileURLToPath(new URL('./bounds-process.ts', import.meta.url))
  const run = (...folders: string[]) =>
    promisify(execFile)(process.execPath, [...fromSources, script, ...folders])
  // The first run ever of these sources compiles them in each of eight threads, which takes memory by
  // itself: a short run before leaves them in the cache, and the program is measured.
  await run(join(docs, '0'), join(temporaryFolder(context), 'short.db'))
  const { stdout } = await run(docs, store)
  const { code, output, loopMs, longestMs, peakMiB } = JSON.parse(stdout) as Measured
  context.diagnostic(`peak memory ${peakMiB} MiB of ${mostMiB}`)
  context.diagnostic(`main loop p99 ${loopMs} ms of ${mostLoopMs}, longest ${longestMs} ms`)
  assert.equal(code, 0, output)
  assert.match(output, /^10000 files read, 0 unchanged, 0 removed, 0 skipped$/m)
  assert.ok(peakMiB <= mostMiB, `peak memory ${peakMiB} MiB`)
  assert.ok(loopMs <= mostLoopMs, `main loop p99 ${loopMs} ms`)
})

const document = (file: number): string =>
  `# File ${file}\n\n${`Sentence about topic${file % 997} and more. `.repeat(20)}\n\n## Part\n\n${'- item\n'.repeat(20)}`
