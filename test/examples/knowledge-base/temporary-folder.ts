/** A folder of files for one test, gone when the test is over. */

import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

/** Writes `files` (path to content), with times old enough to be believed. */
export function temporaryFolder(
  context: TestContext,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, content] of Object.entries(files)) writeOld(folder, path, content)
  return folder
}

/** @param seconds the file's time, since 1970 */
export function writeOld(
  folder: string,
  path: string,
  content: string | Uint8Array,
  seconds = 1_000_000_000,
): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
  utimesSync(join(folder, path), seconds, seconds)
}
